"""`keys check`, `re-encrypt`, `retire`: what seals stored values; `rotate-sealing`: on devices."""

from __future__ import annotations

from uuid import UUID

import typer

from commands.output import progress_bar

keys = typer.Typer(no_args_is_help=True, help="The keys that seal what is stored.")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(keys, name="keys")


@keys.command()
def check() -> None:
    """Say what each key has sealed; exit 1 when a key is missing or something does not open."""
    from config.settings import get_settings
    from database.engine import owner_engine
    from services.keys import check as check_keys

    settings = get_settings()
    report = check_keys(owner_engine(settings.database), settings.privacy)
    for key_id in sorted(set(report.values) | set(report.recordings) | {report.current}):
        current = " (current)" if key_id == report.current else ""
        typer.echo(
            f"key {key_id}{current}: {report.values[key_id]} values,"
            f" {report.recordings[key_id]} recordings"
        )
    for problem in report.problems:
        typer.echo(problem, err=True)
    if report.problems:
        raise SystemExit(1)


@keys.command("re-encrypt")
def re_encrypt() -> None:
    """Seal with the current key what an older one sealed. May be cut and started again."""
    from config.settings import get_settings
    from database.engine import owner_engine
    from services import recording as recordings
    from services.errors import CareloopError
    from services.keys import re_encrypt as reseal
    from utils.crypto import CannotDecrypt, get_cipher
    from utils.storage import storage_from_url

    settings = get_settings()
    engine = owner_engine(settings.database)
    storage = storage_from_url(*settings.storage.where)

    def recording(establishment_id: int, recording_id: str) -> None:
        recordings.reseal(storage, establishment_id, UUID(recording_id))

    try:
        with progress_bar("values") as advance:
            done = reseal(engine, get_cipher(), progress=advance, recordings=recording)
    except (CannotDecrypt, CareloopError) as error:
        raise SystemExit(f"stopped: {error}. What was done before is kept.") from error
    typer.echo(f"{done} sealed anew")


@keys.command()
def retire(key_id: str) -> None:
    """Forget a key that seals nothing any more, so that it may leave ENCRYPTION_KEYS."""
    from config.settings import get_settings
    from database.engine import owner_engine
    from services.keys import KeyInUse
    from services.keys import retire as retire_key

    settings = get_settings()
    try:
        retire_key(owner_engine(settings.database), settings.privacy, key_id)
    except KeyInUse as error:
        raise SystemExit(str(error)) from error
    typer.echo(f"key {key_id} retired: take it out of ENCRYPTION_KEYS")


@keys.command("rotate-sealing")
def rotate_sealing(establishment: str) -> None:
    """Give an establishment's devices a new key to seal for. What older ones sealed still opens."""
    from commands.output import rules_said_plainly
    from services.sealing_key import rotate
    from workers.context import get_context

    context = get_context()
    with rules_said_plainly():
        number = context.directory.by_slug(establishment).id
        with context.database.establishment(number) as session:
            key_id = rotate(session).key_id
    typer.echo(f"devices of {establishment} seal for key {key_id} from their next sync on")
