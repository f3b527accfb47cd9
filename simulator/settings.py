"""What the simulator is told when it starts, and the guard that keeps it out of production."""

from __future__ import annotations

import argparse
import ipaddress
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

DEFAULT_ACCOUNT_SID = "AC5113a1a70000000000000000c0ffee42"
DEFAULT_AUTH_TOKEN = "5113a1a70000000000000000deadbeef"  # noqa: S105 - opens nothing but this toy
DEFAULT_SENDGRID_KEY = "SG.simulator.not-a-real-key"
DEFAULT_NUMBER = "+12025550142"
DEFAULT_PHONE_PASSWORD = "simulator"  # noqa: S105 - as above
DEFAULT_PHONE_KEY = "simulator-signing-key"
PHONE_EVENTS = (
    "sms:received", "sms:data-received", "sms:sent", "sms:delivered", "sms:failed",
    "sms:cancelled", "mms:received", "mms:downloaded", "system:ping", "app:started",
)  # fmt: skip
ALLOWED_ENVIRONMENTS = ("development", "test")


class RefusedToStartError(Exception):
    """The simulator must not run here; the message is one line and says what to set."""


@dataclass(slots=True)
class Number:
    """A sender that the account owns: E.164, short code or alphanumeric.

    `sms_url` (of SMS and WhatsApp) and `voice_url` are the inbound webhooks; an empty one means
    that none is configured. Only an E.164 number can be on WhatsApp. Without `keywords` the carrier
    obeys no STOP, START or HELP itself, as Twilio arranges for who asks its support.
    """

    value: str
    sms_url: str = ""
    voice_url: str = ""
    voice_status_url: str = ""
    sms: bool = True
    voice: bool = True
    whatsapp: bool = True
    keywords: bool = True


@dataclass(slots=True)
class Phone:
    """An Android phone that is a gateway, reached at `/phones/{name}`; `number` is its SIM's.

    `webhooks` by id, each `{"id", "url", "event"}`. `retry_ms` is before the first repeat of a
    webhook, doubled with each.
    """

    name: str
    number: str
    username: str = "sms"
    password: str = DEFAULT_PHONE_PASSWORD
    signing_key: str = DEFAULT_PHONE_KEY
    sim: int = 1
    retries: int = 14
    retry_ms: int = 10_000
    webhooks: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def device_id(self) -> str:
        """What the phone calls itself: the same after a restart."""
        return f"simulator-{self.name}"[:21]

    def register(self, url: str, events: Sequence[str] = PHONE_EVENTS[:7]) -> None:
        """Have the usual events told to a URL."""
        for event in events:
            key = f"{event}-{len(url)}"
            self.webhooks[key] = {"id": key, "url": url, "event": event}


@dataclass(slots=True)
class Settings:
    """Everything configurable. Times are in milliseconds, sizes in bytes."""

    account_sid: str = DEFAULT_ACCOUNT_SID
    auth_token: str = DEFAULT_AUTH_TOKEN
    sendgrid_key: str = DEFAULT_SENDGRID_KEY
    sendgrid_webhook: str = ""
    sendgrid_signing_key: str = ""
    messaging_service_sid: str = ""
    numbers: dict[str, Number] = field(
        default_factory=lambda: {DEFAULT_NUMBER: Number(DEFAULT_NUMBER)}
    )
    phones: dict[str, Phone] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 8025
    smtp_port: int = 8026
    smtp_user: str = ""
    smtp_password: str = ""
    ledger: str = ""
    delivery_ms: int = 300
    environment: str = ""
    container: bool = False
    public_url: str = ""

    def base_url(self) -> str:
        """Where the API is reached from the service, without a final slash."""
        return self.public_url.rstrip("/") or f"http://127.0.0.1:{self.port}"


def load(argv: Sequence[str], env: Mapping[str, str] | None = None) -> Settings:
    """Read options, then environment, then defaults.

    Raises `RefusedToStartError` where the simulator must not run, and `SystemExit` on a bad option.
    """
    environ = os.environ if env is None else env
    given = _parser(environ).parse_args(argv)
    settings = Settings(
        account_sid=given.account_sid,
        auth_token=given.auth_token,
        sendgrid_key=given.sendgrid_key,
        sendgrid_webhook=given.sendgrid_webhook,
        sendgrid_signing_key=environ.get("SIMULATOR_SENDGRID_SIGNING_KEY", ""),
        messaging_service_sid=given.messaging_service_sid,
        numbers=_numbers(given.numbers, given),
        phones=_phones(given.phones, given),
        host=given.host,
        port=given.port,
        smtp_port=given.smtp_port,
        smtp_user=environ.get("SIMULATOR_SMTP_USER", ""),
        smtp_password=environ.get("SIMULATOR_SMTP_PASSWORD", ""),
        ledger=given.ledger,
        delivery_ms=given.delivery_ms,
        environment=environ.get("ENVIRONMENT", ""),
        container=given.container,
        public_url=given.public_url,
    )
    refuse_where_it_must_not_run(settings)
    return settings


