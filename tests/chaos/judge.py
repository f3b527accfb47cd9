"""The judge: the carrier's own ledger and the clock against the database.

It knows nothing of the engine's code: what may follow what, and what a state claims, is written
here once more, from DESIGN §1 and §5.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.chaos.hospital import Hospital
from tests.chaos.records import Delivery, Entry, Heard
from tests.chaos.script import DAILY_CAP, HOUR, NORTH, SOUTH, WEST, Case
from tests.chaos.stage import LEASE

COUNTS = {
    "lost": "accepted, and neither ended truly nor waiting in unknown with an open task",
    "twice": "sent more than once: one delivery, or two channels without need",
    "outside": "sent before its time, or after its validity",
    "quiet": "sent in quiet hours",
    "over_cap": "more to one address in one day than the daily cap",
    "after_stop": "sent after an opt-out, or after a cancellation or change was confirmed",
    "contradiction": "the database says something else than the carrier's ledger",
}
FINAL = {"sent", "delivered", "undelivered", "failed", "expired", "cancelled", "suppressed"}
CLOCK = 1.0  # seconds between two clocks of one machine, and of rounding
SLACK = LEASE + 16.0
"""From the moment at which a delivery is marked as sending, so much later it may be accepted: the
call begins within the lease, and a slow carrier on a busy machine takes its time."""
_REFERENCE = re.compile(r"delivery=(\d+)\.(\d+)")
_LADDER = {"sent": 1, "failed": 2, "undelivered": 3, "delivered": 4}


@dataclass
class Verdict:
    """What the judge found."""

    reminders: int = 0
    states: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    unknown_with_task: int = 0
    found: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in COUNTS})

    @property
    def clean(self) -> bool:
        return not any(self.found.values())

    def blame(self, count: str, what: object) -> None:
        self.found[count].append(str(what))


class Judge:
    """Reads everything once, then judges."""

    def __init__(
        self,
        hospital: Hospital,
        cases: Iterable[Case],
        ledger: Callable[[], list[dict[str, Any]]],
        heard: Heard,
        quiet: dict[int, tuple[float, float]],
    ) -> None:
        """`heard`: what the carrier has told and asked by now, and how that was answered.

        `ledger` reads what the carrier has: after the database, which can only know less.
        `quiet`: the quiet hours of establishments, from and to.
        """
        self.cases = list(cases)
        self.quiet = quiet
        self.verdict = Verdict()
        self.reminders: dict[tuple[int, int], str] = {}
        self.deliveries: dict[tuple[int, int], Delivery] = {}
        with hospital.snapshot() as sql:
            ((self.now,),) = sql("select extract(epoch from now())::float")
            for establishment in (NORTH, SOUTH, WEST):
                self._read(sql, establishment)
        self._match(ledger())
        for reference, word in heard.acknowledged:
            self._named(reference).acknowledged.add(word)
        for reference in heard.cut_off:
            self._named(reference).cut_off = True

    def judge(self) -> Verdict:
        """Everything that is wrong, by count."""
        self._judge_cap()
        by_reminder: dict[tuple[int, int], list[Delivery]] = defaultdict(list)
        for delivery in self.deliveries.values():
            by_reminder[delivery.establishment, delivery.reminder].append(delivery)
            self.verdict.states[delivery.status] += 1
            self._judge_delivery(delivery)
        for case in self.cases:
            if case.accepted:
                self.verdict.reminders += 1
                self._judge_case(case, by_reminder[case.establishment, case.reminder])
        return self.verdict

    # ── reading ──

    def _read(self, sql: Callable[[str], list[Any]], house: int) -> None:
        rows = sql(
            f"""select d.id, d.reminder_id, extract(epoch from d.occurrence)::float, d.channel,
                d.status, extract(epoch from d.due_at)::float,
                extract(epoch from d.valid_until)::float, d.attempt, u.delivery_id is not null,
                exists (select from est_{house}.tasks t where t.delivery_id = d.id
                    and t.kind = 'unknown_delivery' and t.state = 'open')
                from est_{house}.deliveries d left join shared.due u
                on u.establishment_id = {house} and u.delivery_id = d.id"""
        )
        for row in rows:
            self.deliveries[house, row[0]] = Delivery(house, *row)
        for number, status, at, cause in sql(
            f"select delivery_id, status, extract(epoch from at)::float, cause"
            f" from est_{house}.delivery_events order by id"
        ):
            self.deliveries[house, number].events.append((status, at, cause))
        for number, status in sql(f"select id, status from est_{house}.reminders"):
            self.reminders[house, number] = status

    def _named(self, reference: str) -> Delivery:
        """The delivery in a callback's address: house, number and attempt."""
        house, number = reference.split(".")[:2]
        return self.deliveries[int(house), int(number)]

    def _match(self, ledger: list[dict[str, Any]]) -> None:
        for raw in ledger:
            if not raw["direction"].startswith("outbound") or _is_alarm(raw):
                continue
            self.verdict.accepted += 1
            given = raw["extra"].get("custom_args", {}).get("delivery")
            found = _REFERENCE.search(f"delivery={given}" if given else raw["status_callback"])
            owner = self.deliveries.get((int(found[1]), int(found[2]))) if found else None
            if owner is None:
                self.verdict.blame("contradiction", f"a message of nobody's: {raw['id']}")
                continue
            at = datetime.fromisoformat(raw["time"]).timestamp()
            seconds = raw["extra"].get("duration")
            owner.entries.append(
                Entry(raw["channel"], raw["to"], raw["body"], at, raw["state"], seconds)
            )

    # ── one delivery ──

    def _judge_delivery(self, delivery: Delivery) -> None:
        blame = self.verdict.blame
        if len(delivery.entries) > 1:
            blame("twice", delivery)
        for wrong in (*self._untrue(delivery), *self._bad_trace(delivery)):
            blame("contradiction", f"{wrong}: {delivery}")
        if self._forgotten(delivery):
            blame("lost", delivery)
        if delivery.status == "unknown" and delivery.open_task:
            self.verdict.unknown_with_task += 1
        self._judge_times(delivery)

    def _forgotten(self, delivery: Delivery) -> bool:
        """Not ended, and neither staff nor the engine will look at it again in its time."""
        if delivery.status in FINAL:
            return False
        if delivery.status == "unknown":
            return not delivery.open_task
        return not delivery.queued_to_act or delivery.due_at <= self.now

    def _untrue(self, delivery: Delivery) -> Iterator[str]:
        """What the state claims, held against the ledger."""
        status, entries = delivery.status, delivery.entries
        if status in ("sent", "delivered", "undelivered") and not entries:
            yield "the carrier knows nothing of it"
        if status in ("scheduled", "queued", "expired", "cancelled", "suppressed") and entries:
            yield "the carrier has it"
        ends = {entry.ended for entry in entries}
        if delivery.cut_off and any(entry.unasked for entry in entries):
            ends.add("delivered")  # the API was asked, and may have died with its answer on the way
        if entries and status in ("delivered", "undelivered", "failed") and status not in ends:
            yield "the carrier tells another end"
        for told in delivery.acknowledged:
            # A call that was picked up and heard our apology has reached nobody.
            untold = delivery.channel == "voice" and "undelivered" in ends
            word = "undelivered" if untold else told
            if _LADDER.get(status, 0) < _LADDER[word]:
                yield f"we acknowledged that it was {word}"
        early = status == "expired" and delivery.valid_until > self.now
        if early and not self._is_quiet(delivery) and delivery.events[-1][2] != "daily cap":
            yield "it is still valid"
        if delivery.open_task and status != "unknown":
            yield "a task asks about what is known"
        if delivery.queued_to_act and status in FINAL - {"sent"}:  # which waits for its receipt
            yield "the engine would look at it again"

    @staticmethod
    def _bad_trace(delivery: Delivery) -> Iterator[str]:
        """The transitions, held against what may follow what."""
        statuses = [status for status, _, _ in delivery.events]
        if statuses[-1:] != [delivery.status]:
            yield "its last event is another"
        if len(delivery.sendings) != delivery.attempt:
            yield "its attempts were not all stamped"
        if delivery.entries and not any(
            at <= delivery.entries[0].time + CLOCK for at in delivery.sendings
        ):
            yield "it was sent before it was stamped"
        for before, after in pairwise(statuses):
            if before in FINAL and _LADDER.get(after, 0) <= _LADDER.get(before, 0):
                yield f"it went back from {before} to {after}"
            if before == "unknown" and after == "sending":
                yield "it was sent again while unknown"

    def _judge_cap(self) -> None:
        """By the day of the houses, all of which are in Douala: one hour ahead of UTC."""
        sent: Counter[tuple[int, str, int]] = Counter()
        for delivery in self.deliveries.values():
            for entry in delivery.entries:
                sent[delivery.establishment, entry.to, int((entry.time + HOUR) // (24 * HOUR))] += 1
        for (house, _, _), count in sent.items():
            if count > DAILY_CAP:
                self.verdict.blame("over_cap", f"{count} to one address of house {house}")

    def _judge_times(self, delivery: Delivery) -> None:
        for at in delivery.sendings:
            if at > delivery.valid_until + CLOCK:
                self.verdict.blame("outside", f"marked as sending too late: {delivery}")
        start, end = self.quiet.get(delivery.establishment, (0.0, 0.0))
        for at in delivery.sendings:
            if start <= at < end:
                self.verdict.blame("quiet", delivery)
        for entry in delivery.entries:
            if start + SLACK <= entry.time < end:
                self.verdict.blame("quiet", delivery)

    def _is_quiet(self, delivery: Delivery) -> bool:
        """True when the quiet hours last beyond its validity."""
        return self.quiet.get(delivery.establishment, (0.0, 0.0))[1] >= delivery.valid_until

    # ── one reminder ──

    def _judge_case(self, case: Case, deliveries: list[Delivery]) -> None:
        if not deliveries:
            self.verdict.blame("lost", f"nothing is left of {case}")
            return
        occurrences: dict[float, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            occurrences[delivery.occurrence].append(delivery)
            self._judge_windows(case, delivery)
            self._judge_stop(case, delivery)
        for together in occurrences.values():
            self._judge_channels(together)
        if case.must_arrive:
            self._judge_arrival(case, occurrences)
        status = self.reminders[case.establishment, case.reminder]
        waits = any(delivery.status not in FINAL for delivery in deliveries)
        if (status in ("scheduled", "active")) != waits and status != "cancelled":
            self.verdict.blame("contradiction", f"the reminder is {status}: {deliveries[0]}")

    def _judge_windows(self, case: Case, delivery: Delivery) -> None:
        """The window that was asked for, whatever the database makes of it."""
        if case.rrule:
            first = delivery.occurrence
            known = [case.at + case.every * number for number in range(3)]
            if not any(abs(first - at) < CLOCK for at in known):
                self.verdict.blame("outside", f"an occurrence that was not asked for: {delivery}")
            last = first + case.valid_for
        else:
            first = min(version.at for version in case.versions)
            last = max(version.at for version in case.versions) + case.valid_for
        for entry in delivery.entries:
            if not first - CLOCK <= entry.time <= last + SLACK:
                self.verdict.blame("outside", delivery)

    def _judge_stop(self, case: Case, delivery: Delivery) -> None:
        """After a stop, a cancellation or a change: nothing that was not under way before it."""
        by_phone = delivery.channel != "email"
        stops = [
            (case.opted_out_at if by_phone else None, "it said stop"),
            (None if case.cancel_too_late else case.cancelled_at, "it was cancelled"),
        ]
        for when, why in stops:
            if when is None:
                continue
            late = any(at > when for at in delivery.sendings)
            if late or any(entry.time > when + SLACK for entry in delivery.entries):
                self.verdict.blame("after_stop", f"{why} at {when:.1f}: {delivery}")
        ended = max((at for status, at, _ in delivery.events if status == "cancelled"), default=0.0)
        if case.cancelled_at and not case.cancel_too_late and ended > case.cancelled_at + CLOCK:
            self.verdict.blame("contradiction", f"it waited on after its cancellation: {delivery}")
        for entry in delivery.entries:
            stamped = max((at for at in delivery.sendings if at <= entry.time), default=entry.time)
            newest = [v for v in case.versions if v.since < stamped][-1]
            if newest.text not in entry.body and not case.unsure and not entry.untold:
                self.verdict.blame("after_stop", f"its old text went out: {delivery}")
            if entry.time < newest.at - CLOCK and not case.rrule and not case.unsure:
                self.verdict.blame("outside", f"it went out before its new time: {delivery}")

    def _judge_channels(self, together: list[Delivery]) -> None:
        """A second channel only when the first is known to have failed before."""
        accepted = sorted(
            (delivery for delivery in together if delivery.entries),
            key=lambda delivery: delivery.entries[0].time,
        )
        for earlier in accepted[:-1]:
            if earlier.entries[0].ended not in ("undelivered", "failed"):
                self.verdict.blame("twice", f"and by another channel: {earlier}")

    def _judge_arrival(self, case: Case, occurrences: dict[float, list[Delivery]]) -> None:
        """Each occurrence was with the carrier once, or somebody is asked to look at it."""
        for together in occurrences.values():
            seen = any(d.entries or (d.status == "unknown" and d.open_task) for d in together)
            # It was cancelled too late to say so, and came back from the carrier after all.
            seen |= case.cancel_asked and any(d.status == "cancelled" for d in together)
            pending = any(d.status in ("scheduled", "queued") for d in together)
            if not seen and not pending:
                self.verdict.blame("lost", f"it never went out: {together[0]}")
            tried = {delivery.channel for delivery in together}
            failed = all(d.status in ("failed", "undelivered") for d in together)
            if failed and tried != set(case.channels):
                self.verdict.blame("lost", f"a channel was not tried: {together[-1]}")


def _is_alarm(raw: dict[str, Any]) -> bool:
    """True for a mail to the administrators: that so much fails here is worth an alarm."""
    return bool(raw["channel"] == "email" and raw["to"].startswith("admin@"))
