"""The hot path of intake: feedback stored in groups, each answered after its own commit.

One of the places where SQL is written by hand: a statement for a whole group costs little more
than for one row, and what arrives within a couple of milliseconds shares one commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from database.arrays import bytea_array, number_array, text_array, time_array, uuid_array
from database.session import ScopedSession
from schemas.feedback import FeedbackIn
from services.device_clock import EARLIEST, SLOW_LINK
from services.errors import CareloopError, Conflict, Invalid
from services.identity import Principal, differing, fingerprint
from utils.crypto import get_blind_index, get_cipher

PROCESS_FEEDBACK = "workers.feedback.process"


class Arrival(NamedTuple):
    """A feedback on its way in: sealed already, so nothing readable waits anywhere.

    A tuple: a frozen dataclass of so many fields takes three times as long to make.
    """

    establishment_id: int
    client_id: UUID
    fields: Mapping[str, Any]
    fingerprint: bytes
    patient_id: bytes | None
    patient_id_index: bytes | None
    language: str
    content: bytes | None
    rating: int | None
    emoji: bytes | None
    recording_id: UUID | None
    awaited_recording: UUID | None
    department: str | None
    channel: str
    recorded_at: datetime | None
    sent_at: datetime | None
    device_id: int | None
    actor: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """Where an arrival went. `created` is False when the same submission was already here."""

    id: int
    date_submitted: datetime
    created: bool


Result = Stored | CareloopError
Submission = tuple[UUID, Mapping[str, Any]]
"""An identity, and the fields that were sent with it: `submitted_fields`."""

# A device's time is corrected by its clock's offset at sync, if that is more than a slow link
# explains. What is still before this service existed, or after the receipt, comes from a clock
# that cannot be trusted: then the time of receipt stands for it (`device_clock.submitted_at`). A
# department may have been closed while a device was offline. Nothing is left to find out about what
# has no voice, and to say so later would write the row again, with all its indexes. Rows go in by
# identity, so that two batches with the same items wait for each other in one order. What was
# stored comes back as three arrays, for to make a row of each would take as long again.
_STORE = text(
    """
    with given as (
        select *, now() - sent_at as clock_offset,
            recorded_at + case
                when abs(extract(epoch from now() - sent_at)) > :link_seconds then now() - sent_at
                else interval '0'
            end as corrected
        from unnest(
            cast(:client_ids as uuid[]), cast(:fingerprints as bytea[]),
            cast(:patient_ids as bytea[]), cast(:patient_id_indexes as bytea[]),
            cast(:languages as text[]), cast(:contents as bytea[]), cast(:ratings as smallint[]),
            cast(:emojis as bytea[]), cast(:recording_ids as uuid[]),
            cast(:awaited_recordings as uuid[]), cast(:departments as text[]),
            cast(:channels as text[]),
            cast(:recorded_ats as timestamptz[]), cast(:sent_ats as timestamptz[]),
            cast(:device_ids as integer[]), cast(:actors as text[])
        ) as g(client_id, fingerprint, patient_id, patient_id_index, language, content, rating,
            emoji, recording_id, awaited_recording, department, channel, recorded_at, sent_at,
            device_id, actor)
    ), stored as (
        insert into feedbacks (client_id, fingerprint, patient_id, patient_id_index, language,
            content, rating, emoji, recording_id, awaited_recording, department_id, channel,
            recorded_at, clock_offset, device_id, date_submitted, processed)
        select g.client_id, g.fingerprint, g.patient_id, g.patient_id_index, g.language,
            g.content, g.rating, g.emoji, g.recording_id, g.awaited_recording, d.id,
            g.channel, g.recorded_at, round(extract(epoch from g.clock_offset)), g.device_id,
            case when g.corrected >= :earliest then least(g.corrected, now()) else now() end,
            g.recording_id is null and g.awaited_recording is null
        from given g left join departments d on d.code = g.department
            and (d.active or g.sent_at is not null)
        where g.department is null or d.id is not null
        order by g.client_id
        on conflict (client_id) do nothing
        returning id, client_id, date_submitted
    ), audited as (
        insert into audit_entries (actor, action, kind, row_id)
        select g.actor, 'create', 'feedback', s.id::text
        from stored s join given g using (client_id) where g.actor is not null
    )
    select array_agg(id) as ids, array_agg(replace(client_id::text, '-', '')) as client_ids,
        array_agg(date_submitted) as submitted
    from stored
    """
)

_KNOWN = text(
    """
    select id, client_id, fingerprint, date_submitted
    from feedbacks where client_id = any(cast(:client_ids as uuid[]))
    """
)


def arrival(
    wanted: FeedbackIn,
    *,
    identity: UUID,
    principal: Principal,
    recording_id: UUID | None = None,
    sent_at: datetime | None = None,
) -> Arrival:
    """Seal a feedback for storing. Audited when a member of staff enters it.

    `sent_at` is what the device's clock showed when it sent a feedback captured offline.
    """
    seal, index = get_cipher().seal, get_blind_index()
    fields = submitted_fields(wanted)
    reference, content, emoji = wanted.patient_id, wanted.content, wanted.emoji
    return Arrival(
        establishment_id=principal.establishment_id,
        client_id=identity,
        fields=fields,
        fingerprint=fingerprint(fields),
        patient_id=seal(reference.encode(), "feedbacks.patient_id") if reference else None,
        patient_id_index=(
            index.of("reference", reference.casefold(), principal.establishment_id)
            if reference
            else None
        ),
        language=wanted.language,
        content=seal(content.encode(), "feedbacks.content") if content else None,
        rating=wanted.rating,
        emoji=seal(emoji.encode(), "feedbacks.emoji") if emoji else None,
        recording_id=recording_id,
        awaited_recording=wanted.recording,
        department=wanted.department,
        channel=wanted.channel.value,
        recorded_at=_utc(wanted.recorded_at),
        sent_at=sent_at,
        device_id=principal.device_id,
        actor=principal.actor if principal.is_person else None,
    )


def _utc(value: datetime | None) -> datetime | None:
    """PostgreSQL knows no offset of 16 hours or more; without one a time is taken as UTC."""
    if value is None or value.tzinfo is None:
        return value
    return value.astimezone(UTC)


def submitted_fields(wanted: FeedbackIn) -> dict[str, Any]:
    """What makes two submissions the same, in an order that is never changed."""
    return {name: read(wanted) for name, read in _SUBMITTED.items()}


def submitted_columns(many: Sequence[FeedbackIn]) -> dict[str, list[Any]]:
    """The same of many submissions, field by field."""
    return {name: list(map(read, many)) for name, read in _SUBMITTED.items()}


def _recorded(wanted: FeedbackIn) -> str | None:
    return wanted.recorded_at.isoformat() if wanted.recorded_at else None


_SUBMITTED: Mapping[str, Callable[[FeedbackIn], Any]] = {
    "patient_id": attrgetter("patient_id"),
    "language": attrgetter("language"),
    "content": attrgetter("content"),
    "rating": attrgetter("rating"),
    "emoji": attrgetter("emoji"),
    "voice_data": attrgetter("voice_data"),
    "department": attrgetter("department"),
    "channel": attrgetter("channel.value"),
    "recorded_at": _recorded,
    "recording": attrgetter("recording"),
}


def store(session: ScopedSession, arrivals: Sequence[Arrival]) -> list[Result]:
    """Store a group in one statement; a result for each, in order.

    The same identity with the same body is the same feedback, with another body a `Conflict`; an
    unknown department is `Invalid`. Neither disturbs the others of the group.
    """
    first_of = {one.client_id: one for one in reversed(arrivals)}
    made = session.execute(_STORE, _columns(list(first_of.values()))).one()
    rows = zip(made.client_ids or (), made.ids or (), made.submitted or (), strict=True)
    new = {client_id: (row_id, submitted) for client_id, row_id, submitted in rows}
    results: dict[int, Result] = {}
    left: dict[int, Submission] = {}
    spoken: list[int] = []
    for place, one in enumerate(arrivals):
        row = new.pop(one.client_id.hex, None)
        if row is None:
            left[place] = one.client_id, one.fields
            continue
        row_id, submitted = row
        results[place] = Stored(row_id, submitted, created=True)
        if one.recording_id or one.awaited_recording:
            spoken.append(row_id)
    if left:
        results |= explained(session, left)
    if spoken:
        session.enqueue(PROCESS_FEEDBACK, *spoken)
    return [results[place] for place in range(len(arrivals))]


def known_submission(session: ScopedSession, one: Arrival) -> Result | None:
    """What an identity was used for before: the same submission, a `Conflict`, or None."""
    result = explained(session, {0: (one.client_id, one.fields)})[0]
    return None if isinstance(result, Invalid) else result


def explained(session: ScopedSession, left: Mapping[int, Submission]) -> dict[int, Result]:
    """Why some were not created, by place: known, in conflict, or of an unknown department."""
    wanted = uuid_array(identity for identity, _ in left.values())
    known = {row.client_id: row for row in session.execute(_KNOWN, {"client_ids": wanted})}
    return {
        place: _compared(fields, known[identity]) if identity in known else _unknown_department()
        for place, (identity, fields) in left.items()
    }


def _compared(fields: Mapping[str, Any], row: Any) -> Result:
    differences = differing(fields, bytes(row.fingerprint))
    if not differences:
        return Stored(row.id, row.date_submitted, created=False)
    return Conflict(
        "This submission is already here with another content.",
        fields=differences,
        row_id=row.id,
    )


def _unknown_department() -> Invalid:
    return Invalid("There is no such department.", field="department", code="department_unknown")


def _columns(arrivals: Sequence[Arrival]) -> dict[str, Any]:
    return {
        "client_ids": uuid_array(a.client_id for a in arrivals),
        "fingerprints": bytea_array(a.fingerprint for a in arrivals),
        "patient_ids": bytea_array(a.patient_id for a in arrivals),
        "patient_id_indexes": bytea_array(a.patient_id_index for a in arrivals),
        "languages": text_array(a.language for a in arrivals),
        "contents": bytea_array(a.content for a in arrivals),
        "ratings": number_array(a.rating for a in arrivals),
        "emojis": bytea_array(a.emoji for a in arrivals),
        "recording_ids": uuid_array(a.recording_id for a in arrivals),
        "awaited_recordings": uuid_array(a.awaited_recording for a in arrivals),
        "departments": text_array(a.department for a in arrivals),
        "channels": text_array(a.channel for a in arrivals),
        "recorded_ats": time_array(a.recorded_at for a in arrivals),
        "sent_ats": time_array(a.sent_at for a in arrivals),
        "device_ids": number_array(a.device_id for a in arrivals),
        "actors": text_array(a.actor for a in arrivals),
        "link_seconds": SLOW_LINK.total_seconds(),
        "earliest": EARLIEST,
    }
