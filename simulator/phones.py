"""Android phones at work: a message's way through one, and the webhooks on the way.

Source: the app's `MessagesService.kt`, `EventsReceiver.kt` and `WebhookQueueProcessorWorker.kt`
(github.com/capcom6/android-sms-gateway, July 2026), https://docs.sms-gate.app/features/webhooks/.
Unlike Twilio a phone repeats a webhook until it gets a 2xx, under the same id and signed anew.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from simulator.carrier import Carrier
from simulator.delivery import send_callback
from simulator.encoding import segments
from simulator.numbers import e164, takes_sms
from simulator.outbox import Answer, Posting
from simulator.phones_rules import own_number
from simulator.resources import PHONE_ENDED, PhoneMessage, iso, new_sid
from simulator.settings import Phone
from simulator.signature import phone_signature

GENERIC = "Send result: RESULT_ERROR_GENERIC_FAILURE (Generic failure cause)"
EXPIRED = "TTL expired"
NO_NUMBER = "sendSMS: Invalid phone number"
UNDELIVERED = "Delivery result from SC +237670000000: 70"  # GSM 03.40: the service centre gave up


def entry_id(device: str, own_id: str, index: int = 0) -> str:
    """Where the ledger keeps one recipient's copy of a message of a phone."""
    return f"{device}/{own_id}/{index}"


