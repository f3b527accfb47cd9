"""What a dry run has shown, as one short word: whoever starts a campaign can name it.

It stands for what the campaign says and for what each person would get, by which channels and at
which address; not for the clock, which goes on while somebody reads.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from models.campaign import Campaign, Exclusion
from models.establishment import Establishment
from services.campaign.choice import Candidate, Choice, Chooser
from services.errors import Outdated

LENGTH = 32
"""Hexadecimal digits of it."""


class Shown:
    """Takes in each candidate with what was chosen for them, in their order."""

    def __init__(self, campaign: Campaign, establishment: Establishment) -> None:
        scheduled = campaign.scheduled_time
        said: dict[str, Any] = {
            "texts": campaign.texts,
            "channels": campaign.channels,
            "scheduled_time": scheduled.timestamp() if scheduled else None,
            "validity_seconds": campaign.validity_seconds,
            "rate_per_minute": campaign.rate_per_minute,
        }
        if scheduled:  # it was shown as an hour of this clock
            said["time_zone"] = establishment.time_zone
        self._hash = sha256(json.dumps(said, sort_keys=True).encode())

    def take(self, candidate: Candidate, chosen: Choice | Exclusion) -> None:
        """One more of them."""
        if isinstance(chosen, Choice):
            got = f"{','.join(chosen.channels)} {chosen.address_id} {chosen.language}"
        else:
            got = chosen.value
        self._hash.update(f"\n{candidate.contact_id} {got}".encode())

    def word(self) -> str:
        """The word for all of it."""
        return self._hash.hexdigest()[:LENGTH]


@dataclass(frozen=True, slots=True)
class Named:
    """The dry run that somebody names at the start, and what one would be made with now."""

    word: str
    establishment: Establishment
    channels_with_sender: Collection[str]

    def refuse_another(self, campaign: Campaign, candidates: Iterable[Candidate]) -> None:
        """Raise `Outdated` when a dry run of these candidates would no longer show the same."""
        chooser = Chooser(campaign, self.establishment, self.channels_with_sender)
        shown = Shown(campaign, self.establishment)
        for candidate in candidates:
            shown.take(candidate, chooser.choose(candidate))
        if shown.word() != self.word:
            raise Outdated(
                "Who gets this campaign, or what they get, has changed since the dry run. Nothing"
                " was started: look at a new dry run first.",
                code="dry_run_outdated",
                field="dry_run",
            )
