"""`python -m supervisor.migrate`: `cli.py migrate` on DATABASE_URL, else on the local database."""

import sys
from contextlib import ExitStack
from signal import SIGKILL, SIGTERM

from supervisor.embedded import EmbeddedPostgres
from supervisor.errors import SupervisorError
from supervisor.keys import ensure_secrets
from supervisor.settings import ROOT, RunSettings, load
from supervisor.spawn import end, spawn
from supervisor.tree import POLITE_SECONDS


def migrate(settings: RunSettings) -> int:
    """Run the command and return its exit code. A local server runs only as long as that."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    secrets = ensure_secrets(settings)
    given = settings.given("DATABASE_URL")
    with ExitStack() as stack:
        server = EmbeddedPostgres(settings.data / "postgres")
        url = given or stack.enter_context(server).url
        env = {
            **secrets,
            **settings.environ,
            "ENVIRONMENT": settings.given("ENVIRONMENT") or "development",
            "DATABASE_URL": url,
            "CARELOOP_DATA": str(settings.data),
        }
        process = spawn((sys.executable, "cli.py", "migrate"), env=env, cwd=ROOT)
        try:
            return process.wait()
        finally:
            end(process, [(SIGTERM, POLITE_SECONDS), (SIGKILL, 1.0)])


def main() -> int:
    """The exit code of the migration; 1 with one clear line when it cannot begin."""
    try:
        return migrate(load())
    except SupervisorError as error:
        print(f"careloop: {error}", file=sys.stderr)  # noqa: T201 - a command's own words
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.exit(code if code >= 0 else 128 - code)
