"""SendGrid's event webhook: a signed JSON list of what became of a mail.

Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event. SendGrid batches
events; here every request carries one mail's step. Unlike Twilio, SendGrid does
repeat a webhook that was not answered 2xx; the simulator does not, and mode `twice` stands for it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from typing import Any

from simulator.carrier import Carrier
from simulator.delivery import send_callback
from simulator.outbox import Posting
from simulator.resources import Mail

_FINAL = {"delivered": "delivered", "undelivered": "bounce", "failed": "dropped"}
_REASONS: dict[str, dict[str, Any]] = {
    "bounce": {
        "type": "bounce",
        "status": "5.1.1",
        "reason": "550 5.1.1 no such mailbox",
        "bounce_classification": "Invalid Address",
        "ip": "192.0.2.25",
        "tls": 1,
    },
    "dropped": {"reason": "Bounced Address"},
    "delivered": {"response": "250 2.0.0 OK", "ip": "192.0.2.25", "tls": 1},
}


def begin(carrier: Carrier, mail: Mail) -> None:
    """Tell that it was taken in, and later how it ended."""
    _tell(carrier, mail, "processed")
    outcome, _code = carrier.chaos.outcome_for(mail.to)
    if outcome == "sent":
        return
    own = carrier.chaos.behaviour.sent_ms
    wait = (carrier.settings.delivery_ms if own is None else own) / 1000
    asyncio.get_running_loop().call_later(wait, _end, carrier, mail, _FINAL[outcome])


def _end(carrier: Carrier, mail: Mail, event: str) -> None:
    if carrier.store.entries.get(mail.sid) is not mail:
        return
    mail.change(event)
    carrier.changed(mail)
    _tell(carrier, mail, event)


def _tell(carrier: Carrier, mail: Mail, event: str) -> None:
    url = carrier.settings.sendgrid_webhook
    if not url:
        return
    # Lines end as theirs do: the signature covers the very bytes.
    body = f"[{json.dumps(_event(mail, event), ensure_ascii=False)}]\r\n".encode()
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json;charset=utf-8",
        "User-Agent": "SendGrid Event API",
        "X-Twilio-Email-Event-Webhook-Signature": carrier.signer.sign(stamp, body),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    posting = Posting("mail.event", url, {}, body=body, headers=headers)
    send_callback(carrier, posting, last=event != "processed")


def _event(mail: Mail, event: str) -> dict[str, Any]:
    """Custom arguments stand beside the other fields and never replace one."""
    own = {
        "email": mail.to,
        "timestamp": int(time.time()),
        "smtp-id": f"<{mail.message_id}@geopod-ismtpd-simulator>",
        "event": event,
        "sg_event_id": secrets.token_urlsafe(22),
        "sg_message_id": mail.sid,
        **_REASONS.get(event, {}),
    }
    if mail.categories:
        own["category"] = mail.categories
    return {**mail.custom_args, **own}
