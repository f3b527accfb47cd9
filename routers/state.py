"""What the routes need, built once a process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from fastapi import Request
from starlette.requests import HTTPConnection

from config.settings import Settings
from database.session import Database
from routers.rate_limit import RateLimits
from services.changes import Changes
from services.establishment.directory import Directory
from services.feedback.group_commit import GroupCommit
from services.feedback.player import Player
from services.people.auth import Authenticator
from services.people.tokens import TokenSigner
from services.phone.prompts import Prompts
from services.sync.down import DownSync
from services.webhook.door import WebhookDoor
from utils.storage import Storage


@dataclass
class State:
    """The parts of a running API process."""

    settings: Settings
    database: Database
    directory: Directory
    signer: TokenSigner
    authenticator: Authenticator
    rate_limits: RateLimits
    queue_depth: Callable[[], int | None]
    storage: Storage
    intake: GroupCommit
    down: DownSync
    prompts: Prompts
    player: Player
    door: WebhookDoor
    changes: Changes


def state_of(connection: HTTPConnection) -> State:
    """The parts that `main.build_app` put on the application."""
    return cast(State, connection.app.state.careloop)


async def get_state(request: Request) -> State:
    """`state_of`, as a dependency. Asynchronous: a plain one would cost a thread each time."""
    return state_of(request)
