"""An SMTP server that keeps what it takes, in the same event loop as everything else."""

from __future__ import annotations

import asyncio
import hmac
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from simulator.carrier import Carrier
from simulator.resources import Mail, new_sid

LARGEST_MAIL = 20_971_520
_KEPT = ("message-id", "date", "reply-to", "list-unsubscribe", "auto-submitted", "precedence")


async def start_smtp(carrier: Carrier) -> asyncio.Server | None:
    """Listen; None if the port is -1. Raises OSError where the port is taken."""
    settings = carrier.settings
    if settings.smtp_port < 0:
        return None
    server = await asyncio.get_running_loop().create_server(
        lambda: _protocol(carrier), settings.host, settings.smtp_port
    )
    carrier.smtp_port = server.sockets[0].getsockname()[1]
    return server


def _protocol(carrier: Carrier) -> SMTP:
    settings = carrier.settings
    return SMTP(
        _Handler(carrier),
        hostname="simulator.localdomain",
        ident="careloop simulator",
        data_size_limit=LARGEST_MAIL,
        enable_SMTPUTF8=True,
        authenticator=_authenticator(settings.smtp_user, settings.smtp_password),
        auth_required=bool(settings.smtp_user),
        auth_require_tls=False,
        timeout=60,
    )


def _authenticator(user: str, password: str) -> Any:
    """Without a configured user any AUTH is taken; with one, only the right one."""

    def check(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> Any:
        if not user:
            return AuthResult(success=True)
        right = (
            isinstance(data, LoginPassword)
            and hmac.compare_digest(data.login, user.encode())
            and hmac.compare_digest(data.password, password.encode())
        )
        return AuthResult(success=right, handled=False)

    return check


class _Handler:
    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """One ledger entry per addressee; the faults on `smtp.data` strike here."""
        fault = self._carrier.chaos.fault_for("smtp.data")
        if fault is None or fault.comes_after():
            self._accept(envelope)
        if fault is None:
            return "250 2.0.0 OK"
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            if not fault.comes_after():
                self._accept(envelope)
            return "250 2.0.0 OK"
        if fault.kind == "status":
            return "451 4.3.0 try again later" if fault.status == 429 else "550 5.7.1 refused"
        cast(asyncio.WriteTransport, server.transport).abort()
        return "421 4.3.0 cut"

    def _accept(self, envelope: Envelope) -> None:
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content or "").encode()
        parsed = message_from_bytes(raw, policy=policy.default)
        for to in envelope.rcpt_tos:
            mail = _mail(parsed, envelope.mail_from or "", to)
            self._carrier.accept(mail)


def _mail(parsed: EmailMessage, envelope_from: str, to: str) -> Mail:
    name, address = parseaddr(str(parsed.get("From", envelope_from)))
    return Mail(
        sid=new_sid("EM"),
        channel="email",
        direction="outbound-api",
        sender=address or envelope_from,
        from_name=name,
        to=to,
        subject=str(parsed.get("Subject", "")),
        body=_part(parsed, "plain"),
        html=_part(parsed, "html"),
        state="delivered",
        provider="smtp",
        message_id=str(parsed.get("Message-ID", "")).strip("<> \r\n"),
        headers={
            key: str(value)
            for key, value in parsed.items()
            if key.lower() in _KEPT or key.lower().startswith("x-")
        },
        attachments=[part.get_filename() or "" for part in parsed.iter_attachments()],
        accepted_at=time.time(),
    )


def _part(parsed: EmailMessage, kind: str) -> str:
    """The body's text of one kind, decoded; bytes that are no text become replacement marks."""
    part = parsed.get_body((kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
