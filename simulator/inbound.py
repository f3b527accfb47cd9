"""What people send to the account's numbers, and what the service answers.

Sources: https://www.twilio.com/docs/messaging/guides/webhook-request, /docs/messaging/twiml, and
the article on opt-out keywords (STOP filtering): a keyword counts only if it is the whole message.
It is about SMS; on WhatsApp the carrier answers nothing by itself (parameters of its webhook:
https://www.twilio.com/docs/messaging/guides/webhook-request, "WhatsApp-specific parameters").
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.call_params import place
from simulator.carrier import Carrier
from simulator.encoding import segments
from simulator.exchange import Exchange
from simulator.numbers import WHATSAPP, on_channel, split_channel
from simulator.outbox import Answer
from simulator.resources import API, Attachment, Call, Message, new_sid
from simulator.settings import Number
from simulator.twiml import MESSAGING, TwimlError, Verb, parse

_STOP_WORDS = "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT OPTOUT REVOKE ARRET ARRETE"
STOP = frozenset(_STOP_WORDS.split())
START = frozenset(("START", "YES", "UNSTOP"))
HELP = frozenset(("HELP", "INFO"))
_ANSWERS = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from"
    " this number. Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP"
    " for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


@dataclass(slots=True)
class Outcome:
    """What came of an inbound message: the service's answer and the replies in it."""

    message: Message
    answer: Answer | None = None
    replies: list[Message] = field(default_factory=list)
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """For whoever typed the message."""
        return {
            "id": self.message.sid,
            "opt_out_type": self.message.opt_out_type or None,
            "webhook_status": self.answer.status if self.answer else None,
            "replies": [reply.sid for reply in self.replies],
            "error": self.error or None,
        }


def opt_out_type(body: str) -> str:
    """STOP, START, HELP, or empty."""
    word = body.strip().upper()
    for kind, words in (("STOP", STOP), ("START", START), ("HELP", HELP)):
        if word in words:
            return kind
    return ""


async def receive_message(
    exchange: Exchange,
    number: Number,
    sender: str,
    body: str,
    channel: str = "sms",
    attached: Sequence[tuple[str, bytes]] = (),
) -> Outcome:
    """A person texts one of the account's numbers, by SMS or WhatsApp.

    `attached` are types and bytes.
    """
    message = _received(number, sender, body, channel, prefix="MM" if attached else "SM")
    for content_type, data in attached:
        piece = Attachment(
            sid=new_sid("ME"), message_sid=message.sid, content_type=content_type, data=data
        )
        exchange.carrier.store.attachments[piece.sid] = piece
        message.media_urls.append(_media_url(exchange.carrier, piece))
    exchange.carrier.accept(message)
    _obey_keyword(exchange, number.value, message)
    outcome = Outcome(message)
    if number.sms_url:
        params = _message_params(exchange.carrier, message)
        outcome.answer = await exchange.carrier.outbox.ask(
            "message.inbound", number.sms_url, params
        )
        _carry_out(exchange, number, outcome)
    return outcome


def _media_url(carrier: Carrier, piece: Attachment) -> str:
    settings = carrier.settings
    account = f"{settings.base_url()}{API}/Accounts/{settings.account_sid}"
    return f"{account}/Messages/{piece.message_sid}/Media/{piece.sid}"


def _received(number: Number, sender: str, body: str, channel: str, *, prefix: str) -> Message:
    encoding, count = segments(body)
    return Message(
        sid=new_sid(prefix),
        channel=channel,
        direction="inbound",
        sender=on_channel(sender, channel),
        to=on_channel(number.value, channel),
        body=body,
        state="received",
        num_segments=count,
        encoding=encoding,
        opt_out_type=opt_out_type(body) if channel == "sms" and number.keywords else "",
        sent_at=time.time(),  # in their list, DateSent of an inbound message is when it came in
    )


def _obey_keyword(exchange: Exchange, number: str, message: Message) -> None:
    """The carrier answers keywords by itself, and the service must not answer again."""
    kind = message.opt_out_type
    if not kind:
        return
    if kind == "STOP":
        exchange.carrier.store.opt_out(number, message.sender)
    elif kind == "START":
        exchange.carrier.store.opt_in(number, message.sender)
    elif (number, message.sender) in exchange.carrier.store.opt_outs:
        return
    _send_reply(exchange, number, message.sender, _ANSWERS[kind], automatic=True)


