"""Does a sender's provider still answer? Told from the trace of its latest calls.

A call is unanswered when it ended without a word of the provider's: nothing left (no connection),
or what left may have arrived (a time-out, a cut, a 5xx). A refusal is an answer, and so is a
callback, however the call itself ended.

Not by a worker's memory: several see a part of the calls each, and one that is killed forgets. And
not by when calls ended, as a time-out takes longest: in the order in which they were begun.
"""

from __future__ import annotations

from sqlalchemy import text

from database.session import ScopedSession
from models.delivery import DeliveryStatus
from services.sender.settlement import Settlement

UNANSWERED = frozenset({"unreachable", "timeout", "cut", "tls"})
"""Our clients' own words for a call that got no answer; an unknown one got none, whatever its code:
a 5xx comes from whatever stands before a provider that is down."""
LONGEST_CALL = 30.0
"""Seconds for which a call without an outcome may still be answered. Whoever made it and told
nothing for longer was killed."""
LOOKED_THROUGH = 100_000
"""How many of an establishment's latest events are looked through at most: in some 25 ms, where
another sender is that busy. What this one did before them is too long ago to tell of now."""

# What follows an attempt's own event tells how it ended: nothing yet, an outcome, a callback that
# was faster, or the sweep, which knows nothing. One that was unknown may turn out to have arrived.
_ENDED = """
    select count(*) = 0 as open,
        bool_or(o.cause in ('answer', 'no attempts left')
            and (o.status = 'unknown' or coalesce(o.code = any(:unanswered), false))
        ) as unanswered,
        bool_or(o.cause = 'lease ran out' and o.status = 'unknown') as untold,
        bool_or(o.status in ('sent', 'delivered', 'undelivered') and o.cause <> 'staff') as arrived
    from delivery_events o
    where o.delivery_id = e.delivery_id and o.attempt = e.attempt and o.id > e.id
"""

# `order by … limit` has both walk the primary key from its end, the second no further than to where
# the first one stopped: with a bound on `id` instead, the planner reads the whole table. While the
# provider answers, that is at the first call or two that have ended. A call that may still be
# answered breaks the row as an answer would: where cuts are quick and answers slow, only cuts have
# ended.
_IN_A_ROW = text(
    f"""
    with answered as materialized (
        select e.id
        from (select * from delivery_events order by id desc limit :looked_through) e
        cross join lateral ({_ENDED}) o
        where e.status = 'sending' and e.sender_id = :sender_id
            and not o.open and (o.arrived or not (o.unanswered or o.untold))
        order by e.id desc limit 1
    ), later as materialized (
        select e.id, o.unanswered,
            o.open and e.at > now() - make_interval(secs => :longest_call) as may_be_answered
        from (
            select * from delivery_events order by id desc limit least(
                (select max(v.id) - (select a.id from answered a) from delivery_events v),
                :looked_through
            )
        ) e
        cross join lateral ({_ENDED}) o
        where e.status = 'sending' and e.sender_id = :sender_id
            and e.id > coalesce((select id from answered), 0)
    )
    select count(*) from later where unanswered
        and id < coalesce((select min(id) from later where may_be_answered), 9223372036854775807)
    """  # noqa: S608 - nothing but our own words
)


def unanswered(settlement: Settlement) -> bool:
    """True when a call brought no word of its provider's."""
    return settlement.status is DeliveryStatus.unknown or settlement.code in UNANSWERED


def unanswered_in_a_row(session: ScopedSession, sender_id: int) -> int:
    """How many of a sender's calls, up to its latest, ended without an answer, one after another.

    What this transaction has stored counts, too.
    """
    values = {
        "sender_id": sender_id,
        "unanswered": sorted(UNANSWERED),
        "longest_call": LONGEST_CALL,
        "looked_through": LOOKED_THROUGH,
    }
    return int(session.execute(_IN_A_ROW, values).scalar_one())
