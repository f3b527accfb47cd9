"""Contacts from a file, stored all together: every good line in one transaction, or none.

Ten thousand lines are ten statements a table, not ten thousand: Core here, since the ORM's
bookkeeping would cost ten times what the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from database.session import ScopedSession
from models.address import Address
from models.audit import AuditEntry
from models.contact import Contact
from schemas.contact import ContactIn, ImportReport, RefusedLine
from services.contact.address import address_index
from services.contact.contacts import (
    facts,
    holiday_columns,
    name_tokens,
    quiet_columns,
    reference_index,
    whole_contacts,
)
from services.contact.csv_file import BY_HEADINGS, GoodLine, Layout, ParsedFile, parse_contacts
from services.errors import Conflict
from services.identity import Principal
from utils.text import name_prefixes

MOST_LINES_BY_API = 20_000
MOST_LINES = 500_000
REPORTED = 1000
"""Refused lines that an answer lists; the count is always whole."""
_BATCH = 1000

Progress = Callable[[int, int], None]
"""Called with lines stored and good lines in all."""


def import_contacts(
    session: ScopedSession,
    region: str,
    content: bytes,
    principal: Principal,
    *,
    strict: bool = False,
    most_lines: int = MOST_LINES,
    progress: Progress | None = None,
    reported: int | None = REPORTED,
    layout: Layout = BY_HEADINGS,
) -> ImportReport:
    """Store what is good of a file, in this transaction, and say what was refused and why.

    A contact that is here already, exactly so, is left alone, so a file can be sent again; one
    that differs is refused. `strict`: nothing at all is stored when a line is refused. Raises
    `Invalid` on field `file` when the file cannot be read.
    """
    file = parse_contacts(content, region, most_lines, layout)
    total, lines = file.lines, file.good
    new, unchanged = _sort_out(session, file, lines)
    stored = not (strict and file.refused)
    created = 0
    for batch in batches(in_order(session, new) if stored else []):
        created += store(session, batch, principal, file)
        if progress:
            progress(unchanged + created, len(lines))
    if strict and stored and file.refused:  # a reference that was free a moment ago
        raise Conflict("Somebody imports the same references now: try again.", code="try_again")
    file.refused.sort(key=lambda refused: refused.line)
    return ImportReport(
        lines=total,
        created=created,
        unchanged=unchanged,
        refused_count=len(file.refused),
        refused=file.refused[:reported],
        ignored_columns=file.ignored_columns,
        stored=stored,
    )


def batches(lines: Sequence[GoodLine]) -> Iterator[Sequence[GoodLine]]:
    """As many lines at once as one statement takes."""
    for start in range(0, len(lines), _BATCH):
        yield lines[start : start + _BATCH]


def in_order(session: ScopedSession, lines: Sequence[GoodLine]) -> Sequence[GoodLine]:
    """The lines in the order of their references in the unique index, all their addresses made.

    Two imports of the same people in different orders then wait for each other in one order: for
    phones, for e-mail addresses, for references.
    """
    wanted = {
        "phone": {line.contact.phone_number for line in lines},
        "email": {line.contact.email for line in lines},
    }
    for kind, values in wanted.items():
        by_index = sorted(filter(None, values), key=lambda v: address_index(session, kind, v))
        for start in range(0, len(by_index), _BATCH):
            _addresses(session, kind, by_index[start : start + _BATCH])
    return sorted(lines, key=lambda line: reference_index(session, line.contact.patient_id))


def _sort_out(
    session: ScopedSession, file: ParsedFile, lines: Sequence[GoodLine]
) -> tuple[list[GoodLine], int]:
    """The lines that are new, and how many are here already; others are refused."""
    new: list[GoodLine] = []
    unchanged = 0
    for batch in batches(lines):
        here = known_facts(session, batch)
        for line in batch:
            stored = here.get(line.contact.patient_id.casefold())
            if stored is None:
                new.append(line)
            elif stored == _comparable(line.contact):
                unchanged += 1
            else:
                file.refused.append(_taken(line))
    return new, unchanged


def known_facts(session: ScopedSession, batch: Sequence[GoodLine]) -> dict[str, dict[str, Any]]:
    """The contacts of a batch that are here, by folded reference, as their facts."""
    indexes = [reference_index(session, line.contact.patient_id) for line in batch]
    rows = session.scalars(whole_contacts().where(Contact.patient_id_index.in_(indexes))).all()
    found = {row.patient_id.casefold(): facts(row) | {"language": row.language} for row in rows}
    session.expunge_all()
    return found


def _comparable(contact: ContactIn) -> dict[str, Any]:
    return contact.model_dump(mode="json")


def _taken(line: GoodLine) -> RefusedLine:
    return RefusedLine(
        line=line.line,
        field="patient_id",
        code="patient_id_taken",
        reason="Another contact has this reference, or this one was changed since.",
    )


def store(
    session: ScopedSession, batch: Sequence[GoodLine], principal: Principal, file: ParsedFile
) -> int:
    """Store new contacts; how many. What is taken meanwhile is refused in `file`."""
    phones = _addresses(session, "phone", [line.contact.phone_number for line in batch])
    emails = _addresses(session, "email", [line.contact.email for line in batch])
    indexes = {reference_index(session, line.contact.patient_id): line for line in batch}
    made = session.execute(
        insert(Contact)
        .values(
            [
                {
                    "patient_id": line.contact.patient_id,
                    "patient_id_index": index,
                    "kind": line.contact.kind,
                    "name": line.contact.name,
                    "name_tokens": name_tokens(session, name_prefixes(line.contact.name or "")),
                    "language": line.contact.language,
                    **quiet_columns(line.contact.quiet_hours),
                    **holiday_columns(line.contact.holidays),
                    "phone_id": phones.get(line.contact.phone_number),
                    "email_id": emails.get(line.contact.email),
                    "version": 1,
                }
                for index, line in indexes.items()
            ]
        )
        .on_conflict_do_nothing(index_elements=["patient_id_index"])
        .returning(Contact.id, Contact.patient_id_index)
    ).all()
    ids = {bytes(index): number for number, index in made}
    file.refused.extend(_taken(line) for index, line in indexes.items() if index not in ids)
    _note(session, principal, [(number, indexes[index].contact) for index, number in ids.items()])
    return len(ids)


def _addresses(
    session: ScopedSession, kind: str, values: Sequence[str | None]
) -> dict[str | None, int]:
    """The numbers of addresses, made where they are new: in the order of the unique index."""
    indexes = {address_index(session, kind, value): value for value in values if value}
    known = _known_addresses(session, kind, indexes)
    new = sorted(indexes.keys() - known.keys())
    if new:
        session.execute(
            insert(Address)
            .values([{"kind": kind, "value": indexes[one], "value_index": one} for one in new])
            .on_conflict_do_nothing(index_elements=["kind", "value_index"])
        )
        known |= _known_addresses(session, kind, new)
    return {indexes[index]: number for index, number in known.items()}


def _known_addresses(
    session: ScopedSession, kind: str, indexes: Collection[bytes]
) -> dict[bytes, int]:
    if not indexes:
        return {}
    rows = session.execute(
        select(Address.id, Address.value_index).where(
            Address.kind == kind, Address.value_index.in_(list(indexes))
        )
    )
    return {bytes(index): number for number, index in rows}


def _note(
    session: ScopedSession, principal: Principal, made: Sequence[tuple[int, ContactIn]]
) -> None:
    """One audit entry for each contact, as if each had been typed in."""
    if not made:
        return
    session.execute(
        insert(AuditEntry),
        [
            {
                "actor": principal.actor,
                "action": "import",
                "kind": "contact",
                "row_id": str(number),
                "after": contact.model_dump(mode="json"),
            }
            for number, contact in made
        ],
    )
