"""`python -m simulator`: start the carrier in this process."""

from __future__ import annotations

import gc
import socket
import sys
from types import FrameType

import uvicorn

from simulator.app import build
from simulator.events import Events
from simulator.settings import RefusedToStartError, Settings, load
from simulator.wire import CuttableProtocol

SHUTDOWN_SECONDS = 2


class Server(uvicorn.Server):
    """Ends the page's event streams first: they would hold the server for the whole grace."""

    def __init__(self, config: uvicorn.Config, events: Events) -> None:
        super().__init__(config)
        self._events = events

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called in the main thread on SIGINT and SIGTERM."""
        self._events.close()
        super().handle_exit(sig, frame)


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
        date_header=False,  # the carrier's clock is its own
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_keep_alive=75,
        backlog=4096,
    )
    gc.collect()
    gc.freeze()  # what is here now stays; a long ledger is walked less often
    gc.set_threshold(50_000, 20, 50)
    Server(config, app.state.exchange.carrier.events).run(sockets=[listener])
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
