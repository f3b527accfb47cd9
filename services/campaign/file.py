"""A campaign's recipients from a file of contacts: looked through first, then stored as a list.

A line leads to the contact whose reference it has. Where that contact has another phone, e-mail
address or name than the line says, the line is refused: nobody can tell which of the two is meant.
What else the file says of a known contact changes nothing. A reference that nobody has becomes a
new contact, if the file says where to reach them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from database.session import ScopedSession
from models.campaign import Campaign
from schemas.campaign import CheckedLine, FileCheck, FileReport, LanguageShare
from schemas.contact import ContactIn, RefusedLine
from services.campaign.listed import REPORTED, Line, add
from services.campaign.own_values import checked_values
from services.contact.columns import survey
from services.contact.csv_file import (
    LONGEST_CELL,
    GoodLine,
    Layout,
    ParsedFile,
    Reference,
    parse_contacts,
    table,
)
from services.contact.importing import MOST_LINES_BY_API, batches, in_order, known_facts, store
from services.errors import Invalid
from services.identity import Principal
from utils.text import fold_name

_ADDRESSES = frozenset({"phone_number", "email"})


@dataclass
class _Sorted:
    """A file's lines: of known contacts, of new ones, refused."""

    file: ParsedFile
    known: list[GoodLine] = field(default_factory=list)
    new: list[GoodLine] = field(default_factory=list)
    language_of: dict[int, str | None] = field(default_factory=dict)
    """What each line's contact speaks."""

    def refuse(self, line: GoodLine, name: str, code: str, reason: str) -> None:
        self.file.refused.append(RefusedLine(line=line.line, field=name, code=code, reason=reason))

    def report(self) -> FileReport:
        """What is told to the client."""
        self.file.refused.sort(key=lambda line: line.line)
        return FileReport(
            lines=len(self.known) + len(self.new) + len(self.file.refused),
            known=len(self.known),
            new=len(self.new),
            refused_count=len(self.file.refused),
            languages=shares(
                Counter(self.language_of[line.line] for line in (*self.known, *self.new))
            ),
        )


def shares(languages: Counter[str | None]) -> list[LanguageShare]:
    """Contacts by language, the most first."""
    return [LanguageShare(language=code, contacts=n) for code, n in languages.most_common()]


def check(session: ScopedSession, region: str, content: bytes, told: Layout) -> FileCheck:
    """What a file would lead to; nothing is stored.

    Every refused line comes with what stands there, for whoever has sent it. Raises `Invalid` when
    the file cannot be read as a whole.
    """
    looked_at = survey(content, region, told)
    layout = looked_at.layout
    if "patient_id" not in layout.columns and not told.columns:
        return FileCheck(columns=looked_at.columns, header=layout.header, report=None, refused=[])
    found = _sort_out(session, region, content, layout)
    report = found.report()
    return FileCheck(
        columns=looked_at.columns,
        header=layout.header,
        report=report,
        refused=list(_with_cells(content, found.file.refused)),
    )


def load(
    session: ScopedSession,
    region: str,
    content: bytes,
    told: Layout,
    lock: Callable[[], Campaign],
    principal: Principal,
) -> FileReport:
    """Store a file's new contacts, and add all its contacts to a draft's list.

    `lock` gives the campaign once the file is read, which takes its time. Raises `Invalid` when
    the file cannot be read or its columns are not what the campaign's texts need, `Conflict` when
    the campaign takes no list.
    """
    layout = survey(content, region, told).layout
    found = _sort_out(session, region, content, layout)
    campaign = lock()
    if layout.value_names != set(campaign.value_names or ()):
        raise Invalid(
            "Each of the campaign's values has a column of its own, and no column has another.",
            field="query.column",
            code="value_columns_differ",
        )
    for batch in batches(in_order(session, found.new)):
        store(session, batch, principal, found.file)
    taken = {line.line for line in found.file.refused}
    found.new = [line for line in found.new if line.line not in taken]
    listed = add(session, campaign, _lines(found), principal, reported=None)
    # What only the list refuses (a contact that is there already) is not counted twice.
    found.file.refused = listed.refused
    refused = {line.line for line in listed.refused}
    found.known = [line for line in found.known if line.line not in refused]
    return found.report().model_copy(
        update={"added": listed.added, "refused": listed.refused[:REPORTED]}
    )


def _lines(found: _Sorted) -> Iterator[Line]:
    good = (
        Reference(line.line, line.contact.patient_id, line.values)
        for line in (*found.known, *found.new)
    )
    lines: Iterable[Line] = (*good, *found.file.refused)
    yield from sorted(lines, key=lambda one: one.line)


def _sort_out(session: ScopedSession, region: str, content: bytes, layout: Layout) -> _Sorted:
    found = _Sorted(parse_contacts(content, region, MOST_LINES_BY_API, layout))
    tells_where = not _ADDRESSES.isdisjoint(layout.columns)
    for batch in batches(found.file.good):
        here = known_facts(session, batch)
        for line in batch:
            values = checked_values(line.line, line.values, layout.value_names)
            if isinstance(values, RefusedLine):
                found.file.refused.append(values)
                continue
            _place(found, line, here.get(line.contact.patient_id.casefold()), tells_where)
    return found


def _place(
    found: _Sorted, line: GoodLine, stored: dict[str, Any] | None, tells_where: bool
) -> None:
    """Put a line where it belongs."""
    contact = line.contact
    if stored is not None:
        if name := _contradicts(contact, stored):
            reason = "The contact with this reference has another one."
            found.refuse(line, name, "contact_differs", reason)
            return
        found.known.append(line)
        found.language_of[line.line] = stored["language"]
    elif not tells_where:
        reason = "No contact here has this reference."
        found.refuse(line, "patient_id", "contact_unknown", reason)
    elif not (contact.phone_number or contact.email):
        reason = "Nobody has this reference, and there is neither phone nor e-mail."
        found.refuse(line, "phone_number", "no_address", reason)
    else:
        found.new.append(line)
        found.language_of[line.line] = contact.language


def _contradicts(contact: ContactIn, stored: dict[str, Any]) -> str | None:
    """The first field of a line that is not as the contact has it; what is not said agrees."""
    for name in ("phone_number", "email"):
        said = getattr(contact, name)
        if said and said != stored[name]:
            return name
    if contact.name and stored["name"] and not _same_name(contact.name, stored["name"]):
        return "name"
    return None


def _same_name(one: str, other: str) -> bool:
    """Names in another order, with or without accents, are the same person's."""
    return sorted(fold_name(one).split()) == sorted(fold_name(other).split())


def _with_cells(content: bytes, refused: list[RefusedLine]) -> Iterator[CheckedLine]:
    wanted = {line.line for line in refused}
    cells = {
        row[0]: [cell[:LONGEST_CELL] for cell in row[1]]
        for row in table(content)
        if not isinstance(row, RefusedLine) and row[0] in wanted
    }
    for line in refused:
        yield CheckedLine(**line.model_dump(), cells=cells.get(line.line, []))
