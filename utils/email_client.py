"""E-mail by SendGrid (official `sendgrid` library) or by any SMTP server.

Neither has a list that could be asked what it accepted, so what is unknown here stays unknown:
only an answer that says so counts as "nothing left". A mail carries no `List-Unsubscribe`: there is
no address yet at which somebody would read it, and a promise that is not kept is worse than none.
"""

from __future__ import annotations

import contextlib
import html
import logging
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from http import HTTPStatus
from typing import Any, cast
from urllib.request import Request

import python_http_client
import urllib3
from sendgrid import SendGridAPIClient

from config.settings import EmailSettings
from utils.languages import tag
from utils.lease import insist
from utils.provider_codes import SENDER_REFUSED, fault_of
from utils.provider_http import DidNotLeave, MayHaveLeft, ProviderHttp, Throttled
from utils.senders import NoList, Outbound, Outcome, Passed, Verdict

# The library writes whole mails, recipients included, at DEBUG.
logging.getLogger("python_http_client.client").disabled = True

REFERENCE_ARGUMENT = "delivery"
"""The name under which SendGrid's events bring our delivery reference back."""
LONGEST_ID = 128
IMPLICIT_TLS_PORT = 465
STEPS_PER_MAIL = 3
"""An SMTP conversation may take this many time-outs in all, well under the lease of a claim."""

_YES, _GO_ON, _NO = range(200, 300), range(354, 355), range(400, 600)
_WHOLE = range(200, 600)
"""Reply codes. The library makes any number of what came of a reply that was cut, or -1."""
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_ENHANCED = re.compile(rb"5\.(\d{1,3})\.(\d{1,3})\b")
_RELAY = re.compile(rb"\brelay", re.IGNORECASE)
_ADDRESS, _POLICY = 1, 7
_ADDRESS_OF_SENDER = frozenset({7, 8})
_POLICY_OF_RECIPIENT = frozenset({2, 17, 18})
"""RFC 3463 and 7293: a closed mailing list; a mailbox or a domain that has another owner by now."""

# RFC 3834: automatic answers ("I am away") do not answer what is automatic itself.
_HEADERS = {"Auto-Submitted": "auto-generated"}
# Opened and clicked is nobody's business here, and the pixel would be remote content.
_NO_TRACKING = {f"{what}_tracking": {"enable": False} for what in ("click", "open", "subscription")}


def one_line(text: str) -> str:
    """A text that cannot begin a header of its own: whatever is not printable becomes a space."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def as_html(text: str, subject: str, language: str) -> str:
    """The same words as a page: its language marked for screen readers, nothing remote in it."""
    paragraphs = "".join(
        f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>"
        for part in text.replace("\r\n", "\n").split("\n\n")
    )
    return (
        f'<!doctype html><html lang="{tag(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(subject)}</title></head>"
        f'<body style="font-size:1.1em;line-height:1.5">{paragraphs}</body></html>'
    )


class _Answer:
    """What the library's response object wants to read, from what our HTTP brought."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer

    def getcode(self) -> int:
        return self._answer.status

    def read(self) -> bytes:
        return self._answer.data

    def info(self) -> Any:
        return self._answer.headers


class _Transport(python_http_client.Client):  # type: ignore[misc]
    """The library's own HTTP client, sending through ours.

    A connection each: one that was kept and died silently would make a mail unknown, and an
    unknown mail costs somebody's time.
    """

    def __init__(self, http: ProviderHttp, **settings: Any) -> None:
        super().__init__(**settings)
        self._http = http

    def _build_client(self, name: str | None = None) -> _Transport:
        return _Transport(
            self._http,
            host=self.host,
            version=self._version,
            request_headers=self.request_headers,
            url_path=[*self._url_path, name] if name else self._url_path,
        )

    def _make_request(self, _opener: Any, request: Request, **_ours_is_set: Any) -> _Answer:
        headers = dict(request.headers) | {"Connection": "close"}
        url, method = request.full_url, request.get_method()
        return _Answer(self._http.request(method, url, cast(bytes, request.data), headers))


