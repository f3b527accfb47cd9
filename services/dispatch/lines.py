"""Senders that may send only so fast, and the line that waits for each.

Tokens are shared by all workers through Redis; the line stands in the due queue. What finds no
token is put into its sender's line once, keeps its due time there, and is claimed again only when
its turn comes: ten thousand messages at one a second are looked at twice each, not every second,
and hold up nobody else's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from database.prepared import Prepared, numbers
from database.session import ScopedSession
from models.delivery import DeliveryStatus
from models.establishment import Sender
from services.dispatch.holds import Hold
from services.dispatch.routes import Take
from services.due.queue import WAKE

STEP_SECONDS = 0.5
"""A line is called up for about so long a time at once: a job for each message would cost more."""
SENDER_RATE = "sender rate"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one sender may send. `line` is the sender's number."""

    line: int
    rate: float


_OPENS_AT = """
    case when s.line_opens_at <= now() + make_interval(
        secs => 60 + 2 / coalesce(s.rate_per_second, 1)
    ) then s.line_opens_at else now() end
"""
"""When the line of a sender `s` opens. That is never a minute ahead, unless the sender is slower
than that: PostgreSQL's clock was set back, and the line would stand until it has caught up."""


_SOMEBODY_WAITS = """
    (
        select true from shared.due u where u.line = s.id and u.claimed_until = 'infinity'
        order by u.due_at, u.delivery_id limit 1
    )
"""


def with_lines(statement: str, **types: str) -> Prepared:
    """A statement in which `{opens_at}` is when the line of a sender `s` opens.

    `{somebody_waits}` is true when there is anybody in it.
    """
    asked = statement.format(opens_at=_OPENS_AT, somebody_waits=_SOMEBODY_WAITS)
    return Prepared(asked, **types)


# `open_lines` are few: one for each sender that is paced and has somebody waiting. A sender that
# was replaced, or is paced no more, lets its line go at once.
_OPEN_LINES = with_lines(
    """
    select s.id, case when s.active then s.rate_per_second end as rate
    from shared.senders s
    where s.establishment_id = :establishment_id
        and {opens_at} <= now()
        and {somebody_waits}
    for no key update of s skip locked
    """,
    establishment_id="integer",
)

_ONE_LINE = {"establishment_id": "integer", "line": "integer", "seconds": "double precision"}

# Counted from when the line was to open: by as much as each call-up comes late, a line would else
# be slower than its sender. What is late for longer than a step is not caught up with.
_OPENS_NEXT = with_lines(
    """
    update shared.senders s set line_opens_at = make_interval(secs => :seconds)
        + greatest({opens_at}, now() - make_interval(secs => :step))
    where establishment_id = :establishment_id and id = :line
    returning id
    """,
    **_ONE_LINE,
    step="double precision",
)

_STAYS_SHUT = with_lines(
    """
    update shared.senders s set
        line_opens_at = greatest({opens_at}, now() + make_interval(secs => :seconds))
    where establishment_id = :establishment_id and id = :line
    returning id
    """,
    **_ONE_LINE,
)

_STANDING = Prepared(
    """
    select
        array(
            select delivery_id from shared.due
            where establishment_id = :establishment_id and delivery_id = any(:ids)
                and line = :line
        ) as called_up,
        (
            select true from shared.due where line = :line and claimed_until = 'infinity'
            order by due_at, delivery_id limit 1
        ) as somebody_waits
    """,
    establishment_id="integer",
    ids="bigint[]",
    line="integer",
)


def open_lines(session: ScopedSession) -> list[Pace]:
    """The lines of which some may be claimed now, locked; a rate of infinity: all of them."""
    rows = _OPEN_LINES.run(session, establishment_id=session.establishment_id)
    return [Pace(row.id, row.rate or float("inf")) for row in sorted(rows)]


def turns_of(pace: Pace, most: int) -> int:
    """How many of a line are called up at once."""
    return max(1, int(min(pace.rate * STEP_SECONDS, most)))


def opens_after(session: ScopedSession, pace: Pace, claimed: int) -> None:
    """Have a line open again when as many as were claimed have had their time."""
    seconds = claimed / pace.rate
    _OPENS_NEXT.run(session, **_bounds(session, pace, seconds), step=STEP_SECONDS)


def stays_shut(session: ScopedSession, pace: Pace, refused: int) -> None:
    """Have a line open no earlier than so many tokens take to come from now on."""
    _STAYS_SHUT.run(session, **_bounds(session, pace, refused / pace.rate))


def _bounds(session: ScopedSession, pace: Pace, seconds: float) -> dict[str, float | int]:
    return {
        "establishment_id": session.establishment_id,
        "line": pace.line,
        "seconds": seconds,
    }


def take_turns(
    session: ScopedSession, rows: Sequence[Any], chosen: Mapping[int, Sender], take: Take
) -> tuple[list[Any], list[Hold]]:
    """Of locked deliveries, those that have a token or need none; the others go into their line.

    Whoever was called up goes first, by due time; newcomers go past nobody who waits in the line
    of the same sender.
    """
    going: list[Any] = []
    paced: dict[Pace, list[Any]] = {}
    for row in rows:
        sender = chosen.get(row.id)
        if sender is None or sender.rate_per_second is None:
            going.append(row)
        else:
            paced.setdefault(Pace(sender.id, sender.rate_per_second), []).append(row)
    waiting: list[Hold] = []
    for pace, theirs in paced.items():
        let_go, held = _take(session, theirs, pace, take)
        going += let_go
        waiting += held
    return going, waiting


def _take(
    session: ScopedSession, rows: Sequence[Any], pace: Pace, take: Take
) -> tuple[list[Any], list[Hold]]:
    (standing,) = _STANDING.run(
        session,
        establishment_id=session.establishment_id,
        ids=numbers(row.id for row in rows),
        line=pace.line,
    )
    called_up = set(standing.called_up)
    order = sorted(rows, key=lambda row: (row.id not in called_up, row.due_at, row.id))
    asking = len(called_up) if standing.somebody_waits else len(order)
    granted = take(pace.line, pace.rate, asking) if asking else 0
    if asking > granted:
        stays_shut(session, pace, turns_of(pace, asking))
    if len(order) > granted:
        session.execute(WAKE)  # at the commit: a scheduler learns when the line opens
    held = [
        Hold(row.id, DeliveryStatus.scheduled, SENDER_RATE, line=pace.line,
             told=row.id not in called_up)
        for row in order[granted:]
    ]  # fmt: skip
    return order[:granted], held