class Phones:
    """Moves what phones were given on by timers, and tells their webhooks."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def begin(self, message: PhoneMessage) -> None:
        """Start a message that a phone has taken."""
        own = self._carrier.chaos.behaviour.queued_ms
        wait = (self._carrier.settings.delivery_ms if own is None else own) / 1000
        if message.ttl is not None and wait > message.ttl:
            self._later(message.ttl, message, partial(self._fail, message, EXPIRED))
        else:
            self._later(wait, message, partial(self._send, message))

    def resume(self) -> None:
        """After a restart: what is under way goes on."""
        for entry in list(self._carrier.store.entries.values()):
            if isinstance(entry, PhoneMessage) and entry.state not in PHONE_ENDED:
                if entry.state == "Sent":
                    self._report_later(entry, "delivered")
                else:
                    self.begin(entry)

    def cancel(self, message: PhoneMessage) -> None:
        """Take a pending message back; later timers find it ended."""
        self._move(message, "Cancelled")
        self._tell(message, "sms:cancelled", {"cancelledAt": iso(time.time())})

    async def receive(
        self, phone: Phone, sender: str, body: str, size: int = 0
    ) -> tuple[str, Answer | None]:
        """Somebody texts the phone: the ledger's id, and what the first webhook answered.

        `size`: of what is attached, in bytes; with any it is an MMS, and `body` its subject.
        """
        encoding, count = segments(body)
        at = iso(time.time())
        message = PhoneMessage(
            sid=new_sid("PM"),
            own_id=new_sid("T") if size else str(own_number(sender, at, phone.sim, body)),
            device=phone.name,
            channel="sms",
            direction="inbound",
            sender=sender,
            to=phone.number,
            body=body,
            state="Received",
            sim=phone.sim,
            num_segments=count,
            encoding=encoding,
            received_at=at,
            size=size,
        )
        self._carrier.accept(message)
        event, told = ("mms:received", _announced) if size else ("sms:received", _received)
        answers = [
            await self._carrier.outbox.tell(posting)
            for posting in self._postings(phone, event, told(phone, message))
        ]
        return message.sid, answers[0] if answers else None

    def _send(self, message: PhoneMessage) -> None:
        if message.checked and not (e164(message.to) and takes_sms(message.to)):
            self._fail(message, NO_NUMBER)
            return
        self._move(message, "Processed")
        outcome, _code = self._carrier.chaos.outcome_for(message.to)
        reason = self._carrier.chaos.reason_for(message.to)
        if outcome == "failed" or e164(message.to) is None:
            self._fail(message, reason or GENERIC)
            return
        self._move(message, "Sent")
        told = {"partsCount": message.num_segments, "sentAt": iso(time.time())}
        self._tell(message, "sms:sent", told)
        if outcome != "sent" and message.report:
            self._report_later(message, outcome)

    def _report_later(self, message: PhoneMessage, outcome: str) -> None:
        own = self._carrier.chaos.behaviour.sent_ms
        wait = (self._carrier.settings.delivery_ms if own is None else own) / 1000
        self._later(wait, message, partial(self._report, message, outcome))

    def _report(self, message: PhoneMessage, outcome: str) -> None:
        if outcome != "delivered":
            self._fail(message, self._carrier.chaos.reason_for(message.to) or UNDELIVERED)
            return
        self._move(message, "Delivered")
        for _part in range(message.num_segments):  # the network reports each part by itself
            self._tell(message, "sms:delivered", {"deliveredAt": iso(time.time())})

    def _fail(self, message: PhoneMessage, reason: str) -> None:
        message.reason = reason
        self._move(message, "Failed")
        self._tell(message, "sms:failed", {"failedAt": iso(time.time()), "reason": reason})

    def _later(self, seconds: float, message: PhoneMessage, step: partial[None]) -> None:
        asyncio.get_running_loop().call_later(seconds, self._unless_ended, message, step)

    def _unless_ended(self, message: PhoneMessage, step: partial[None]) -> None:
        cleared = self._carrier.store.entries.get(message.sid) is not message
        if not cleared and message.state not in PHONE_ENDED:
            step()

    def _move(self, message: PhoneMessage, state: str) -> None:
        message.change(state)
        self._carrier.changed(message)

    def _tell(self, message: PhoneMessage, event: str, more: Mapping[str, Any]) -> None:
        phone = self._carrier.settings.phones.get(message.device)
        if phone is None:
            return
        payload = {
            "messageId": message.own_id,
            "sender": phone.number,
            "recipient": message.to,
            "simNumber": message.sim,
            "phoneNumber": message.to,
            **more,
        }
        for posting in self._postings(phone, event, payload):
            send_callback(self._carrier, posting, last=event != "sms:sent")

    def _postings(self, phone: Phone, event: str, payload: Mapping[str, Any]) -> list[Posting]:
        """One request for each webhook on this event, each with an id of its own."""
        return [
            _posting(phone, webhook, event, payload)
            for webhook in phone.webhooks.values()
            if webhook["event"] == event
        ]


def _posting(
    phone: Phone, webhook: Mapping[str, str], event: str, payload: Mapping[str, Any]
) -> Posting:
    told = {
        "id": secrets.token_urlsafe(16)[:21],
        "webhookId": webhook["id"],
        "event": event,
        "deviceId": phone.device_id,
        "payload": payload,
    }
    headers = {"Content-Type": "application/json", "User-Agent": "me.capcom.smsgateway/simulator"}

    def sign(body: bytes) -> dict[str, str]:
        stamp = str(int(time.time()))
        signature = phone_signature(phone.signing_key, body, stamp)
        return {"X-Timestamp": stamp, "X-Signature": signature}

    return Posting(
        f"phone.{event}",
        webhook["url"],
        {},
        body=json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass"),
        headers=headers,
        sign=sign,
        tries=1 + phone.retries,
        wait=phone.retry_ms / 1000,
    )


def _received(phone: Phone, message: PhoneMessage) -> dict[str, Any]:
    """What a phone tells of a message; its id is made of the content, and so not unique."""
    return {
        "messageId": f"{int(message.own_id) & 0xFFFFFFFF:x}",
        "message": message.body,
        "sender": message.sender,
        "recipient": phone.number,
        "simNumber": phone.sim,
        "phoneNumber": message.sender,
        "receivedAt": message.received_at,
    }


def _announced(phone: Phone, message: PhoneMessage) -> dict[str, Any]:
    """What a phone tells of an MMS that waits for it: what it is, and nothing of what is in it."""
    return {
        "messageId": message.own_id,
        "transactionId": message.own_id,
        "subject": message.body or None,
        "size": message.size,
        "contentClass": "IMAGE_BASIC",
        "sender": message.sender,
        "recipient": phone.number,
        "simNumber": phone.sim,
        "phoneNumber": message.sender,
        "receivedAt": message.received_at,
    }