def refuse_where_it_must_not_run(settings: Settings) -> None:
    """A carrier that delivers nothing is a disaster in production, so an unset name refuses too."""
    if settings.environment not in ALLOWED_ENVIRONMENTS:
        found = settings.environment or "not set"
        raise RefusedToStartError(
            f"The carrier simulator delivers nothing and runs only with ENVIRONMENT=development "
            f"or ENVIRONMENT=test (it is {found!r}). Set ENVIRONMENT=development to use it."
        )
    if _is_loopback(settings.host):
        return
    if not (settings.container and settings.environment == "development"):
        raise RefusedToStartError(
            f"The carrier simulator binds to loopback only, not to {settings.host!r}. Use "
            "--host 127.0.0.1, or --container with ENVIRONMENT=development inside a container."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _numbers(listed: str, given: argparse.Namespace) -> dict[str, Number]:
    values = [value.strip() for value in listed.split(",") if value.strip()]
    numbers = {value: Number(value) for value in values or [DEFAULT_NUMBER]}
    for number in numbers.values():
        number.sms_url = _webhook_for(number.value, given.sms_webhook)
        number.voice_url = _webhook_for(number.value, given.voice_webhook)
        number.voice_status_url = _webhook_for(number.value, given.voice_status_webhook)
    return numbers


def _phones(listed: str, given: argparse.Namespace) -> dict[str, Phone]:
    phones = {}
    for part in filter(None, (piece.strip() for piece in listed.split(","))):
        name, separator, number = part.partition("=")
        if not separator or not name.isalnum():
            raise SystemExit(f"simulator: --phones wants NAME=NUMBER, not {part!r}")
        phones[name] = Phone(
            name, number, password=given.phone_password, signing_key=given.phone_signing_key
        )
        url = _webhook_for(name, given.phone_webhook)
        if url:
            phones[name].register(url)
    return phones


def _webhook_for(number: str, option: str) -> str:
    """`URL` serves every number; `NUMBER=URL`, comma-separated, serves one and wins."""
    common = ""
    for part in filter(None, (piece.strip() for piece in option.split(","))):
        owner, separator, url = part.partition("=")
        if not separator or owner.startswith("http"):
            common = part
        elif owner == number:
            return url
    return common


def _parser(env: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A carrier on this machine: Twilio's and SendGrid's API, SMTP, and a phone.",
    )

    def option(name: str, default: str, text: str) -> None:
        variable = "SIMULATOR_" + name.upper().replace("-", "_")
        dest = name.replace("-", "_")
        parser.add_argument(
            f"--{name}", dest=dest, default=env.get(variable, default), help=f"{text} ({variable})"
        )

    def whole(name: str, default: int, text: str) -> None:
        variable = "SIMULATOR_" + name.upper().replace("-", "_")
        parser.add_argument(
            f"--{name}",
            dest=name.replace("-", "_"),
            type=int,
            default=env.get(variable, str(default)),
            help=f"{text} ({variable})",
        )

    option("host", "127.0.0.1", "address to bind; loopback only without --container")
    whole("port", 8025, "port of the HTTP API and of the phone page; 0 takes a free one")
    whole("smtp-port", 8026, "port of the SMTP server; 0 takes a free one, -1 starts none")
    option("ledger", "", "SQLite file that keeps the ledger over a restart; in memory if empty")
    option("public-url", "", "this API's URL as the service sees it, if not 127.0.0.1")
    option("account-sid", DEFAULT_ACCOUNT_SID, "Twilio account SID: AC and 32 hex digits")
    option("auth-token", DEFAULT_AUTH_TOKEN, "Twilio auth token; also signs the webhooks")
    option("sendgrid-key", DEFAULT_SENDGRID_KEY, "SendGrid API key")
    option("sendgrid-webhook", "", "URL of the SendGrid event webhook; none if empty")
    option("messaging-service-sid", "", "an MG… SID whose pool is all the numbers; none if empty")
    option("numbers", DEFAULT_NUMBER, "senders that the account owns, comma-separated")
    option("sms-webhook", "", "inbound SMS webhook: URL, or NUMBER=URL, comma-separated")
    option("voice-webhook", "", "inbound call webhook: URL, or NUMBER=URL, comma-separated")
    option("voice-status-webhook", "", "how inbound calls end: URL, or NUMBER=URL, likewise")
    option("phones", "", "Android phones that are gateways: NAME=NUMBER, comma-separated")
    option("phone-password", DEFAULT_PHONE_PASSWORD, "their password; the user is sms")
    option("phone-signing-key", DEFAULT_PHONE_KEY, "the key that signs their webhooks")
    option("phone-webhook", "", "URL told of all they do: URL, or NAME=URL, comma-separated")
    whole("delivery-ms", 300, "milliseconds from queued to sent, and from sent to delivered")
    parser.add_argument(
        "--container",
        action="store_true",
        help="allow a bind beyond loopback, with ENVIRONMENT=development only",
    )
    return parser
