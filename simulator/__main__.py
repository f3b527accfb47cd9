"""`python -m simulator`: start the carrier in this process."""

from __future__ import annotations

import socket
import sys

import uvicorn

from simulator.app import build
from simulator.settings import RefusedToStartError, Settings, load
from simulator.wire import CuttableProtocol

SHUTDOWN_SECONDS = 2


def main() -> int:
    """Run until told to stop. Returns 2 where it refuses to start or a port is taken."""
    try:
        settings = load(sys.argv[1:])
        app = build(settings)
        listener = _listen(settings)
    except RefusedToStartError as refusal:
        print(f"simulator: {refusal}", file=sys.stderr)  # noqa: T201 - nothing else runs yet
        return 2
    host, settings.port = listener.getsockname()[:2]
    print(f"simulator: phone page at http://{host}:{settings.port}/simulator/", flush=True)  # noqa: T201
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_keep_alive=75,
        backlog=4096,
    )
    uvicorn.Server(config).run(sockets=[listener])
    return 0


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise RefusedToStartError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
            "choose another with --port"
        ) from error
    return listener


if __name__ == "__main__":
    sys.exit(main())
