"""What is counted. Labels hold states, codes and route patterns, never a person's data."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("careloop_requests", "HTTP requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "careloop_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
WEBHOOKS_REFUSED = Counter(
    "careloop_webhooks_refused", "Webhooks with a bad signature", ["provider"]
)
WEBHOOKS_FOR_NOBODY = Counter(
    "careloop_webhooks_for_nobody", "Messages to a number that is no establishment's", ["provider"]
)
WEBHOOKS_SPOOLED = Counter(
    "careloop_webhooks_spooled", "Webhooks kept on the disk while PostgreSQL was away", ["kind"]
)
WEBHOOKS_REPLAYED = Counter(
    "careloop_webhooks_replayed", "Webhooks of the spool that were stored later", ["kind"]
)
WEBHOOKS_SET_ASIDE = Counter(
    "careloop_webhooks_set_aside", "Webhooks of the spool that could not be stored", ["kind"]
)
WEBHOOKS_TURNED_AWAY = Counter(
    "careloop_webhooks_turned_away", "Webhooks that found no room in the spool either", ["kind"]
)
WEBHOOKS_WAITING = Gauge("careloop_webhooks_waiting", "Webhooks that wait in the spool")
QUEUE_FAILURES = Counter("careloop_queue_failures", "Jobs that could not be handed to Redis")
QUEUE_DEPTH = Gauge("careloop_queue_depth", "Jobs waiting in Redis")
DUE_BACKLOG = Gauge("careloop_due_backlog", "Deliveries due and not yet claimed")
DUE_LAG_SECONDS = Gauge("careloop_due_lag_seconds", "Age of the oldest delivery that is due")
DELIVERIES = Gauge("careloop_deliveries", "Deliveries of the last day", ["state", "provider"])
DELIVERIES_UNKNOWN = Gauge(
    "careloop_deliveries_unknown",
    "Deliveries of which nobody knows whether they arrived",
    ["establishment"],
)
ALARMS = Gauge("careloop_alarms", "Alarms that are raised", ["establishment", "kind"])
SENDERS_SUSPENDED = Gauge(
    "careloop_senders_suspended",
    "Senders from which the provider takes nothing",
    ["establishment", "channel"],
)
CALL_BACKS = Counter("careloop_call_backs", "Missed calls, by what became of them", ["outcome"])
CALL_RECORDINGS = Counter(
    "careloop_call_recordings", "Recordings of calls, by what became of them", ["outcome"]
)
