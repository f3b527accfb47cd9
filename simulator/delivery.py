"""A message's way from accepted to its end, with the status callbacks on the way.

Source of the sequence: https://www.twilio.com/docs/messaging/guides/
outbound-message-status-in-status-callbacks. The initial status makes no callback: without a
Messaging Service that is `queued`, with one it is `accepted` (and then `queued` is called back).
WhatsApp: free text outside its session window is accepted, and undelivered later with 63016
(https://www.twilio.com/docs/api/errors/63016).
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from functools import partial

from simulator.carrier import Carrier
from simulator.numbers import WHATSAPP
from simulator.outbox import Posting
from simulator.resources import MESSAGE_ENDED, Message


class Delivery:
    """Moves messages on by timers; a message costs no task and no thread."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def begin(self, message: Message) -> None:
        """Start an accepted message on its way."""
        if message.state == "accepted":
            self._later(0.0, message, partial(self._queue, message))
        self._enqueue(message)

    def resume(self) -> None:
        """After a restart: messages on their way go on."""
        for entry in list(self._carrier.store.entries.values()):
            if not isinstance(entry, Message) or entry.state in MESSAGE_ENDED:
                continue
            if entry.state in ("accepted", "queued"):
                self._enqueue(entry)
            elif entry.state == "sent" and entry.direction != "inbound":
                self._finish_later(entry)

    def cancel(self, message: Message) -> None:
        """Take a queued message back; later timers find it ended and do nothing."""
        self._move(message, "canceled")

    def _queue(self, message: Message) -> None:
        if message.state == "accepted":  # timers may come in any order when waits are zero
            self._move(message, "queued")

    def _enqueue(self, message: Message) -> None:
        behaviour = self._carrier.chaos.behaviour
        own = behaviour.queued_ms
        wait = (self._carrier.settings.delivery_ms if own is None else own) / 1000
        if wait > message.validity:
            self._later(message.validity, message, partial(self._fail, message, 30036))
        else:
            self._later(wait, message, partial(self._send, message))

    def _send(self, message: Message) -> None:
        if message.channel == WHATSAPP and not (message.template or self._in_session(message)):
            self._finish(message, "undelivered", 63016)
            return
        outcome, code = self._carrier.chaos.outcome_for(message.to)
        if outcome == "failed":
            self._fail(message, code)
            return
        message.sent_at = datetime.now(UTC).timestamp()
        self._move(message, "sent")
        if outcome != "sent":
            self._finish_later(message, outcome, code)

    def _in_session(self, message: Message) -> bool:
        """Whether they have written to this number lately enough for free text."""
        written = self._carrier.store.written_at(message.sender, message.to)
        lasts = self._carrier.chaos.behaviour.session_seconds
        return written is not None and time.time() - written < lasts

    def _finish_later(
        self, message: Message, outcome: str = "delivered", code: int | None = None
    ) -> None:
        own = self._carrier.chaos.behaviour.sent_ms
        wait = (self._carrier.settings.delivery_ms if own is None else own) / 1000
        self._later(wait, message, partial(self._finish, message, outcome, code))

    def _finish(self, message: Message, outcome: str, code: int | None) -> None:
        message.error_code = code
        self._move(message, outcome)

    def _fail(self, message: Message, code: int | None) -> None:
        message.error_code = code
        self._move(message, "failed")

    def _later(self, seconds: float, message: Message, step: partial[None]) -> None:
        asyncio.get_running_loop().call_later(seconds, self._unless_ended, message, step)

    def _unless_ended(self, message: Message, step: partial[None]) -> None:
        cleared = self._carrier.store.entries.get(message.sid) is not message
        if not cleared and message.state not in MESSAGE_ENDED:
            step()

    def _move(self, message: Message, state: str) -> None:
        message.change(state)
        self._carrier.changed(message)
        if message.status_callback:
            self._call_back(message, state)

    def _call_back(self, message: Message, state: str) -> None:
        posting = Posting("message.status", message.status_callback, self._params(message, state))
        self._send_callback(posting, last=state in MESSAGE_ENDED)

    def _send_callback(self, posting: Posting, *, last: bool) -> None:
        send_callback(self._carrier, posting, last=last)

    def _params(self, message: Message, state: str) -> dict[str, str]:
        params = {
            "ApiVersion": "2010-04-01",
            "AccountSid": self._carrier.settings.account_sid,
            "From": message.sender,
            "To": message.to,
            "MessageSid": message.sid,
            "MessageStatus": state,
            "SmsSid": message.sid,
            "SmsStatus": state,
        }
        if message.messaging_service_sid:
            params["MessagingServiceSid"] = message.messaging_service_sid
        if message.error_code is not None and state in ("undelivered", "failed"):
            params["ErrorCode"] = str(message.error_code)
        if state in ("delivered", "undelivered") and message.channel == "sms":
            # YYMMDDhhmm, without a time zone: the carrier partner's own words
            params["RawDlrDoneDate"] = datetime.now(UTC).strftime("%y%m%d%H%M")
        if message.channel == WHATSAPP:
            params["ChannelPrefix"] = "whatsapp"
        return params


def send_callback(carrier: Carrier, posting: Posting, *, last: bool) -> None:
    """Queue a status callback in the manner that the behaviour asks for.

    `shuffled` holds every callback but a thing's last one back, so that the last comes first.
    """
    how = carrier.chaos.behaviour.callbacks
    mode = how.mode if carrier.chaos.happens(how.probability) else "normal"
    delay = how.delay_ms / 1000
    if mode == "never":
        return
    if mode == "late" or (mode == "shuffled" and not last):
        spread = carrier.chaos.between(1.0, 1.5) if mode == "shuffled" else 1.0
        carrier.outbox.put_later(posting, delay * spread)
        return
    carrier.outbox.put(posting)
    if mode == "twice":
        carrier.outbox.put_later(posting, delay)
