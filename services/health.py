"""How the service is: what is degraded and why, and the figures behind the metrics."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import text

from database.session import Database

SILENT_SECONDS = 30.0
"""A process that has not been seen for so long is taken to be gone."""
LATE_SECONDS = 60.0

_PROCESSES = text(
    """
    select kind, min(extract(epoch from now() - seen_at))::float as age
    from processes group by kind
    """
)
_BACKLOG = text(
    """
    select count(*), coalesce(extract(epoch from now() - min(due_at)), 0)::float
    from due where claimed_until is null and due_at <= now()
    """
)
_DELIVERIES = text(
    """
    select status, coalesce(provider, 'none'), count(*) from deliveries
    where created_at > now() - interval '1 day' group by 1, 2
    """
)


@dataclass
class Health:
    """What was found. `reasons` are stable words; empty when all is well."""

    reasons: list[str] = field(default_factory=list)
    backlog: int = 0
    lag_seconds: float = 0.0


def check(database: Database) -> Health:
    """Look at heartbeats and the due queue; raises what the database raises when it is away."""
    with database.service() as session:
        seen: dict[str, float] = {row.kind: row.age for row in session.execute(_PROCESSES)}
        backlog, lag = session.execute(_BACKLOG).one()
    health = Health(backlog=backlog, lag_seconds=lag)
    for kind in ("scheduler", "worker"):
        if seen.get(kind, SILENT_SECONDS + 1) > SILENT_SECONDS:
            health.reasons.append(f"no_{kind}_seen")
    if lag > LATE_SECONDS:
        health.reasons.append("deliveries_late")
    return health


def deliveries_by_state(database: Database, establishment_id: int) -> list[tuple[str, str, int]]:
    """State, provider and number of an establishment's deliveries of the last day."""
    with database.establishment(establishment_id) as session:
        return [(state, provider, count) for state, provider, count in session.execute(_DELIVERIES)]
