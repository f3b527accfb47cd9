"""What a worker or scheduler process needs, built once, after any fork."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

from config.settings import Settings, get_settings
from database.engine import service_engine
from database.session import Database
from models.establishment import Establishment
from models.reminder import Channel
from services.allowed_times import allowed_times
from services.dispatch import Pace, Paces, Rules
from services.establishment import Directory
from services.sync_down import cache_name
from utils.dry_run import DryRun
from utils.email_client import SendGridEmail, SmtpEmail
from utils.pace import Buckets
from utils.senders import Sender
from utils.shared_cache import SharedCache
from utils.storage import Storage, storage_from_url
from utils.twilio_client import TwilioSms, TwilioVoice
from workers.queue import JobQueue, connect


@dataclass
class Context:
    """The parts of a running worker or scheduler."""

    settings: Settings
    database: Database
    directory: Directory
    queue: JobQueue
    storage: Storage
    senders: dict[tuple[str, str], Sender]
    buckets: Buckets

    def sender(self, establishment_id: int, channel: str) -> Sender | None:
        """The client that sends for an establishment on a channel; None when there is none."""
        row = self.directory.sender(establishment_id, channel)
        if row is None:
            return None
        known = self.senders.get((channel, row.address))
        if known is None:
            known = _make_sender(self.settings, channel, row.address)
            if known is None:
                return None
            # Of several threads that come here at once, all use one: it holds the connections.
            known = self.senders.setdefault((channel, row.address), known)
        return known

    def rules(self, establishment: Establishment) -> Rules:
        """What an establishment lets go out."""
        paced = {
            channel.value: Pace(sender.id, sender.rate_per_second)
            for channel in Channel
            if (sender := self.directory.sender(establishment.id, channel)) is not None
            and sender.rate_per_second is not None
        }
        return Rules(
            times=allowed_times(establishment),
            daily_cap=establishment.daily_cap,
            paces=Paces(paced, partial(self._take, establishment.id)) if paced else None,
        )

    def _take(self, establishment_id: int, line: int, rate: float, wanted: int) -> int:
        return self.buckets.take(f"{establishment_id}:{line}", rate, wanted)


def _make_sender(settings: Settings, channel: str, address: str) -> Sender | None:
    """The client of one address on one channel; None when the settings name no provider for it."""
    if settings.engine.dry_run:
        return DryRun()
    connections = settings.engine.concurrency
    if channel == "email":
        return _make_email_sender(settings, address)
    if not settings.twilio.configured:
        return None
    kind = TwilioSms if channel == "sms" else TwilioVoice
    return kind(settings.twilio, address, connections)


def _make_email_sender(settings: Settings, address: str) -> Sender | None:
    match settings.email.provider:
        case "sendgrid":
            return SendGridEmail(settings.email, address, settings.engine.concurrency)
        case "smtp":
            return SmtpEmail(settings.email, address)
    return None


@lru_cache(maxsize=1)
def get_context() -> Context:
    """This process's context."""
    settings = get_settings()
    queue = JobQueue(connect(settings.redis))
    cache = SharedCache(connect(settings.redis))
    database = Database(
        service_engine(settings.database), queue.hand_over, lambda n: cache.forget(cache_name(n))
    )
    storage = storage_from_url(*settings.storage.where)
    return Context(
        settings, database, Directory(database), queue, storage, {}, Buckets(settings.redis)
    )
