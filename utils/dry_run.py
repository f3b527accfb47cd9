"""The way out that leads nowhere: for rehearsals and measurements, never in production.

Everything else happens as always: claims, opt-outs, quiet hours, attempts, traces.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from utils.senders import Outbound, Outcome, Passed, Verdict


class DryRun:
    """Accepts every message at once and sends none."""

    provider = "dry_run"

    def send(self, message: Outbound) -> Outcome:  # noqa: ARG002 - the signature is `Sender`'s
        """Accepted, under an id that was made up."""
        return Outcome(Verdict.accepted, provider_id=f"DR{uuid4().hex}")

    def passed(self, to: str, since: datetime) -> Sequence[Passed] | None:  # noqa: ARG002
        """Nothing ever left."""
        return ()