class SendGridEmail:
    """Mail by SendGrid's v3 API."""

    provider = "sendgrid"

    def __init__(self, settings: EmailSettings, from_: str, connections: int) -> None:
        self._from = from_
        host = {"host": settings.sendgrid_api_url} if settings.sendgrid_api_url else {}
        self._api = SendGridAPIClient(settings.sendgrid_api_key.get_secret_value(), **host)
        self._api.client = _Transport(
            ProviderHttp(settings.timeout, connections),
            host=self._api.host,
            request_headers=self._api._default_headers,
            version=3,
        )

    def send(self, message: Outbound) -> Outcome:
        """One call of SendGrid's API, as an outcome."""
        try:
            answer = self._api.send(self._document(message))
        except DidNotLeave:
            return Outcome(Verdict.unreachable, code="unreachable")
        except Throttled as error:
            return Outcome(Verdict.throttled, code="429", retry_after=error.retry_after)
        except MayHaveLeft as error:
            return Outcome(Verdict.unknown, code=error.code)
        return _of_answer(answer.status_code, answer.headers.get("X-Message-Id"))

    def passed(self, to: str, since: datetime) -> Sequence[Passed] | None:  # noqa: ARG002
        """Raises `NoList`: what SendGrid accepted can only be learned from its events."""
        raise NoList

    def _document(self, message: Outbound) -> dict[str, Any]:
        subject = one_line(message.subject)
        sender = {"email": self._from, "name": one_line(message.sender_name)}
        return {
            "personalizations": [{"to": [{"email": message.to}]}],
            "from": {key: value for key, value in sender.items() if value},
            "subject": subject,
            "content": [
                {"type": "text/plain", "value": message.text},
                {"type": "text/html", "value": as_html(message.text, subject, message.language)},
            ],
            "custom_args": {REFERENCE_ARGUMENT: message.reference},
            "headers": _HEADERS,
            "tracking_settings": _NO_TRACKING,
        }


def _of_answer(status: int, message_id: str | None) -> Outcome:
    if status in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
        known = message_id[:LONGEST_ID] if message_id else None
        return Outcome(Verdict.accepted, provider_id=known)
    fault = fault_of("sendgrid", str(status))
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if fault is None or not refused:
        return Outcome(Verdict.unknown, code=str(status))
    return Outcome(fault.verdict, code=str(status))


