"""A campaign's explicit list: references in, contacts' numbers stored; nothing personal is kept.

Read and stored in batches, so that a list of fifty thousand takes no more memory than its bytes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from sqlalchemy import insert, select

from database.session import ScopedSession
from models.campaign import Campaign, CampaignRecipient, CampaignStatus, CampaignValues
from models.contact import Contact
from schemas.campaign import MOST_RECIPIENTS, ListReport
from schemas.contact import RefusedLine
from services.audit import audit
from services.campaign.audience import listed
from services.campaign.own_values import checked_values
from services.contact.contacts import reference_index
from services.contact.csv_file import Reference
from services.errors import Conflict, Invalid
from services.identity import Principal
from utils.text import TextRefused, clean_text

REPORTED = 1000
"""Refused lines that an answer lists; the count is always whole."""
LONGEST_REFERENCE = 64
_BATCH = 1000

Line = Reference | RefusedLine
"""Whom a line means, or why nobody."""


class _Member(NamedTuple):
    """A contact whom a line means."""

    line: int
    contact_id: int
    values: Mapping[str, str]


@dataclass
class Found:
    """What a list led to so far; `reported` None: every refused line is."""

    reported: int | None = REPORTED
    lines: int = 0
    added: int = 0
    refused_count: int = 0
    refused: list[RefusedLine] = field(default_factory=list)

    def refuse(self, line: RefusedLine) -> None:
        """Count a refused line, and report it while there is room."""
        self.refused_count += 1
        if self.reported is None or len(self.refused) < self.reported:
            self.refused.append(line)

    def report(self) -> ListReport:
        """What is told to the client."""
        self.refused.sort(key=lambda line: line.line)
        return ListReport.model_validate(self)


def numbered(references: Iterable[str]) -> Iterator[Line]:
    """References of a JSON array, counted from 1."""
    for line, text in enumerate(references, 1):
        yield Reference(line, text)


def ndjson_lines(content: bytes) -> Iterator[Line]:
    """One JSON value a line: a reference, or an object with `patient_id` and perhaps `values`."""
    start = line = 0
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        line += 1
        raw = content[start:end].strip()
        start = end + 1
        if raw:
            yield _ndjson_line(line, raw)


def _ndjson_line(line: int, raw: bytes) -> Line:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return _refuse(line, "line_unreadable", "This line is not JSON.")
    reference, values = value, {}
    if isinstance(value, dict):
        reference, values = value.get("patient_id"), value.get("values", {})
    if not isinstance(reference, str):
        return _refuse(line, "missing", "There is no reference on this line.")
    if not isinstance(values, dict) or not all(isinstance(one, str) for one in values.values()):
        reason = "The values are an object of texts."
        return RefusedLine(line=line, field="values", code="value_invalid", reason=reason)
    return Reference(line, reference, values)


def add(
    session: ScopedSession,
    campaign: Campaign,
    lines: Iterable[Line],
    principal: Principal,
    *,
    reported: int | None = REPORTED,
) -> ListReport:
    """Add the contacts whose references these are to a locked draft; raises `Conflict`, `Invalid`.

    A line is refused when nobody has its reference, when the contact is in the list already, or
    when it does not say all that the campaign's texts need of each recipient.
    """
    if campaign.status != CampaignStatus.draft:
        raise Conflict("This campaign has been started.", code=f"campaign_{campaign.status}")
    if campaign.filter is not None:
        raise Conflict("This campaign goes to a filtered set of contacts.", code="has_filter")
    found = Found(reported)
    position = listed(session, campaign.id)
    for batch in _resolved(session, lines, found, campaign.value_names or ()):
        new = _not_yet_listed(session, campaign, batch, found)
        if position + len(new) > MOST_RECIPIENTS:
            raise Invalid(
                f"At most {MOST_RECIPIENTS} recipients in one list.",
                field="patient_ids",
                code="list_too_long",
            )
        if new:
            session.execute(
                insert(CampaignRecipient),
                [
                    {"campaign_id": campaign.id, "position": place, "contact_id": one.contact_id}
                    for place, one in enumerate(new, position + 1)
                ],
            )
            _store_values(session, campaign, new)
        position += len(new)
        found.added += len(new)
    audit(
        session,
        principal,
        "change",
        "campaign",
        campaign.id,
        after={"lines": found.lines, "added": found.added},
    )
    return found.report()


def contacts_of(session: ScopedSession, references: Iterable[str]) -> tuple[list[int], ListReport]:
    """The contacts whose references these are, for a dry run."""
    found = Found()
    contacts = [
        one.contact_id for batch in _resolved(session, numbered(references), found) for one in batch
    ]
    found.added = len(contacts)
    return contacts, found.report()


def _resolved(
    session: ScopedSession,
    lines: Iterable[Line],
    found: Found,
    value_names: Collection[str] = (),
) -> Iterator[list[_Member]]:
    """Batches of contacts, each of them once; the other lines are refused."""
    seen: set[int] = set()
    rest = iter(lines)
    while batch := list(islice(rest, _BATCH)):
        found.lines += len(batch)
        whole = [_with_values(one, value_names) for one in batch]
        values = {one.line: one.values for one in whole if isinstance(one, Reference)}
        indexes = dict(_indexed(session, whole, found))
        rows = session.execute(
            select(Contact.patient_id_index, Contact.id).where(
                Contact.patient_id_index.in_(set(indexes.values()))
            )
        )
        contacts = {bytes(index): number for index, number in rows}
        good: list[_Member] = []
        for line, index in indexes.items():
            contact_id = contacts.get(index)
            if contact_id is None:
                found.refuse(
                    _refuse(line, "contact_unknown", "No contact here has this reference.")
                )
            elif contact_id in seen:
                found.refuse(_twice(line))
            else:
                seen.add(contact_id)
                good.append(_Member(line, contact_id, values[line]))
        yield good


def _with_values(line: Line, names: Collection[str]) -> Line:
    if isinstance(line, RefusedLine):
        return line
    values = checked_values(line.line, line.values, names)
    return values if isinstance(values, RefusedLine) else Reference(line.line, line.text, values)


def _indexed(
    session: ScopedSession, batch: Iterable[Line], found: Found
) -> Iterator[tuple[int, bytes]]:
    """The blind index of each readable reference."""
    for item in batch:
        if isinstance(item, RefusedLine):
            found.refuse(item)
            continue
        line = item.line
        try:
            reference = clean_text(item.text.strip(), LONGEST_REFERENCE)
        except TextRefused as error:
            found.refuse(_refuse(line, error.code, "This is not a reference."))
            continue
        if reference:
            yield line, reference_index(session, reference)
        else:
            found.refuse(_refuse(line, "missing", "There is no reference on this line."))


def _store_values(session: ScopedSession, campaign: Campaign, new: list[_Member]) -> None:
    if campaign.value_names:
        session.execute(
            insert(CampaignValues),
            [
                {"campaign_id": campaign.id, "contact_id": one.contact_id, "values": one.values}
                for one in new
            ],
        )


def _not_yet_listed(
    session: ScopedSession, campaign: Campaign, batch: list[_Member], found: Found
) -> list[_Member]:
    here = set(
        session.scalars(
            select(CampaignRecipient.contact_id).where(
                CampaignRecipient.campaign_id == campaign.id,
                CampaignRecipient.contact_id.in_([one.contact_id for one in batch]),
            )
        )
    )
    for one in batch:
        if one.contact_id in here:
            found.refuse(_twice(one.line))
    return [one for one in batch if one.contact_id not in here]


def _refuse(line: int, code: str, reason: str) -> RefusedLine:
    return RefusedLine(line=line, field="patient_id", code=code, reason=reason)


def _twice(line: int) -> RefusedLine:
    return _refuse(line, "duplicate", "This contact is in the list already.")
