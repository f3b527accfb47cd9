"""What is to be sent in a run, made up from its seed: the same seed, the same reminders.

Times are UNIX seconds, durations seconds. `Case` is the run's own record of a reminder: what was
asked for and what was answered. The judge goes by it and by the carrier's ledger.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

NORTH, SOUTH, WEST = 1, 2, 3
"""Open all day; quiet from a minute on that comes in the run, if it is long enough; quiet now."""
HOUR = 3600.0
DAILY_CAP = 4
"""How many messages a day an address gets at most: what a new establishment has."""
SHORTEST = 60.0
"""The shortest validity that the API takes."""
CHANNELS = (
    (("sms",), 50),
    (("email",), 12),
    (("voice",), 8),
    (("sms", "email"), 14),
    (("sms", "voice"), 6),
    (("voice", "sms"), 5),
    (("email", "sms"), 8),
    (("sms", "voice", "email"), 5),
)
TEXT = "Rappel"
"""What every reminder's text begins with."""
BAD_ENDS = ("undelivered", "failed")


@dataclass
class Version:
    """What a reminder said, and when it was to go out, from some moment on."""

    text: str
    at: float
    since: float


@dataclass
class Case:
    """One reminder of a run."""

    number: int
    kind: str
    establishment: int
    channels: tuple[str, ...]
    at: float
    valid_for: float
    client_id: UUID
    rrule: str | None = None
    every: float = 0.0
    end: str = "delivered"
    shares: int | None = None
    answer: int = 0
    reminder: int = 0
    versions: list[Version] = field(default_factory=list)
    unsure: bool = False
    cancel_asked: bool = False
    cancelled_at: float | None = None
    cancel_too_late: bool = False
    opted_out_at: float | None = None

    @property
    def phone(self) -> str:
        """Unique, unless it is the phone of a family."""
        return f"+23765{self.shares or self.number:07d}"

    @property
    def email(self) -> str:
        return f"patient{self.shares or self.number}@example.com"

    @property
    def text(self) -> str:
        """What it says at first; found again in the carrier's ledger."""
        return f"{TEXT} {self.number}."

    @property
    def accepted(self) -> bool:
        """True when the service said that it has it."""
        return self.answer in (200, 201)

    @property
    def must_arrive(self) -> bool:
        """Nothing but the carrier stands in its way."""
        undisturbed = self.cancelled_at is None and self.opted_out_at is None and not self.unsure
        return (
            self.accepted
            and undisturbed
            and self.shares is None
            and self.establishment == NORTH
            and self.valid_for >= HOUR
        )


class Script:
    """Makes cases, numbered, all from one seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(f"script {seed}")
        self.cases: list[Case] = []

    def case(self, kind: str, at: float, **more: object) -> Case:
        """One more reminder."""
        given: dict[str, object] = {
            "establishment": NORTH,
            "channels": ("sms",),
            "valid_for": 2 * HOUR,
        }
        case = Case(
            number=len(self.cases) + 1,
            kind=kind,
            at=at,
            client_id=UUID(int=self.dice.getrandbits(128), version=4),
            **(given | more),  # type: ignore[arg-type]
        )
        case.versions.append(Version(case.text, at, 0.0))
        self.cases.append(case)
        return case

    def stream(self, count: int, start: float, seconds: float) -> list[Case]:
        """Ordinary reminders, due all through a run; a family shares one phone here and there."""
        cases = list(self._stream(count, start, seconds))
        families = [case for case in cases if case.number % 17 == 0]
        for case in families:
            case.shares = self.dice.choice(families).number
        return cases

    def _stream(self, count: int, start: float, seconds: float) -> Iterator[Case]:
        ways, weights = zip(*CHANNELS, strict=True)
        for _ in range(count):
            channels = self.dice.choices(ways, weights)[0]
            bad = len(channels) > 1 and self.dice.random() < 0.5
            yield self.case(
                "fallback" if len(channels) > 1 else "one-off",
                start + self.dice.uniform(0, seconds),
                channels=channels,
                establishment=self.dice.choice((NORTH, NORTH, NORTH, SOUTH)),
                end=self.dice.choice(BAD_ENDS) if bad else "delivered",
            )

    def short_lived(self, count: int, ends_at: float) -> list[Case]:
        """Reminders whose validity is over at a time: the shortest window began before that."""
        return [self.case("short", ends_at - SHORTEST, valid_for=SHORTEST) for _ in range(count)]

    def crowd(self, count: int, start: float, seconds: float) -> list[Case]:
        """Many reminders for one phone: more than may go there in a day."""
        cases = [self.case("crowd", start + self.dice.uniform(0, seconds)) for _ in range(count)]
        for case in cases:
            case.shares = cases[0].number
        return cases

    def letters(self, count: int, start: float, seconds: float) -> list[Case]:
        """E-mails, of which their provider tells nothing after it took them."""
        return [
            self.case("letter", start + self.dice.uniform(0, seconds), channels=("email",))
            for _ in range(count)
        ]

    def recurring(self, count: int, start: float) -> list[Case]:
        """Every hour, three times: the first falls due, and it opens the second, once.

        Planted behind the API, as their validity is shorter than it allows.
        """
        return [
            self.case(
                "recurring",
                start + self.dice.uniform(0, 2),
                rrule="FREQ=HOURLY;COUNT=3",
                every=HOUR,
                channels=("sms",) if number % 3 else ("sms", "email"),
                valid_for=4.0 if number % 4 == 0 else HOUR,
                end="undelivered" if number % 6 == 3 else "delivered",
            )
            for number in range(count)
        ]
