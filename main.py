"""Builds the application: `uvicorn main:app`."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from config.settings import Settings, get_settings
from database.engine import service_engine
from database.session import Database
from routers import auth, contacts, departments, devices, health, problems, reminders, users
from routers.middleware import BoundedBody, Traced
from routers.rate_limit import RateLimits
from routers.simulator import simulator_router
from routers.state import State
from routers.webhooks import twilio
from services.auth import Authenticator
from services.establishment import Directory
from services.tokens import TokenSigner
from utils.logs import configure_logs
from workers.queue import JobQueue, connect

VERSION = "0.1.0"


def build_app(settings: Settings) -> FastAPI:
    """The whole application for some settings. Nothing is connected to yet."""
    app = FastAPI(title="Careloop", version=VERSION)
    app.state.careloop = _build_state(settings)
    problems.install(app)
    v1 = APIRouter(prefix="/api/v1")
    for router in (
        auth.router,
        reminders.router,
        contacts.router,
        departments.router,
        devices.router,
        users.router,
    ):
        v1.include_router(router)
    app.include_router(v1)
    app.include_router(reminders.router, prefix="/api", include_in_schema=False)
    app.include_router(twilio.router, prefix="/webhooks")
    app.include_router(health.router)
    if settings.web.simulator_url and not settings.production:
        app.include_router(simulator_router(settings.web.simulator_url))
    app.add_middleware(BoundedBody, limit=settings.web.max_body_bytes)
    app.add_middleware(Traced)
    return app


def _build_state(settings: Settings) -> State:
    queue = JobQueue(connect(settings.redis))
    database = Database(service_engine(settings.database), queue.hand_over)
    signer = TokenSigner(settings.privacy)
    return State(
        settings=settings,
        database=database,
        directory=Directory(database),
        signer=signer,
        authenticator=Authenticator(database, signer),
        rate_limits=RateLimits(settings),
        queue_depth=queue.depth,
    )


def _create() -> FastAPI:
    settings = get_settings()
    fmt = settings.operations.log_format or ("json" if settings.production else "console")
    configure_logs(settings.operations.log_level, fmt)
    return build_app(settings)


app = _create()
