"""SendGrid's POST /v3/mail/send, and the events that follow.

Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send, its error page, and
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event.
"""

from __future__ import annotations

import hmac
import json
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.behaviour import Fault
from simulator.carrier import Carrier
from simulator.faults import operation, retry_header
from simulator.resources import Mail
from simulator.sendgrid_events import begin
from simulator.sendgrid_rules import MailError, check
from simulator.wire import JsonResponse, body_of, carrier_of

_REFUSALS = {
    400: "Bad Request",
    401: "The provided authorization grant is invalid, expired, or revoked",
    403: (
        "The from address does not match a verified Sender Identity. Mail cannot be sent until"
        " this error is resolved."
    ),
    413: "Payload Too Large",
    429: "too many requests",
}


async def send(request: Request) -> Response:
    """202 with X-Message-Id and no body; 400, 401, 413 with SendGrid's error document."""
    carrier = carrier_of(request)
    if not _knows_the_key(request, carrier):
        return _errors(401, "The provided authorization grant is invalid, expired, or revoked")
    try:
        document = json.loads(await body_of(request))
    except (ValueError, RecursionError):
        return _errors(400, "Bad Request")
    try:
        check(document)
    except MailError as error:
        return _errors(400, str(error), error.field, error.help)
    message_id = secrets.token_urlsafe(16)
    for mail in _mails(document, message_id):
        carrier.accept(mail)
        begin(carrier, mail)
    return Response(status_code=202, headers={"X-Message-Id": message_id})


def _knows_the_key(request: Request, carrier: Carrier) -> bool:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(key.encode(), carrier.settings.sendgrid_key.encode())
    return scheme == "Bearer" and right


def _errors(
    status: int, message: str, field: str | None = None, help_: str | None = None
) -> Response:
    error = {"message": message, "field": field, "help": help_}
    return JsonResponse({"errors": [error]}, status_code=status)


def refusal(fault: Fault) -> Response:
    """A simulated status in SendGrid's form."""
    message = _REFUSALS.get(fault.status, "Internal Server Error")
    error = {"message": message, "field": None, "help": None}
    return JsonResponse({"errors": [error]}, status_code=fault.status, headers=retry_header(fault))


def _mails(document: dict[str, Any], message_id: str) -> list[Mail]:
    """One entry per addressee (to, cc, bcc), as each gets a mail and events of their own."""
    mails: list[Mail] = []
    for personalization in document["personalizations"]:
        people = [
            person for role in ("to", "cc", "bcc") for person in personalization.get(role, [])
        ]
        for person in people:
            number = len(mails)
            mails.append(_mail(document, personalization, person["email"], message_id, number))
    return mails


def _mail(
    document: dict[str, Any],
    personalization: dict[str, Any],
    to: str,
    message_id: str,
    number: int,
) -> Mail:
    sender = personalization.get("from") or document["from"]
    content = {part["type"]: part["value"] for part in document.get("content", [])}
    values = personalization.get("substitutions", {})
    subject = personalization.get("subject") or document.get("subject", "")
    return Mail(
        sid=f"{message_id}.recvd-simulator-{number}",
        channel="email",
        direction="outbound-api",
        sender=sender["email"],
        from_name=sender.get("name") or "",
        to=to,
        subject=_fill(subject, values),
        body=_fill(content.get("text/plain", ""), values),
        html=_fill(content.get("text/html", ""), values),
        state="processed",
        provider="sendgrid",
        message_id=message_id,
        headers={**document.get("headers", {}), **personalization.get("headers", {})},
        custom_args={
            **document.get("custom_args", {}),
            **personalization.get("custom_args", {}),
        },
        categories=list(document.get("categories", [])),
        attachments=[str(item.get("filename", "")) for item in document.get("attachments", [])],
    )


def _fill(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


ROUTES = [Route("/v3/mail/send", operation("mail.send", send, refusal), methods=["POST"])]
