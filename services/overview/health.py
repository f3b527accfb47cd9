"""How the service is: what is degraded and why, and the figures behind the metrics."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import text

from database.session import Database, ScopedSession
from models.alarm import AlarmKind
from services.delivery.view import lag_seconds, unknowns

SILENT_SECONDS = 30.0
"""A process that has not been seen for so long is taken to be gone."""
LATE_SECONDS = 60.0
REMEMBERED_SECONDS = 3600.0
"""For so long it is shown that a webhook found no room anywhere: something is missing."""
WEBHOOKS_SPOOLED = "webhooks_spooled"

_PROCESSES = text(
    """
    select kind, min(extract(epoch from now() - seen_at))::float as age,
        coalesce(sum(spooled) filter (
            where seen_at > now() - make_interval(secs => :silent)
        ), 0) as spooled,
        coalesce(bool_or(turned_away_at > now() - make_interval(secs => :remembered)), false)
            as turned_away
    from processes group by kind
    """
)
# One establishment after the other, each by its index: what is not due yet is not looked at. A
# question that waits is no message that is late.
_LAG = text(
    """
    select coalesce(max(extract(epoch from now() - d.due_at)), 0)::float
    from establishments e cross join lateral (
        select due_at from due
        where establishment_id = e.id and claimed_until is null and due_at <= now()
            and not asks
        order by due_at limit 1
    ) d
    """
)
_BACKLOG = text(
    """
    select coalesce(sum(d.waiting), 0)::bigint from establishments e cross join lateral (
        select count(*) as waiting from due
        where establishment_id = e.id and claimed_until is null and due_at <= now()
    ) d
    """
)
_ALARMS = text(
    """
    select e.slug, a.kind, count(*) from alarms a join establishments e on e.id = a.establishment_id
    where a.cleared_at is null group by e.slug, a.kind
    """
)
_SUSPENDED = text(
    """
    select e.slug, s.channel, count(*)
    from senders s join establishments e on e.id = s.establishment_id
    where s.active and s.suspended_at is not null group by e.slug, s.channel
    """
)
# By the time that they are meant for, which has an index: what was scheduled weeks ago counts on
# its day.
_DELIVERIES = text(
    """
    select status, coalesce(provider, 'none'), count(*) from deliveries
    where occurrence > now() - interval '1 day' and occurrence <= now() group by 1, 2
    """
)


@dataclass
class Health:
    """What was found. `reasons` are stable words that name no hospital; empty when all is well."""

    reasons: list[str] = field(default_factory=list)
    lag_seconds: float = 0.0


@dataclass(frozen=True)
class Figures:
    """What the metrics show. Triples are an establishment's slug, a stable word, and a number."""

    backlog: int
    alarms: list[tuple[str, str, int]]
    suspended: list[tuple[str, str, int]]


@dataclass(frozen=True)
class DeliveryFigures:
    """One establishment's deliveries: those of the last day by state and provider, and now."""

    by_state: list[tuple[str, str, int]]
    unknown: int
    lag_seconds: float


def check(database: Database) -> Health:
    """Look at heartbeats, the due queue and alarms; raises what an absent database raises."""
    with database.service() as session:
        rows = session.execute(
            _PROCESSES, {"silent": SILENT_SECONDS, "remembered": REMEMBERED_SECONDS}
        ).all()
        lag: float = session.execute(_LAG).scalar_one()
        raised = {kind for _, kind, _ in session.execute(_ALARMS)}
    seen: dict[str, float] = {row.kind: row.age for row in rows}
    reasons = [
        f"no_{kind}_seen"
        for kind in ("scheduler", "worker")
        if seen.get(kind, SILENT_SECONDS + 1) > SILENT_SECONDS
    ]
    reasons += [WEBHOOKS_SPOOLED] if any(row.spooled for row in rows) else []
    if any(row.turned_away for row in rows):
        raised.add(AlarmKind.webhooks_turned_away.value)
    if lag > LATE_SECONDS:
        raised.add(AlarmKind.deliveries_late.value)
    return Health(reasons + sorted(raised), lag_seconds=lag)


def webhooks_turned_away(session: ScopedSession) -> bool:
    """Whether something that a provider told us found no room within the last hour."""
    rows = session.execute(
        _PROCESSES, {"silent": SILENT_SECONDS, "remembered": REMEMBERED_SECONDS}
    ).all()
    return any(row.turned_away for row in rows)


def figures(database: Database) -> Figures:
    """What all establishments have in the schema `shared`."""
    with database.service() as session:
        return Figures(
            backlog=session.execute(_BACKLOG).scalar_one(),
            alarms=[(slug, kind, count) for slug, kind, count in session.execute(_ALARMS)],
            suspended=[(slug, way, count) for slug, way, count in session.execute(_SUSPENDED)],
        )


def delivery_figures(database: Database, establishment_id: int) -> DeliveryFigures:
    """An establishment's own figures."""
    with database.establishment(establishment_id) as session:
        return DeliveryFigures(
            by_state=[(state, way, count) for state, way, count in session.execute(_DELIVERIES)],
            unknown=unknowns(session)[0],
            lag_seconds=lag_seconds(session),
        )
