"""What a worker or scheduler process needs, built once, after any fork."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TypeVar

from config.settings import Settings, TwilioSettings, get_settings
from database.engine import service_engine
from database.session import Database
from models import establishment as rows
from models.establishment import AskOneWay, Establishment
from services.allowed_times import allowed_times
from services.dispatch import Routes, Rules
from services.establishment.directory import Directory
from services.sender.choice import Need
from services.sync.down import cache_name
from utils.out_of_reach import OutOfReach
from utils.pace import Buckets
from utils.senders import Sender
from utils.shared_cache import SharedCache
from utils.storage import Storage, storage_from_url
from utils.twilio_media import TwilioMedia
from utils.twilio_recordings import RecordingsAway, TwilioRecordings
from workers.clients import account_of, make_sender
from workers.queue import JobQueue, connect

TWILIO = "twilio"
T = TypeVar("T")


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
    recordings: TwilioRecordings
    media: TwilioMedia
    out_of_reach: OutOfReach = field(default_factory=OutOfReach)
    own_media: dict[tuple[int, int], TwilioMedia] = field(default_factory=dict)
    own_recordings: dict[tuple[int, int], TwilioRecordings] = field(default_factory=dict)

    def sender(
        self, establishment_id: int, channel: str, sender_id: int | None = None
    ) -> Sender | None:
        """The client of one sender of an establishment's, in use or not; None when there is none.

        Without its number: of the first one on that channel. Never another than was named: its
        provider would deny what went out from the right one.
        """
        senders = self.directory.senders(establishment_id)
        row = senders.choose(Need(channel)) if sender_id is None else senders.by_id.get(sender_id)
        if row is None:
            return None
        # One client for one address and its credentials, whoever sends from it.
        own = "" if row.credentials is None else f" {row.id}.{row.version}"
        key = (row.channel + own, row.address)
        known = self.senders.get(key)
        if known is None:
            known = make_sender(self.settings, row)
            if known is None:
                return None
            # Of several threads that come here at once, all use one: it holds the connections.
            known = self.senders.setdefault(key, known)
        return known

    def media_of(self, establishment_id: int, sender_id: int | None) -> TwilioMedia:
        """What people attach to messages to a sender: its own account keeps it, if it has one.

        Raises `RecordingsAway` where that account cannot be used.
        """
        row = self._with_account(establishment_id, sender_id)
        return self.media if row is None else self._client(row, self.own_media, TwilioMedia)

    def recordings_of(self, establishment_id: int, sender_id: int | None) -> TwilioRecordings:
        """What was said in calls to and from a sender; the same of it as of `media_of`."""
        row = self._with_account(establishment_id, sender_id)
        if row is None:
            return self.recordings
        return self._client(row, self.own_recordings, TwilioRecordings)

    def _with_account(self, establishment_id: int, sender_id: int | None) -> rows.Sender | None:
        """A sender that has an account of its own with Twilio; None for every other."""
        row = self.directory.senders(establishment_id).by_id.get(sender_id or 0)
        own = row is not None and row.credentials is not None and row.provider == TWILIO
        return row if own else None

    def _client(
        self, row: rows.Sender, kept: dict[tuple[int, int], T], make: Callable[[TwilioSettings], T]
    ) -> T:
        key = row.id, row.version
        if key not in kept:
            account = account_of(self.settings.twilio, row)
            if not account.configured:  # the library would take another account's for it
                raise RecordingsAway
            kept[key] = make(account)
        return kept[key]

    def rules(self, establishment: Establishment, probes: Mapping[int, int] | None = None) -> Rules:
        """What an establishment lets go out; `probes` try a suspended sender (`Routes`)."""
        routes = Routes(
            self.directory.senders(establishment.id),
            take=partial(self._take, establishment.id),
            away=self.out_of_reach.now(),
            drop_questions=establishment.ask_one_way == AskOneWay.drop,
            probes=probes or {},
        )
        return Rules(
            times=allowed_times(establishment), daily_cap=establishment.daily_cap, routes=routes
        )

    def _take(self, establishment_id: int, line: int, rate: float, wanted: int) -> int:
        return self.buckets.take(f"{establishment_id}:{line}", rate, wanted)


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
        settings,
        database,
        Directory(database),
        queue,
        storage,
        {},
        Buckets(settings.redis),
        TwilioRecordings(settings.twilio),
        TwilioMedia(settings.twilio),
    )
