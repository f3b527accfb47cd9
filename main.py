"""Builds the application: `uvicorn main:app`."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator
from functools import partial

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette_compress import CompressMiddleware

from config.settings import Settings, get_settings
from database.engine import service_engine
from database.session import Database
from routers import (
    audit,
    auth,
    campaign_drafts,
    campaigns,
    console,
    console_site,
    contacts,
    conversations,
    deliveries,
    departments,
    devices,
    establishment,
    events,
    feedback,
    health,
    links,
    manual,
    patient_app,
    phrase_files,
    phrases,
    problems,
    reminders,
    senders,
    statistics,
    sync,
    tasks,
    templates,
    today,
    uploads,
    users,
)
from routers.middleware import BoundedBody, Traced
from routers.rate_limit import RateLimits
from routers.state import State
from routers.webhooks import HANDLERS, android, sendgrid, twilio, twilio_voice
from services.changes import Changes
from services.establishment.directory import Directory
from services.feedback.group_commit import GroupCommit
from services.feedback.player import Player
from services.people.auth import Authenticator
from services.people.tokens import TokenSigner
from services.phone.prompts import Prompts
from services.readiness import NotFit
from services.sync.down import DownSync, cache_name
from services.webhook.door import WebhookDoor
from utils.crypto import get_cipher
from utils.logs import configure_logs, get_logger
from utils.shared_cache import SharedCache
from utils.spool import Spool, SpoolUnusable
from utils.storage import storage_from_url
from workers.heartbeat import Heartbeat, Report, Watch
from workers.queue import JobQueue, connect

VERSION = "0.1.0"
log = get_logger("careloop.api")
SMALL = 400
"""Bytes of an answer below which compressing it saves nothing on the wire."""
GARBAGE_AFTER = 20_000
"""New objects after which garbage is looked for: a large batch has as many, all of them in use."""
CORS_TAKEN = [
    "Authorization", "Content-Type", "Content-Encoding", "Idempotency-Key", "If-Match",
    "If-None-Match", "Prefer", "Range", "X-Correlation-Id",
    "Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum",
]  # fmt: skip
CORS_SHOWN = [
    "ETag", "Location", "Idempotency-Replayed", "Preference-Applied", "Retry-After",
    "X-Correlation-Id", "Content-Range", "Tus-Resumable", "Upload-Length", "Upload-Offset",
    "Upload-Expires",
]  # fmt: skip


def build_app(settings: Settings) -> FastAPI:
    """The whole application for some settings. Nothing is connected to yet."""
    app = FastAPI(
        title="Careloop",
        version=VERSION,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        responses=problems.DOCUMENTED,
    )
    app.state.careloop = _build_state(settings)
    problems.install(app)
    # Each straight into the application, and what comes most often first: FastAPI asks one router
    # after the other, and once more at every level of a router within a router.
    for router in (
        feedback.router,
        feedback.public_router,
        sync.router,
        sync.public_router,
        uploads.router,
        auth.router,
        console.router,
        reminders.router,
        deliveries.router,
        contacts.router,
        conversations.router,
        campaigns.router,
        campaign_drafts.router,
        departments.router,
        devices.router,
        links.router,
        tasks.router,
        phrase_files.router,
        phrases.router,
        templates.router,
        today.router,
        audit.router,
        events.router,
        statistics.router,
        senders.router,
        establishment.router,
        users.router,
    ):
        app.include_router(router, prefix="/api/v1")
    app.include_router(uploads.router, prefix="/api/v1/e/{slug}")
    manual.install(app)
    for published in (feedback.router, reminders.router):
        app.include_router(published, prefix="/api", include_in_schema=False)
    app.include_router(twilio.router, prefix="/webhooks")
    app.include_router(twilio_voice.router, prefix="/webhooks")
    app.include_router(sendgrid.router, prefix="/webhooks")
    app.include_router(android.router, prefix="/webhooks")
    app.include_router(health.router)
    app.include_router(patient_app.patient_app_router())
    app.include_router(console_site.console_site_router())
    if settings.web.simulator_url and not settings.production:
        from routers.simulator import simulator_router  # its HTTP client is for development only

        app.include_router(simulator_router(settings.web.simulator_url))
    app.add_middleware(BoundedBody, limit=settings.web.max_body_bytes, streamed=uploads.STREAMED)
    app.add_middleware(CompressMiddleware, minimum_size=SMALL, brotli_quality=5)
    if settings.web.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.web.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=CORS_TAKEN,
            expose_headers=CORS_SHOWN,
        )
    app.add_middleware(Traced)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What runs beside the requests: the intake's writer, the spool's drain, heartbeats."""
    state: State = app.state.careloop
    watch = Watch(state.database, state.settings)
    state.intake.start()
    pulse = Heartbeat(state.database, "api", partial(_report, state.door))
    watch.start()
    _start_door(state.door)
    beating = pulse.start()
    state.changes.start()
    gc.collect()
    gc.freeze()  # what was loaded at start is never garbage: the collector need not look at it
    gc.set_threshold(GARBAGE_AFTER)
    yield
    state.changes.stop()
    watch.stop()
    state.door.stop()
    beating.set()
    await run_in_threadpool(pulse.leave)
    await run_in_threadpool(state.intake.stop)


def _start_door(door: WebhookDoor) -> None:
    try:
        door.start()
    except SpoolUnusable as error:
        log.critical(f"this process must not serve: {error}")
        raise NotFit(str(error)) from error


def _report(door: WebhookDoor) -> Report:
    return Report(door.spooled(), door.turned_away_at)


def _build_state(settings: Settings) -> State:
    queue = JobQueue(connect(settings.redis))
    cache = SharedCache(connect(settings.redis))
    database = Database(
        service_engine(settings.database), queue.hand_over, lambda n: cache.forget(cache_name(n))
    )
    signer = TokenSigner(settings.privacy)
    storage = storage_from_url(*settings.storage.where)
    directory = Directory(database)
    return State(
        settings=settings,
        database=database,
        directory=directory,
        signer=signer,
        authenticator=Authenticator(database, signer),
        rate_limits=RateLimits(settings),
        queue_depth=queue.depth,
        storage=storage,
        intake=GroupCommit(database),
        down=DownSync(database, cache),
        prompts=Prompts(storage),
        player=Player(database, storage),
        door=_build_door(settings, database, directory),
        changes=Changes(database),
    )


def _build_door(settings: Settings, database: Database, directory: Directory) -> WebhookDoor:
    kept = settings.storage
    spool = Spool(kept.spool, get_cipher(), kept.spool_megabytes * 1024 * 1024)
    return WebhookDoor(database, directory, spool, HANDLERS, kept.spool_after)


def _create() -> FastAPI:
    settings = get_settings()
    fmt = settings.operations.log_format or ("json" if settings.production else "console")
    configure_logs(settings.operations.log_level, fmt)
    if settings.operations.sentry_dsn.get_secret_value():
        from utils.sentry import configure_sentry  # 20 MB that few need

        configure_sentry(settings, VERSION)
    return build_app(settings)


app = _create()
