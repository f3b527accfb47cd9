"""What a mail about an alarm says, in English or French: figures and what to do, no patient."""

from __future__ import annotations

from models.alarm import Alarm, AlarmKind
from models.establishment import NO_ANSWER, Establishment, Sender
from services.template import texts_of
from utils.clock import local_time

CATALOGUE = "alarms"
_CHANNELS = {
    "fra": {"sms": "SMS", "voice": "appel", "email": "e-mail", "whatsapp": "WhatsApp"},
    "eng": {"sms": "SMS", "voice": "call", "email": "e-mail", "whatsapp": "WhatsApp"},
}


def compose(
    alarm: Alarm, sender: Sender | None, place: Establishment, language: str
) -> tuple[str, str]:
    """Subject and text of the mail about an alarm."""
    values = {
        "hospital": place.name,
        "since": local_time(alarm.raised_at, place.zone).strftime("%d/%m/%Y %H:%M"),
        "value": _figure(alarm, alarm.value),
        "threshold": _figure(alarm, alarm.threshold),
        "minutes": str(max(1, round(place.alarm_window_seconds / 60))),
        "age": str(max(1, round(place.alarm_unknown_seconds / 60))),
        "channel": _CHANNELS[language][sender.channel] if sender else "",
        "code": (sender.suspended_code or "") if sender else "",
    }
    texts = texts_of(CATALOGUE)
    silent = sender is not None and sender.suspended_code == NO_ANSWER
    about = f"{alarm.kind}.{NO_ANSWER}" if silent else alarm.kind
    own_closing = f"{alarm.kind}.closing"
    closes = own_closing if own_closing in texts else "closing"
    subject, words, closing = (
        texts[name][language].format_map(values)
        for name in (f"{about}.subject", f"{about}.text", closes)
    )
    return subject, f"{words}\n\n{closing}"


def _figure(alarm: Alarm, value: float) -> str:
    """A share in per cent, a lag in minutes, a number as it is."""
    match alarm.kind:
        case AlarmKind.deliveries_failing:
            return str(round(100 * value))
        case AlarmKind.deliveries_late:
            return str(max(1, round(value / 60)))
    return str(round(value))
