"""The dry run of a campaign: everything counted, nothing stored, nothing sent.

It asks the same `Chooser` and deals out the same slots as the real run. Of ten thousand contacts
no name and no number is opened, except for texts with a name in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from database.session import ScopedSession
from models.campaign import Campaign, Exclusion
from models.delivery import NOT_GONE, Delivery
from models.establishment import Establishment
from models.reminder import Channel, Purpose, Reminder
from schemas.campaign import CampaignPreview, LanguageCount, MessageExample, PaceOut
from services.allowed_times import allowed_times
from services.campaign.audience import CHUNK, by_filter, by_position
from services.campaign.choice import Candidate, Choice, Chooser
from services.campaign.pace import reached_in_time, slots
from services.campaign.shown import Shown
from services.sms import sms_text
from utils.clock import local_time
from utils.crypto import get_cipher
from utils.sms_encoding import SmsEncoding, analyse

EXAMPLES = 3
"""Messages that are shown word for word."""


@dataclass
class _Counts:
    contacts: int = 0
    recipients: int = 0
    excluded: Counter[Exclusion] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    chose_another: Counter[str] = field(default_factory=Counter)
    channels: Counter[Channel] = field(default_factory=Counter)
    encodings: Counter[str] = field(default_factory=Counter)
    segments: Counter[int] = field(default_factory=Counter)
    daily_cap_reached: int = 0
    examples: list[MessageExample] = field(default_factory=list)
    first: datetime | None = None
    last: datetime | None = None


def recipients_of(session: ScopedSession, campaign: Campaign) -> Iterator[Candidate]:
    """Who a stored campaign is for: those still to come, or whom its filter means now."""
    if campaign.filter is not None and campaign.started_at is None:
        return by_filter(session, campaign.filter)
    return by_position(session, campaign.id, campaign.cursor)


def preview(
    session: ScopedSession,
    establishment: Establishment,
    channels_with_sender: Collection[str],
    campaign: Campaign,
    candidates: Iterable[Candidate],
    now: datetime,
) -> CampaignPreview:
    """What would happen if the campaign went out to these candidates, started now."""
    chooser = Chooser(campaign, establishment, channels_with_sender)
    starts = max(campaign.next_slot or campaign.scheduled_time or now, now)
    valid_until = campaign.valid_until or (campaign.scheduled_time or now) + timedelta(
        seconds=campaign.validity_seconds
    )
    times = allowed_times(establishment)
    upcoming = slots(establishment, campaign.rate_per_minute, starts)
    counts = _Counts()
    cost = _Cost(chooser, establishment)
    shown = Shown(campaign, establishment)
    taken = _taken(session, campaign)
    slot = next(upcoming, None)
    addresses: list[int] = []
    for candidate in candidates:
        counts.contacts += 1
        choice = chooser.choose(candidate)
        shown.take(candidate, choice)
        if isinstance(choice, Choice):
            if chooser.one_for_each_address and choice.address_id in taken:
                choice = Exclusion.same_address
            elif (
                slot is None
                or slot >= valid_until
                or not reached_in_time(times, candidate, slot, valid_until)
            ):
                choice = Exclusion.past_validity
        if isinstance(choice, Exclusion):
            counts.excluded[choice] += 1
            continue
        taken.add(choice.address_id)
        _count(counts, candidate, choice, cost)
        if len(counts.examples) < EXAMPLES and not chooser.same_for_all(choice.language):
            counts.examples.append(_example(chooser, candidate, choice))
        counts.first, counts.last = counts.first or slot, slot
        slot = next(upcoming, None)
        addresses.append(choice.address_id)
        if len(addresses) == CHUNK:
            counts.daily_cap_reached += _capped(session, establishment, addresses, now)
            addresses.clear()
    counts.daily_cap_reached += _capped(session, establishment, addresses, now)
    return _answer(counts, campaign, establishment, chooser, starts, valid_until, shown.word())


def _taken(session: ScopedSession, campaign: Campaign) -> set[int]:
    """The addresses that have had the message of a campaign that was started."""
    if campaign.started_at is None:
        return set()
    first = case(
        (Reminder.channels[1] == Channel.email, Reminder.email_id), else_=Reminder.phone_id
    )
    return set(session.scalars(select(first).where(Reminder.campaign_id == campaign.id)))


def _count(counts: _Counts, candidate: Candidate, choice: Choice, cost: _Cost) -> None:
    counts.recipients += 1
    counts.languages[choice.language] += 1
    if candidate.language not in (None, choice.language):
        counts.chose_another[choice.language] += 1
    channel = Channel(choice.channels[0])
    counts.channels[channel] += 1
    if channel == Channel.sms:
        sms = cost.of(candidate, choice.language)
        counts.encodings[sms.encoding] += 1
        counts.segments[sms.segments] += 1


def _example(chooser: Chooser, candidate: Candidate, choice: Choice) -> MessageExample:
    reference = candidate.patient_id
    return MessageExample(
        patient_id=reference and get_cipher().open(reference, "contacts.patient_id").decode(),
        language=choice.language,
        text=chooser.message(candidate, choice.language),
    )


class _Cost:
    """What each SMS takes; texts that are the same for everybody are looked at once."""

    def __init__(self, chooser: Chooser, establishment: Establishment) -> None:
        self._chooser = chooser
        self._establishment = establishment
        self._known: dict[str, SmsEncoding] = {}

    def of(self, candidate: Candidate, language: str) -> SmsEncoding:
        words = self._chooser.message(candidate, language)
        found = self._known.get(words)
        if found is None:
            found = analyse(sms_text(self._establishment, language, words))
            if self._chooser.same_for_all(language):
                self._known[words] = found
        return found


def _capped(
    session: ScopedSession, establishment: Establishment, addresses: list[int], now: datetime
) -> int:
    """How many of these addresses have had as many messages today as one may have.

    Counted as where an attempt is stamped: what came back without having left does not count, and
    neither do replies.
    """
    if not addresses or establishment.daily_cap is None:
        return 0
    today = allowed_times(establishment).day_began(now)
    busy = (
        select(Delivery.address_id)
        .join(Reminder, Reminder.id == Delivery.reminder_id)
        .where(
            Delivery.address_id.in_(addresses),
            Delivery.valid_until >= today,
            Delivery.attempted_at >= today,
            Delivery.status.not_in(NOT_GONE),
            Reminder.purpose.not_in((Purpose.reply, Purpose.opt_out)),
        )
        .group_by(Delivery.address_id)
        .having(func.count() >= establishment.daily_cap)
    )
    return session.scalars(select(func.count()).select_from(busy.subquery())).one()


def _answer(
    counts: _Counts,
    campaign: Campaign,
    establishment: Establishment,
    chooser: Chooser,
    starts: datetime,
    valid_until: datetime,
    dry_run: str,
) -> CampaignPreview:
    return CampaignPreview(
        dry_run=dry_run,
        contacts=counts.contacts,
        recipients=counts.recipients,
        excluded=dict(counts.excluded),
        languages=[
            LanguageCount(language=code, recipients=n, chose_another=counts.chose_another[code])
            for code, n in counts.languages.most_common()
        ],
        channels=dict(counts.channels),
        encodings=dict(counts.encodings),
        segments=dict(sorted(counts.segments.items())),
        segments_total=sum(size * n for size, n in counts.segments.items()),
        daily_cap_reached=counts.daily_cap_reached,
        shared_address="one_message" if chooser.one_for_each_address else "one_for_each",
        examples=counts.examples,
        pace=_pace(counts, campaign, establishment, starts, valid_until),
    )


def _pace(
    counts: _Counts,
    campaign: Campaign,
    establishment: Establishment,
    starts: datetime,
    valid_until: datetime,
) -> PaceOut:
    first, last = counts.first or starts, counts.last
    lasts = last - first if last else timedelta()
    minutes = round(lasts.total_seconds() / 60)
    summary = f"{counts.recipients} messages would take {minutes // 60} h {minutes % 60} min"
    late = counts.excluded[Exclusion.past_validity]
    if late:
        summary += f"; {late} would fall past the validity and not go out"

    def local(moment: datetime) -> str:
        return local_time(moment, establishment.zone).strftime("%Y-%m-%d %H:%M")

    return PaceOut(
        rate_per_minute=campaign.rate_per_minute,
        starts_at=first,
        ends_at=last,
        valid_until=valid_until,
        local_start=local(first),
        local_end=local(last) if last else None,
        lasts_seconds=int(lasts.total_seconds()),
        summary=summary + ".",
    )
