"""The feedback of a batch, straight into its table: COPY, while its rows are still being sealed.

PostgreSQL stores the first rows while the next ones are hashed and sealed here, on another core;
that, and no statement to take apart, makes it twice as fast as `intake.py`. But a COPY passes over
nothing. What is here already is therefore looked up before, and what another connection stores in
between ends the whole COPY with an `IntegrityError`: its caller then takes the other way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, text

from database.arrays import number_array, uuid_array
from database.driver import copied_in
from database.session import ScopedSession
from models.department import Department
from schemas.sync import OfflineFeedback
from services.device_clock import submitted_at
from services.identity import Principal, fingerprint
from services.intake import PROCESS_FEEDBACK, Result, explained, submitted_fields
from utils.crypto import get_blind_index, get_cipher

PIECE = 64
"""Rows that are sealed at once and then sent: some 30 KB."""
_NULL = r"\N"

_HERE = text("select client_id from feedbacks where client_id = any(cast(:client_ids as uuid[]))")
_NUMBERS = text(
    """
    select now(), array(select nextval('feedbacks_id_seq') from generate_series(1, :count))
    """
)
_COPY = """
    copy feedbacks (id, client_id, fingerprint, patient_id, patient_id_index, language, content,
        rating, emoji, awaited_recording, department_id, channel, recorded_at, clock_offset,
        device_id, date_submitted, processed) from stdin
"""
_AUDIT = text(
    """
    insert into audit_entries (actor, action, kind, row_id)
    select :actor, 'create', 'feedback', id::text from unnest(cast(:ids as bigint[])) as id
    """
)


@dataclass
class Copied:
    """What became of a batch, by place: the numbers of new rows, and why the others made none."""

    created: dict[int, int]
    others: dict[int, Result] = field(default_factory=dict)


def copy_feedback(
    session: ScopedSession,
    principal: Principal,
    sent_at: datetime,
    items: Mapping[int, OfflineFeedback],
) -> Copied:
    """Store a batch's feedback, by place, none with a voice in it; of equal ones the first counts.

    Raises what PostgreSQL says of the first row that it cannot take, as of one whose identity came
    by another connection meanwhile; then nothing is stored.
    """
    first: dict[UUID, int] = {}
    for place, item in items.items():
        first.setdefault(item.client_id, place)
    here = set(session.scalars(_HERE, {"client_ids": uuid_array(first)}))
    departments = _departments(session, items.values())
    # In the order of identities, so that two batches with the same items wait for each other in
    # one order.
    new = sorted(
        (
            place
            for identity, place in first.items()
            if identity not in here and items[place].department in departments
        ),
        key=lambda place: items[place].client_id.int,
    )
    made = Copied({})
    if new:
        ids = _stored(session, principal, sent_at, [items[place] for place in new], departments)
        made.created = dict(zip(new, ids, strict=True))
    if len(new) < len(items):
        left = {place: item for place, item in items.items() if place not in made.created}
        made.others = explained(
            session, {place: (one.client_id, submitted_fields(one)) for place, one in left.items()}
        )
    return made


def _departments(
    session: ScopedSession, items: Iterable[OfflineFeedback]
) -> dict[str | None, int | None]:
    """The numbers of the departments that are named; one closed meanwhile still hears."""
    found: dict[str | None, int | None] = {None: None}
    named = {item.department for item in items if item.department is not None}
    if named:
        rows = session.execute(
            select(Department.code, Department.id).where(Department.code.in_(named))
        )
        found.update((code, number) for code, number in rows)
    return found


def _stored(
    session: ScopedSession,
    principal: Principal,
    sent_at: datetime,
    items: Sequence[OfflineFeedback],
    departments: Mapping[str | None, int | None],
) -> list[int]:
    """Store what is new; the numbers that it got."""
    moment, ids = session.execute(_NUMBERS, {"count": len(items)}).one()
    rows = Rows(principal, sent_at, moment, departments)
    copied_in(session.connection(), _COPY, rows.pieces(items, ids))
    if principal.is_person:
        session.execute(_AUDIT, {"actor": principal.actor, "ids": number_array(ids)})
    spoken = [number for number, item in zip(ids, items, strict=True) if item.recording]
    if spoken:
        session.enqueue(PROCESS_FEEDBACK, *spoken)
    return list(ids)


class Rows:
    """Makes rows as COPY reads them. What somebody wrote is sealed: nothing needs to be escaped."""

    def __init__(
        self,
        principal: Principal,
        sent_at: datetime,
        moment: datetime,
        departments: Mapping[str | None, int | None],
    ) -> None:
        self._establishment_id = principal.establishment_id
        self._device = _or_null(principal.device_id)
        self._departments = departments
        self._moment = moment
        self._received = moment.isoformat()
        self._offset = moment - (sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC))
        self._seconds = round(self._offset.total_seconds())

    def pieces(self, items: Sequence[OfflineFeedback], ids: Sequence[int]) -> Iterator[str]:
        """All rows, some at a time."""
        for start in range(0, len(items), PIECE):
            yield self._piece(items[start : start + PIECE], ids[start : start + PIECE])

    def _piece(self, items: Sequence[OfflineFeedback], ids: Sequence[int]) -> str:
        seal, index = get_cipher().seal_all, get_blind_index().of
        patients = [one.patient_id for one in items]
        columns = zip(
            ids,
            items,
            seal([_bytes(patient) for patient in patients], "feedbacks.patient_id"),
            [
                index("reference", patient.casefold(), self._establishment_id) if patient else None
                for patient in patients
            ],
            seal([_bytes(one.content) for one in items], "feedbacks.content"),
            seal([_bytes(one.emoji) for one in items], "feedbacks.emoji"),
            strict=True,
        )
        return "".join([self._row(*values) for values in columns])

    def _row(
        self,
        number: int,
        item: OfflineFeedback,
        patient: bytes | None,
        patient_index: bytes | None,
        content: bytes | None,
        emoji: bytes | None,
    ) -> str:
        fields = submitted_fields(item)
        recorded, submitted = self._times(item.recorded_at, fields["recorded_at"])
        return (
            f"{number}\t{item.client_id.hex}\t{_hex(fingerprint(fields))}\t{_hex(patient)}"
            f"\t{_hex(patient_index)}\t{item.language}\t{_hex(content)}\t{_or_null(item.rating)}"
            f"\t{_hex(emoji)}\t{_or_null(item.recording)}"
            f"\t{_or_null(self._departments[item.department])}\t{fields['channel']}\t{recorded}"
            f"\t{self._seconds}\t{self._device}\t{submitted}\t{'f' if item.recording else 't'}\n"
        )

    def _times(self, recorded_at: datetime | None, written: str | None) -> tuple[str, str]:
        """`recorded_at` and `date_submitted`."""
        if recorded_at is None or written is None:
            return _NULL, self._received
        # PostgreSQL knows no offset of 16 hours or more.
        recorded = (
            written if written.endswith("+00:00") else recorded_at.astimezone(UTC).isoformat()
        )
        submitted_moment = submitted_at(recorded_at, self._offset, self._moment)
        if submitted_moment is recorded_at:
            return recorded, recorded
        if submitted_moment is self._moment:
            return recorded, self._received
        return recorded, submitted_moment.astimezone(UTC).isoformat()


def _bytes(text: str | None) -> bytes | None:
    return text.encode() if text else None


def _hex(value: bytes | None) -> str:
    return rf"\\x{value.hex()}" if value is not None else _NULL


def _or_null(value: object) -> object:
    return _NULL if value is None else value
