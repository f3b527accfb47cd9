"""The client that speaks to the provider of a sender."""

from __future__ import annotations

from config.settings import Settings
from models import establishment as rows
from utils.dry_run import DryRun
from utils.email_client import SendGridEmail, SmtpEmail
from utils.senders import Sender
from utils.twilio_client import TwilioSms, TwilioVoice


def make_sender(settings: Settings, row: rows.Sender) -> Sender | None:
    """The client of one sender; None when the settings name no provider for it."""
    if settings.engine.dry_run:
        return DryRun()
    if row.channel == "email":
        return _email(settings, row.address)
    return _twilio(settings, row)


def _twilio(settings: Settings, row: rows.Sender) -> Sender | None:
    if not settings.twilio.configured:
        return None
    kind = TwilioSms if row.channel == "sms" else TwilioVoice
    return kind(settings.twilio, row.address, settings.engine.concurrency)


def _email(settings: Settings, address: str) -> Sender | None:
    match settings.email.provider:
        case "sendgrid":
            return SendGridEmail(settings.email, address, settings.engine.concurrency)
        case "smtp":
            return SmtpEmail(settings.email, address)
    return None
