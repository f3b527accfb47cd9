"""What is said to patients: taken out for translators, taken in again, and what is covered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.opened import opened
from commands.output import progress_bar, rules_said_plainly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.phrase.exchange import Line, Refused

_SLUG = typer.Option("--establishment", help="the establishment's slug")
_LANGUAGE = typer.Option("--language", help="french, english, duala, bassa or ewondo")

phrases = typer.Typer(help="What is said to patients, in every language.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(phrases, name="phrases")


@phrases.command("export")
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="ends in .po or .csv")],
    *,
    establishment: Annotated[str, _SLUG],
    language: Annotated[str | None, _LANGUAGE] = None,
) -> None:
    """Write every phrase into a file: PO (one language) or CSV (one language, or all)."""
    from services.phrase.exchange import export_csv, export_po
    from utils.languages import NAMES

    ending = _format(file)
    code = _code(language)
    with rules_said_plainly():
        if ending == "po" and code is None:
            raise SystemExit("--language: a PO file is of one language")
        database, place, _ = opened(establishment)
        with database.establishment(place.id) as session:
            if ending == "po" and code is not None:
                content = export_po(session, code)
            else:
                content = export_csv(session, [code] if code else list(NAMES))
    try:
        file.write_bytes(content)
    except OSError as error:
        raise SystemExit(f"file: {error.strerror}") from None
    typer.echo(f"phrases written to {file}")


@phrases.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    *,
    establishment: Annotated[str, _SLUG],
    language: Annotated[str | None, _LANGUAGE] = None,
) -> None:
    """Take a file in, whole or not at all. Each refused line is reported; exit code 2 then.

    Somebody approves what came in: nothing is said to patients before.
    """
    from services.identity import Principal
    from services.phrase.exchange import import_phrases

    _format(file)
    _code(language)
    with rules_said_plainly(), progress_bar("phrases") as advance:
        lines = _lines(file, language)
        database, place, _ = opened(establishment)
        with database.establishment(place.id) as session:
            report = import_phrases(session, lines, Principal(place.id, "cli"), progress=advance)
    for refused in report.refused:
        typer.echo(f"line {refused.line}, {refused.field}: {refused.reason}", err=True)
    if report.refused:
        typer.echo(f"nothing stored: {len(report.refused)} refused")
        raise SystemExit(2)
    typer.echo(
        f"{report.written} written (to be approved), {report.unchanged} unchanged,"
        f" {report.empty} not translated yet"
    )


@phrases.command("coverage")
def coverage(*, establishment: Annotated[str, _SLUG]) -> None:
    """Show how much of each flow is there, approved, recorded and on, in each language."""
    from rich.console import Console
    from rich.table import Table

    from services.phrase.coverage import coverage as covered
    from utils.languages import language_name

    with rules_said_plainly():
        database, place, _ = opened(establishment)
        with database.establishment(place.id) as session:
            rows = covered(session)
    table = Table(
        "flow", "language", "phrases", "there", "approved", "to approve", "sent back", "recorded",
        "said",
    )  # fmt: skip
    for row in rows:
        said = "yes" if row.on else "ready, not on" if row.ready else "no"
        table.add_row(
            row.flow, language_name(row.language),
            *map(str, (row.phrases, row.there, row.approved, row.waiting, row.rejected)),
            str(row.recorded), said,
        )  # fmt: skip
    Console(width=110).print(table)


def _code(language: str | None) -> str | None:
    from utils.languages import UnknownLanguage, parse_language

    try:
        return parse_language(language) if language else None
    except UnknownLanguage as error:
        raise SystemExit(f"--language: {error}") from None


def _format(file: Path) -> str:
    from services.phrase.exchange import FORMATS

    ending = file.suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise SystemExit("file: its name ends in .po or .csv")
    return ending


def _lines(file: Path, language: str | None) -> Iterator[Line | Refused]:
    from services.phrase.exchange import read_csv_file, read_po_file

    content = file.read_bytes()
    return read_po_file(content, language) if _format(file) == "po" else read_csv_file(content)
