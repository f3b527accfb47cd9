"""The client that speaks to the provider of a sender."""

from __future__ import annotations

from pydantic import ValidationError

from config.settings import Settings, TwilioSettings
from models import establishment as rows
from schemas.sender_credentials import ANDROID, AndroidCredentials, TwilioCredentials
from utils.android_client import AndroidSms, Gateway
from utils.dry_run import DryRun
from utils.email_client import SendGridEmail, SmtpEmail
from utils.logs import get_logger
from utils.senders import Sender
from utils.twilio_client import TwilioSms, TwilioVoice, TwilioWhatsApp

_TWILIO: dict[str, type[TwilioSms] | type[TwilioVoice]] = {
    "sms": TwilioSms,
    "voice": TwilioVoice,
    "whatsapp": TwilioWhatsApp,
}

log = get_logger("careloop.senders")


def make_sender(settings: Settings, row: rows.Sender) -> Sender | None:
    """The client of one sender; None when the settings name no provider for it."""
    if settings.engine.dry_run:
        return DryRun()
    if row.channel == "email":
        return _email(settings, row.address)
    return _android(settings, row) if row.provider == ANDROID else _twilio(settings, row)


def _twilio(settings: Settings, row: rows.Sender) -> Sender | None:
    account = account_of(settings.twilio, row)
    kind = _TWILIO.get(row.channel)
    if kind is None or not account.configured:
        return None
    return kind(account, row.address, settings.engine.concurrency)


def account_of(settings: TwilioSettings, row: rows.Sender) -> TwilioSettings:
    """The account that a sender goes by: its own, else that of the settings."""
    if row.credentials is None:
        return settings
    try:
        own = TwilioCredentials.model_validate(row.credentials)
    except ValidationError:  # its text would show what is secret
        log.error("a sender's credentials cannot be used", sender=row.id)
        return settings.model_copy(update={"account_sid": ""})
    return settings.model_copy(
        update={"account_sid": own.account_sid, "auth_token": own.auth_token}
    )


def _email(settings: Settings, address: str) -> Sender | None:
    match settings.email.provider:
        case "sendgrid":
            return SendGridEmail(settings.email, address, settings.engine.concurrency)
        case "smtp":
            return SmtpEmail(settings.email, address)
    return None


def _android(settings: Settings, row: rows.Sender) -> Sender | None:
    """The phone that a sender is; None when what is kept of it does not lead there."""
    if row.channel != "sms" or row.credentials is None:
        return None
    try:
        kept = AndroidCredentials.model_validate(row.credentials)
    except ValidationError:  # its text would show what is secret
        log.error("a sender's credentials cannot be used", sender=row.id)
        return None
    gateway = Gateway(
        kept.url, kept.username, kept.password.get_secret_value(), kept.sim, kept.device_id
    )
    return AndroidSms(gateway, settings.android.timeout, settings.engine.concurrency)
