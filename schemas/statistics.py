"""Statistics of a period: figures only, nothing that anybody said."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from models.reminder import Channel
from schemas.common import LanguageOut, Out
from schemas.feedback import FeedbackChannel


class Totals(Out):
    """The period at a glance."""

    feedbacks: int
    rated: int
    average_rating: float | None
    satisfied_share: float | None = Field(description="of those rated: 4 or 5")
    with_voice: int
    still_open: int


class WeekRating(Out):
    """Ratings of one department in one week."""

    week: date = Field(description="its Monday, by the establishment's calendar")
    department: str | None = Field(description="its code; null: none was named")
    count: int = Field(description="with a rating")
    average: float
    distribution: list[int] = Field(description="how many gave 1, 2, 3, 4, 5")


class Volume(Out):
    """How much feedback came in one week, by which channel, in which language."""

    week: date
    channel: FeedbackChannel
    language: LanguageOut
    count: int


class AnswerTimes(Out):
    """How long patients waited for an answer, from their words to ours."""

    answered: int
    median_seconds: float | None
    p90_seconds: float | None


class Funnel(Out):
    """What became of the messages meant for the period, on one channel."""

    channel: Channel
    total: int
    waiting: int = Field(description="not gone out yet")
    sent: int = Field(description="accepted by the carrier; no receipt (yet)")
    delivered: int
    failed: int = Field(description="failed or undelivered")
    unknown: int
    expired: int
    suppressed: int = Field(description="the patient had said stop")
    cancelled: int


class Lag(Out):
    """How long after its time a message left, first tries only."""

    count: int
    median_seconds: float | None
    p90_seconds: float | None
    p99_seconds: float | None


class Statistics(Out):
    """Everything about one period."""

    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    department: str | None
    time_zone: str
    totals: Totals
    ratings: list[WeekRating]
    volume: list[Volume]
    answer_times: AnswerTimes
    funnel: list[Funnel]
    lag: Lag
