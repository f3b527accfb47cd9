"""Careloop's commands: `python cli.py --help`."""

from __future__ import annotations

import os
from collections.abc import Callable

import typer

from commands import alarms, campaigns, holidays, keys, links, people, phrases, senders
from commands.output import rules_said_plainly
from config.settings import get_settings
from utils.logs import configure_logs

# Longer than a proxy keeps a connection that rests (Caddy: two minutes). Whoever closes first while
# the other begins to send loses that request: a webhook, so a key that a patient pressed.
KEEP_ALIVE_SECONDS = 150

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

keys.register(app)
people.register(app)
senders.register(app)
alarms.register(app)
holidays.register(app)
phrases.register(app)
links.register(app)
campaigns.register(app)


def _logs() -> None:
    settings = get_settings()
    fmt = settings.operations.log_format or ("json" if settings.production else "console")
    configure_logs(settings.operations.log_level, fmt)


def _until_unfit(run: Callable[[], None]) -> None:
    """Run a process; one that must not serve ends with a clear line."""
    from services.readiness import NotFit

    try:
        run()
    except NotFit as error:
        raise SystemExit(f"careloop: {error}") from error


@app.command()
def serve() -> None:
    """Run the API."""
    import uvicorn

    settings = get_settings()
    uvicorn.run(
        "main:app",
        host=settings.web.host,
        port=settings.web.port,
        log_config=None,
        access_log=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.web.trusted_proxies,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


@app.command()
def scheduler() -> None:
    """Run a scheduler: it claims what is due."""
    _logs()
    from workers import scheduler as clock

    _until_unfit(clock.main)


@app.command()
def worker() -> None:
    """Run a worker: it sends what was claimed."""
    _logs()
    from workers import runner

    _until_unfit(runner.main)


@app.command()
def migrate() -> None:
    """Bring the shared schema and every establishment's to the newest revision."""
    from database.migrate import MigrationFailed, print_progress, upgrade_everything

    try:
        report = upgrade_everything(print_progress)
    except MigrationFailed as error:
        raise SystemExit(str(error)) from error
    typer.echo(f"{len(report.done)} schema(s) at the newest revision")


@app.command()
def prepare() -> None:
    """Migrate, and on the first start make the demonstration establishment and administrator.

    The administrator comes from CARELOOP_ADMIN_EMAIL and CARELOOP_ADMIN_PASSWORD in the
    environment; what is not set there is made up, printed, and kept in the data folder.
    """
    from database.migrate import MigrationFailed, upgrade_everything
    from services.establishment.first_start import first_start

    with rules_said_plainly():
        try:
            upgrade_everything()
        except MigrationFailed as error:
            raise SystemExit(str(error)) from error
        done = first_start(
            get_settings(),
            admin_email=os.environ.get("CARELOOP_ADMIN_EMAIL", ""),
            admin_password=os.environ.get("CARELOOP_ADMIN_PASSWORD", ""),
        )
    typer.echo("first establishment made" if done.establishment else "ready")
    if done.login is not None and done.login.generated:
        _hand_over(done.login.email, done.login.password)


def _hand_over(email: str, password: str) -> None:
    """Print a generated login and keep it in the data folder, for its owner's eyes only."""
    path = get_settings().storage.data_folder / "admin.env"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = f"CARELOOP_ADMIN_EMAIL={email}\nCARELOOP_ADMIN_PASSWORD={password}\n"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(lines)
    typer.echo(f"administrator {email}, password {password} (kept in {path})")


@app.command("restore-roles")
def restore_roles() -> None:
    """After a restore on a fresh cluster: make every role and grant again."""
    from database.engine import owner_engine
    from database.provision import restore_roles as restore

    count = restore(owner_engine(get_settings().database))
    typer.echo(f"roles of {count} establishment(s) restored")


def _run() -> None:
    """Run a command; a database at fault is a line, not a traceback."""
    from sqlalchemy.exc import OperationalError

    try:
        app()
    except OperationalError as error:
        raise SystemExit(f"careloop: the database does not answer: {error.orig}".strip()) from error


if __name__ == "__main__":
    _run()
