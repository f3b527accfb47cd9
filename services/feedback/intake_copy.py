"""The feedback of a batch, straight into its table: COPY, while its rows are still being sealed.

PostgreSQL stores the first rows while the next ones are hashed and sealed here, on another core;
that, and no statement to take apart, makes it twice as fast as `intake.py`. But a COPY passes over
nothing. What is here already is therefore looked up before; what such a look does not see, or what
another connection stores in between, ends the whole COPY with an `IntegrityError`: its caller then
takes the other way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import repeat
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from database.arrays import number_array, uuid_array
from database.driver import copied_in
from database.prepared import Prepared
from database.session import ScopedSession
from models.department import Department
from schemas.sync import OfflineFeedback
from services.device_clock import submitted_at
from services.feedback.intake import (
    PROCESS_FEEDBACK,
    Result,
    explained,
    submitted_columns,
    submitted_fields,
)
from services.identity import Principal, fingerprints
from utils.crypto import get_blind_index, get_cipher

PIECE = 64
"""Rows that are sealed at once and then sent: some 30 KB."""
_NULL = r"\N"

FEW = 16
"""Of a new batch, so many are looked up. Each way down the index takes as long as it takes to store
the row; what was sent before comes again as a whole or as a long piece, of which one is seen."""

# Which of some are here, and a number for each of a batch of so many that is not: one exchange.
# Where one of a few is here, none is drawn: all will be looked up.
_LOOK = Prepared(
    """
    with here as materialized (
        select array(select client_id from feedbacks where client_id = any(:client_ids)) as ids
    )
    select now() as moment, ids as here, array(
        select nextval('feedbacks_id_seq')
        from generate_series(1, :many - cardinality(ids))
        where cardinality(ids) = 0 or cardinality(:client_ids) = :many
    ) as numbers
    from here
    """,
    client_ids="uuid[]",
    many="integer",
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
    look = _looked_up(session, list(first))
    here = set(look.here)
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
    ids = look.numbers[: len(new)]  # more were drawn where a department is unknown
    made = Copied(dict(zip(new, ids, strict=True)))
    if new:
        rows = Rows(principal, sent_at, look.moment, departments)
        _store(session, principal, rows, [items[place] for place in new], ids)
    if len(new) < len(items):
        left = {place: item for place, item in items.items() if place not in made.created}
        made.others = explained(
            session, {place: (one.client_id, submitted_fields(one)) for place, one in left.items()}
        )
    return made


def _looked_up(session: ScopedSession, identities: Sequence[UUID]) -> Any:
    """A row of `_LOOK`: of a few when none of them is here, else of all."""
    few = identities[:: 1 + len(identities) // FEW]
    (look,) = _LOOK.run(session, client_ids=uuid_array(few), many=len(identities))
    if look.here and len(few) < len(identities):
        (look,) = _LOOK.run(session, client_ids=uuid_array(identities), many=len(identities))
    return look


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


def _store(
    session: ScopedSession,
    principal: Principal,
    rows: Rows,
    items: Sequence[OfflineFeedback],
    ids: Sequence[int],
) -> None:
    """Store what is new under these numbers."""
    copied_in(session.connection(), _COPY, rows.pieces(items, ids))
    if principal.is_person:
        session.execute(_AUDIT, {"actor": principal.actor, "ids": number_array(ids)})
    spoken = [number for number, item in zip(ids, items, strict=True) if item.recording]
    if spoken:
        session.enqueue(PROCESS_FEEDBACK, *spoken)


class Rows:
    """Makes rows as COPY reads them. What somebody wrote is sealed: nothing needs to be escaped.

    Column by column: what is done for one value after the other takes half of what it takes in a
    function for each row.
    """

    def __init__(
        self,
        principal: Principal,
        sent_at: datetime,
        moment: datetime,
        departments: Mapping[str | None, int | None],
    ) -> None:
        self._principal = principal
        self._departments = departments
        self._moment = moment
        self._offset = moment - (sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC))

    def pieces(self, items: Sequence[OfflineFeedback], ids: Sequence[int]) -> Iterator[str]:
        """All rows, some at a time."""
        for start in range(0, len(items), PIECE):
            yield self._piece(items[start : start + PIECE], ids[start : start + PIECE])

    def _piece(self, items: Sequence[OfflineFeedback], ids: Sequence[int]) -> str:
        fields = submitted_columns(items)
        recorded, submitted = self._times(items, fields["recorded_at"])
        columns: tuple[Iterable[str], ...] = (
            map(str, ids),
            [one.client_id.hex for one in items],
            _bytea(fingerprints(fields)),
            _sealed("patient_id", fields),
            _bytea(self._indexes(fields["patient_id"])),
            fields["language"],
            _sealed("content", fields),
            _texts(fields["rating"]),
            _sealed("emoji", fields),
            _texts(fields["recording"]),
            _texts([self._departments[code] for code in fields["department"]]),
            fields["channel"],
            recorded,
            repeat(str(round(self._offset.total_seconds()))),
            repeat(_text(self._principal.device_id)),
            submitted,
            ["f" if recording else "t" for recording in fields["recording"]],
        )
        return "".join([f"{line}\n" for line in map("\t".join, zip(*columns, strict=False))])

    def _indexes(self, patients: Sequence[str | None]) -> list[bytes | None]:
        of, number = get_blind_index().of, self._principal.establishment_id
        return [of("reference", one.casefold(), number) if one else None for one in patients]

    def _times(
        self, items: Sequence[OfflineFeedback], given: Sequence[str | None]
    ) -> tuple[list[str], list[str]]:
        """`recorded_at` and `date_submitted`; to write a time takes as long as to seal a text."""
        moments = [_in_utc(one.recorded_at) for one in items]
        recorded = [
            text if text is not None and text.endswith("+00:00") else _written(moment)
            for text, moment in zip(given, moments, strict=True)
        ]
        submitted = [submitted_at(moment, self._offset, self._moment) for moment in moments]
        return recorded, [
            text if when is moment else _written(when)
            for text, moment, when in zip(recorded, moments, submitted, strict=True)
        ]


def _in_utc(moment: datetime | None) -> datetime | None:
    """PostgreSQL knows no offset of 16 hours or more."""
    return moment.astimezone(UTC) if moment else None


def _written(moment: datetime | None) -> str:
    return moment.isoformat() if moment else _NULL


def _sealed(name: str, fields: Mapping[str, Sequence[str | None]]) -> list[str]:
    plains = [text.encode() if text else None for text in fields[name]]
    return _bytea(get_cipher().seal_all(plains, f"feedbacks.{name}"))


def _bytea(values: Iterable[bytes | None]) -> list[str]:
    return [_NULL if value is None else rf"\\x{value.hex()}" for value in values]


def _texts(values: Iterable[object]) -> list[str]:
    return [_NULL if value is None else str(value) for value in values]


def _text(value: object) -> str:
    return _NULL if value is None else str(value)
