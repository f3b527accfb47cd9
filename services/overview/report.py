"""A period on paper, for a board: figures, two plots, and how each department is judged.

Nobody is named in it, and nothing quoted: it may lie on a table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from models.establishment import Establishment
from schemas.statistics import Statistics
from services.template import texts_of
from utils.clock import local_time
from utils.languages import language_name
from utils.report_canvas import Cell, Column, Shares, Sheet, Tile
from utils.report_layout import printable

Locale = Literal["fr", "en"]
_LOCALES = {"fr": ("fra", "fr_CM"), "en": ("eng", "en_CM")}
WEEK = timedelta(days=7)
MOST_DEPARTMENTS = 40
MILLIMETRE = 72 / 25.4
FEW = 10
"""Ratings below which an average says little; the report marks it."""
_CHANNELS = ("app", "sms", "voice", "web")


@dataclass(frozen=True)
class Words:
    """The report's sentences in one language, and its numbers as they are written there."""

    language: str
    locale: str

    def __call__(self, name: str, **values: str) -> str:
        return texts_of("report")[name][self.language].format_map(values)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with so many digits after the point."""
        return format_decimal(round(value, digits), "#,##0." + "0" * digits, self.locale)

    def share(self, value: float | None) -> str:
        """A share in per cent."""
        return "–" if value is None else format_percent(value, locale=self.locale)

    def day(self, value: date) -> str:
        """A day in full."""
        return format_date(value, "long", self.locale)

    def duration(self, seconds: float | None) -> str:
        """A duration in the unit that one would say it in."""
        if seconds is None:
            return "–"
        for unit, length in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
            if seconds >= 1.5 * length or (unit == "minutes" and seconds >= length):
                return self(unit, count=self.number(seconds / length, 1 if unit == "days" else 0))
        return self("seconds", count=self.number(max(seconds, 1)))


@dataclass
class _Judged:
    count: int = 0
    distribution: list[int] = field(default_factory=lambda: [0] * 5)

    @property
    def average(self) -> float:
        return sum(n * stars for stars, n in enumerate(self.distribution, 1)) / self.count


def report_pdf(
    establishment: Establishment,
    figures: Statistics,
    department_names: Mapping[str, str],
    locale: Locale,
    now: datetime,
) -> bytes:
    """The report as PDF."""
    say = Words(*_LOCALES[locale])
    made = say.day(local_time(now, establishment.zone).date())
    title = say("title")
    sheet = Sheet(
        f"{title} – {establishment.name}",
        say("running", hospital=establishment.name, made=made),
        say("page"),
        lambda value: say.number(value, 1),
    )
    period = say("period", first=say.day(figures.first), last=say.day(figures.last))
    if figures.department:
        name = department_names.get(figures.department, figures.department)
        period = f"{period} – {name}"
    sheet.cover(establishment.name, title, period)
    _at_a_glance(sheet, say, figures)
    weeks = _weeks(figures)
    _ratings_over_time(sheet, say, figures, weeks)
    _volume(sheet, say, figures, weeks)
    _departments(sheet, say, figures, department_names)
    _languages(sheet, say, figures)
    _messages(sheet, say, figures)
    return sheet.finished()


def _at_a_glance(sheet: Sheet, say: Words, figures: Statistics) -> None:
    totals, times = figures.totals, figures.answer_times
    average = totals.average_rating
    sheet.tiles(
        [
            Tile(
                say.number(totals.feedbacks),
                say("tile.feedbacks"),
                say("tile.with_voice", count=say.number(totals.with_voice)),
            ),
            Tile(
                "–" if average is None else say("out_of_five", value=say.number(average, 1)),
                say("tile.average"),
                say("tile.rated", count=say.number(totals.rated)),
            ),
            Tile(
                say.share(totals.satisfied_share), say("tile.satisfied"), say("tile.four_or_five")
            ),
            Tile(
                say.duration(times.median_seconds),
                say("tile.answer"),
                say("tile.answered", count=say.number(times.answered)),
            ),
        ]
    )
    if not totals.feedbacks:
        sheet.sentence(say("nothing"))


def _weeks(figures: Statistics) -> list[date]:
    """The Mondays of the period."""
    monday = figures.first - timedelta(days=figures.first.weekday())
    count = (figures.last - monday).days // 7 + 1
    return [monday + n * WEEK for n in range(count)]


def _ratings_over_time(
    sheet: Sheet, say: Words, figures: Statistics, weeks: Sequence[date]
) -> None:
    judged: dict[date, _Judged] = defaultdict(_Judged)
    for rating in figures.ratings:
        _add(judged[rating.week], rating.distribution)
    if not judged:
        return
    sheet.heading(say("ratings.heading"), say("ratings.how"))
    values = [judged[week].average if week in judged else None for week in weeks]
    sheet.line([_short(week, say) for week in weeks], values, 1, 5)


def _add(judged: _Judged, distribution: Sequence[int]) -> None:
    judged.count += sum(distribution)
    judged.distribution = [a + b for a, b in zip(judged.distribution, distribution, strict=True)]


def _short(day: date, say: Words) -> str:
    return format_date(day, "d MMM", say.locale)


def _volume(sheet: Sheet, say: Words, figures: Statistics, weeks: Sequence[date]) -> None:
    if not figures.volume:
        return
    sheet.heading(say("volume.heading"), say("volume.how"))
    place = {week: n for n, week in enumerate(weeks)}
    series: dict[str, list[int]] = {}
    for channel in _CHANNELS:
        rows = [row for row in figures.volume if row.channel == channel]
        if rows:
            counts = series.setdefault(say(f"channel.{channel}"), [0] * len(weeks))
            for row in rows:
                counts[place[row.week]] += row.count
    sheet.bars([_short(week, say) for week in weeks], series)


def _departments(sheet: Sheet, say: Words, figures: Statistics, names: Mapping[str, str]) -> None:
    judged: dict[str | None, _Judged] = defaultdict(_Judged)
    for rating in figures.ratings:
        _add(judged[rating.department], rating.distribution)
    if not judged:
        return
    sheet.heading(say("departments.heading"), say("departments.how", few=str(FEW)))
    sheet.ratings_legend([say(f"stars.{stars}") for stars in range(1, 6)])
    ranked = sorted(judged.items(), key=lambda one: (-one[1].count, one[0] or ""))
    sheet.table(
        [
            Column(say("department"), 0.38),
            Column(say("ratings"), 0.12, right=True),
            Column(say("average"), 0.14, right=True),
            Column(say("satisfied"), 0.13, right=True),
            Column(say("distribution"), 0.23),
        ],
        [_department(say, names, code, one) for code, one in ranked[:MOST_DEPARTMENTS]],
    )


def _department(say: Words, names: Mapping[str, str], code: str | None, one: _Judged) -> list[Cell]:
    average = say.number(one.average, 1)
    name = printable(names.get(code, "")).strip() or code if code else say("no_department")
    return [
        name,
        say.number(one.count),
        f"({average})" if one.count < FEW else average,
        say.share(sum(one.distribution[3:]) / one.count),
        Shares(one.distribution),
    ]


def _languages(sheet: Sheet, say: Words, figures: Statistics) -> None:
    counts: dict[str, int] = defaultdict(int)
    for row in figures.volume:
        counts[language_name(row.language)] += row.count
    if not counts:
        return
    whole = sum(counts.values())
    sheet.heading(say("languages.heading"), room=50 * MILLIMETRE)
    sheet.table(
        [
            Column(say("language"), 0.38),
            Column(say("feedbacks"), 0.2, right=True),
            Column(say("share"), 0.2, right=True),
        ],
        [
            [say(f"language.{name}"), say.number(count), say.share(count / whole)]
            for name, count in sorted(counts.items(), key=lambda one: -one[1])
        ],
    )


def _messages(sheet: Sheet, say: Words, figures: Statistics) -> None:
    if not figures.funnel:
        return
    sheet.heading(say("messages.heading"), say("messages.how"), room=50 * MILLIMETRE)
    sheet.table(
        [
            Column(say("channel"), 0.2),
            Column(say("planned"), 0.13, right=True),
            Column(say("delivered"), 0.14, right=True),
            Column(say("accepted"), 0.15, right=True),
            Column(say("failed"), 0.14, right=True),
            Column(say("expired"), 0.11, right=True),
            Column(say("unknown"), 0.13, right=True),
        ],
        [
            [
                say(f"message.{row.channel.value}"),
                *(
                    say.number(count)
                    for count in (
                        row.total, row.delivered, row.sent, row.failed, row.expired, row.unknown,
                    )
                ),
            ]
            for row in figures.funnel
        ],
    )  # fmt: skip
    if figures.lag.count:
        sheet.sentence(
            say(
                "lag",
                median=say.duration(figures.lag.median_seconds),
                most=say.duration(figures.lag.p90_seconds),
            )
        )