class _NotTaken(Exception):
    """The server answered no, before or after the mail's text; nothing of it was kept."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


class SmtpEmail:
    """Mail by an SMTP server, one connection a mail.

    Until the text is sent, every failure means that nothing left. After it, only the server's own
    no does: a connection that is cut then leaves the mail unknown, and it is never sent again.
    """

    provider = "smtp"

    def __init__(self, settings: EmailSettings, from_: str) -> None:
        self._settings = settings
        self._from = from_
        self._domain = from_.rpartition("@")[2]

    def send(self, message: Outbound) -> Outcome:
        """One SMTP conversation, as an outcome."""
        mail = self.compose(message)
        content = mail.as_bytes()
        text_may_have_left = False
        try:
            with self._connection() as (server, in_time):
                in_time()
                _must_be_yes(server.mail(self._from), no=_of_sender)
                in_time()
                _must_be_yes(server.rcpt(message.to), no=_of_recipient)
                in_time()
                _must_be_yes(server.docmd("DATA"), yes=_GO_ON)
                in_time()
                insist()
                text_may_have_left = True
                server.send(_as_data(content))
                _must_be_yes(server.getreply())
        except _NotTaken as answer:
            return answer.outcome
        except smtplib.SMTPResponseException as error:  # greeting, HELO, STARTTLS or AUTH
            not_now = 400 <= error.smtp_code <= 499
            verdict = Verdict.throttled if not_now else Verdict.unreachable
            code = str(error.smtp_code) if error.smtp_code in _WHOLE else "cut"
            return Outcome(verdict, code=code)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            code = _code_of(error)
            verdict = Verdict.unknown if text_may_have_left else Verdict.unreachable
            return Outcome(verdict, code=code)
        return Outcome(Verdict.accepted, provider_id=str(mail["Message-ID"])[1:-1][:LONGEST_ID])

    def passed(self, to: str, since: datetime) -> Sequence[Passed] | None:  # noqa: ARG002
        """Raises `NoList`: an SMTP server keeps none."""
        raise NoList

    def compose(self, message: Outbound) -> EmailMessage:
        """The mail. Its Message-ID names the delivery, so two copies would be seen to be one."""
        subject = one_line(message.subject)
        local_part, _, domain = self._from.rpartition("@")
        mail = EmailMessage(policy=policy.SMTP.clone(cte_type="7bit"))
        mail["From"] = Address(one_line(message.sender_name), local_part, domain)
        mail["To"] = message.to
        mail["Subject"] = subject
        mail["Message-ID"] = f"<delivery.{message.reference}@{self._domain}>"
        for name, value in _HEADERS.items():
            mail[name] = value
        mail.set_content(message.text)
        mail.add_alternative(as_html(message.text, subject, message.language), subtype="html")
        mail["Content-Language"] = tag(message.language)  # last: a body set later takes it along
        return mail

    @contextlib.contextmanager
    def _connection(self) -> Iterator[tuple[smtplib.SMTP, Any]]:
        """A connection, logged in, and a function that bounds the next step by what time is left.

        `local_hostname` is given because the library would else ask the DNS, without any bound.
        """
        settings = self._settings
        ends = time.monotonic() + STEPS_PER_MAIL * settings.timeout
        context = ssl.create_default_context() if settings.smtp_tls else None
        options: dict[str, Any] = {"local_hostname": self._domain, "timeout": settings.timeout}
        server: smtplib.SMTP
        if context and settings.smtp_port == IMPLICIT_TLS_PORT:
            server = smtplib.SMTP_SSL(
                settings.smtp_host, settings.smtp_port, context=context, **options
            )
        else:
            server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, **options)

        def in_time() -> None:
            left = ends - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if server.sock is not None:
                server.sock.settimeout(min(settings.timeout, left))

        try:
            if context and settings.smtp_port != IMPLICIT_TLS_PORT:
                server.starttls(context=context)
            in_time()
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_pass.get_secret_value())
            else:
                server.ehlo_or_helo_if_needed()
            yield server, in_time
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()  # the mail's fate is decided already
        finally:
            server.close()


Reply = tuple[int, bytes]


def _of_reply(reply: Reply) -> Outcome:
    """4xx is "not now" (RFC 5321, 4.2.1), 53x a login that is wanted, all else a no for good."""
    code = str(reply[0])
    if 400 <= reply[0] <= 499:
        return Outcome(Verdict.throttled, code=code)
    fault = fault_of("smtp", code)
    return Outcome(fault.verdict if fault else Verdict.refused, code=code)


def _of_sender(reply: Reply) -> Outcome:
    """A no to MAIL: before any recipient was named, so no patient's fault."""
    outcome = _of_reply(reply)
    if outcome.verdict is not Verdict.refused:
        return outcome
    fault = fault_of("smtp", SENDER_REFUSED)
    assert fault is not None
    return Outcome(fault.verdict, code=SENDER_REFUSED)


def _of_recipient(reply: Reply) -> Outcome:
    """A no to RCPT. Many servers only say here what they have against the sender."""
    return _of_sender(reply) if _blames_sender(reply[1]) else _of_reply(reply)


def _blames_sender(words: bytes) -> bool:
    """True for a no that is about who sends, by its enhanced code (RFC 3463) or else its words."""
    enhanced = _ENHANCED.match(words)
    if enhanced is None:
        return _RELAY.search(words) is not None
    subject, detail = (int(part) for part in enhanced.groups())
    if subject == _POLICY:
        return detail not in _POLICY_OF_RECIPIENT
    return subject == _ADDRESS and detail in _ADDRESS_OF_SENDER


def _must_be_yes(
    reply: Reply, *, yes: range = _YES, no: Callable[[Reply], Outcome] = _of_reply
) -> None:
    """Raise `_NotTaken` at a no; at what is neither, as half a reply is, as for a cut."""
    if reply[0] in yes:
        return
    if reply[0] in _NO:
        raise _NotTaken(no(reply))
    raise smtplib.SMTPServerDisconnected


def _as_data(content: bytes) -> bytes:
    """A mail's text as it follows DATA, with its end (RFC 5321, 4.5.2)."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return _LEADING_DOT.sub(b"..", ended) + b".\r\n"


def _code_of(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return "tls"
    # smtplib turns a time-out into a "disconnected" that only remembers it.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "timeout"
    if isinstance(error, smtplib.SMTPNotSupportedError | UnicodeError):
        return "unsupported"  # no STARTTLS, no AUTH, or a login that is not ASCII
    return "cut"