def _send_reply(
    exchange: Exchange,
    number: str,
    to: str,
    body: str,
    *,
    automatic: bool = False,
    status_callback: str = "",
) -> Message:
    encoding, count = segments(body)
    reply = Message(
        sid=new_sid("SM"),
        channel=split_channel(to)[0],
        direction="outbound-reply",
        sender=number,
        to=to,
        body=body,
        num_segments=count,
        encoding=encoding,
        automatic=automatic,
        status_callback=status_callback,
    )
    exchange.carrier.accept(reply)
    exchange.delivery.begin(reply)
    return reply


def _message_params(carrier: Carrier, message: Message) -> dict[str, str]:
    params = {
        "AccountSid": carrier.settings.account_sid,
        "ApiVersion": "2010-04-01",
        "Body": message.body,
        "From": message.sender,
        "MessageSid": message.sid,
        "NumMedia": str(len(message.media_urls)),
        "NumSegments": str(message.num_segments),
        "SmsMessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsStatus": "received",
        "To": message.to,
    }
    for number, url in enumerate(message.media_urls):
        piece = carrier.store.attachments[url.rpartition("/")[2]]
        params |= {f"MediaUrl{number}": url, f"MediaContentType{number}": piece.content_type}
    if message.channel == WHATSAPP:
        params |= _of_whatsapp(message)
    else:
        params |= place("From", message.sender) | place("To", message.to)
    if carrier.settings.messaging_service_sid:
        params["MessagingServiceSid"] = carrier.settings.messaging_service_sid
    if message.opt_out_type:
        params["OptOutType"] = message.opt_out_type
    return params


def _of_whatsapp(message: Message) -> dict[str, str]:
    """What comes with a message on WhatsApp instead of places."""
    return {
        "MessageType": "text",
        "ProfileName": "Somebody",
        "WaId": split_channel(message.sender)[1].removeprefix("+"),
    }


def _carry_out(exchange: Exchange, number: Number, outcome: Outcome) -> None:
    answer = outcome.answer
    if answer is None or not 200 <= answer.status < 300:
        reason = answer.error or answer.status if answer else ""
        outcome.error = f"11200 HTTP retrieval failure: {reason}"
        return
    kind = answer.content_type.partition(";")[0].strip().lower()
    text = answer.body.decode("utf-8", "replace").strip()
    if not text:
        return
    if kind == "text/plain":  # Twilio sends plain text back as a message
        _reply_unless_stopped(exchange, number, outcome, Verb("Message", {}, text))
        return
    try:
        verbs = parse(text, MESSAGING)
    except TwimlError as error:
        outcome.error = f"{error.code} {error}"
        return
    for verb in verbs:
        if verb.name == "Message":
            _reply_unless_stopped(exchange, number, outcome, verb)
        else:
            outcome.error = "The simulator does not follow <Redirect> in a message's answer"


def _reply_unless_stopped(exchange: Exchange, number: Number, outcome: Outcome, verb: Verb) -> None:
    to, ours = verb.get("to", outcome.message.sender), outcome.message.to
    body = verb.text or " ".join(child.text for child in verb.children if child.name == "Body")
    if (number.value, to) in exchange.carrier.store.opt_outs:
        outcome.error = "21610 Attempt to send to unsubscribed recipient"
    elif not body:
        outcome.error = "14103 Invalid Body"
    else:
        callback = verb.get("statusCallback")
        reply = _send_reply(exchange, ours, to, body, status_callback=callback)
        outcome.replies.append(reply)


def receive_call(exchange: Exchange, number: Number, caller: str) -> Call:
    """A person calls one of the account's numbers; their phone is off the hook at once."""
    call = Call(
        sid=new_sid("CA"),
        channel="voice",
        direction="inbound",
        sender=caller,
        to=number.value,
        state="ringing",
        url=number.voice_url,
        # The number's own setting; of an inbound call only the end is told.
        status_callback=number.voice_status_url,
        status_callback_events=["completed"],
        started_at=time.time(),
    )
    exchange.carrier.accept(call)
    exchange.switchboard.start(call)
    return call
