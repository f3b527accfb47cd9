"""Error reports to Sentry when a DSN is set: where it happened, never what was in it."""

from __future__ import annotations

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.logging import LoggingIntegration

from config.settings import Settings
from utils.logs import scrub

_KEPT_OF_A_REQUEST = ("method",)


def configure_sentry(settings: Settings, release: str) -> None:
    """Start reporting, if a DSN is set. Log lines make no events and no breadcrumbs."""
    dsn = settings.operations.sentry_dsn.get_secret_value()
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        release=release,
        environment=settings.environment.value,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=0.0,
        integrations=[LoggingIntegration(level=None, event_level=None)],
        before_send=_without_persons,
    )


def _without_persons(event: Any, _hint: Any) -> Any:
    """Keep types and frames; drop messages, which may quote what was sent in, and addresses."""
    for exception in event.get("exception", {}).get("values", []):
        exception["value"] = "(not reported)"
    request = event.get("request")
    if request:
        event["request"] = {name: request[name] for name in _KEPT_OF_A_REQUEST if name in request}
    for name in ("user", "breadcrumbs", "extra", "logentry", "message"):
        event.pop(name, None)
    if "transaction" in event:
        event["transaction"] = scrub(str(event["transaction"]))
    return event
