"""Dependencies with names: who asks, for which establishment, with which session.

Everything here runs to its end before the answer goes out (`scope="function"`): with FastAPI's
default the commit would come after it, and a failed one would still say 200.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import OAuth2PasswordBearer
from starlette.concurrency import run_in_threadpool

from database.session import ScopedSession
from models.establishment import Establishment
from models.user import Role
from routers.console_cookies import cookie_token
from routers.state import State, get_state, state_of
from services.errors import CareloopError, Conflict, Forbidden, Unauthenticated
from services.identity import ANONYMOUS, Principal
from services.reminder.plan import Senders
from services.sender.choice import Need

_LEVEL = {Role.viewer: 1, Role.staff: 2, Role.admin: 3}

bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/auth/token", auto_error=False)

StateDep = Annotated[State, Depends(get_state)]


async def _token(request: Request, given: Annotated[str | None, Depends(bearer)]) -> str | None:
    """The bearer token; without one the staff console's cookie, where the console itself asks."""
    return given or cookie_token(request, state_of(request).settings.web)


TokenDep = Annotated[str | None, Depends(_token)]
SHOWN_ESTABLISHMENT = "X-Careloop-Establishment"
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)
]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=40)]


def require(role: Role) -> Callable[[Request, State, str | None], Principal]:
    """A dependency that lets through members of staff with at least this role."""

    def check(request: Request, state: StateDep, token: TokenDep) -> Principal:
        if not token:
            raise Unauthenticated("Log in first: POST /api/v1/auth/token.")
        principal = _authenticated(request, state, token)
        state.rate_limits.take(request, principal)
        _refuse_another_place(request, principal)
        if principal.role is None or _LEVEL[principal.role] < _LEVEL[role]:
            raise Forbidden(f"This needs the role {role.value}.", code="role_too_low")
        return principal

    return check


def _refuse_another_place(request: Request, principal: Principal) -> None:
    """A page says which establishment it shows: it never writes into another one.

    Somebody may have gone to work for another establishment in a second window meanwhile, and a
    cookie is all windows'. The header chooses nothing, it only refuses.
    """
    shown = request.headers.get(SHOWN_ESTABLISHMENT)
    if shown is not None and shown != str(principal.establishment_id):
        raise Conflict(
            "You work for another establishment now: load this page again.",
            code="other_establishment",
        )


def _authenticated(request: Request, state: State, token: str) -> Principal:
    """The principal of a token; a wrong one costs its address a permit, so guessing is slow."""
    try:
        return state.authenticator.authenticate(token)
    except Unauthenticated:
        state.rate_limits.take(request)
        raise


Viewer = Annotated[Principal, Depends(require(Role.viewer), scope="function")]
Staff = Annotated[Principal, Depends(require(Role.staff), scope="function")]
Admin = Annotated[Principal, Depends(require(Role.admin), scope="function")]


def _viewer_session(state: StateDep, principal: Viewer) -> Iterator[ScopedSession]:
    with state.database.establishment(principal.establishment_id) as session:
        yield session


def _staff_session(state: StateDep, principal: Staff) -> Iterator[ScopedSession]:
    with state.database.establishment(principal.establishment_id) as session:
        yield session


def _admin_session(state: StateDep, principal: Admin) -> Iterator[ScopedSession]:
    with state.database.establishment(principal.establishment_id) as session:
        yield session


ViewerSession = Annotated[ScopedSession, Depends(_viewer_session, scope="function")]
StaffSession = Annotated[ScopedSession, Depends(_staff_session, scope="function")]
AdminSession = Annotated[ScopedSession, Depends(_admin_session, scope="function")]


async def _submitter(request: Request, token: TokenDep) -> Principal:
    """Who submits: a member of staff, a device, or anybody where the establishment allows it.

    Without a token the path `/api/v1/e/{slug}/…` says which establishment it is, else it is the
    default one. Asynchronous, and nothing is waited for when all is known: this is the hot path,
    on which a dependency costs as much as to seal a feedback.
    """
    state = state_of(request)
    slug = request.path_params.get("slug")
    known = state.authenticator.remembered(token) if token else None
    if state.directory.fresh and (known is not None or token is None):
        principal = _submitting(state, known, slug)
    else:
        principal = await run_in_threadpool(_ask_submitter, request, state, token, slug)
    await state.rate_limits.acquire(request, principal)
    return principal


def _ask_submitter(
    request: Request, state: State, token: str | None, slug: str | None
) -> Principal:
    known = _authenticated(request, state, token) if token else None
    return _submitting(state, known, slug)


def _submitting(state: State, known: Principal | None, slug: str | None) -> Principal:
    establishment = state.directory.by_slug(slug) if slug else None
    if known is not None:
        if establishment is not None and establishment.id != known.establishment_id:
            raise Forbidden("This token is another establishment's.", code="other_establishment")
        return known
    establishment = establishment or state.directory.default()
    if not establishment.anonymous_feedback:
        raise Unauthenticated(
            "This establishment takes feedback from enrolled devices, from staff, and by its links."
        )
    return Principal(establishment_id=establishment.id, actor=ANONYMOUS)


Submitter = Annotated[Principal, Depends(_submitter, scope="function")]


def _log_in_permit(request: Request, state: StateDep) -> None:
    state.rate_limits.take_log_in(request)


LogInPermit = Depends(_log_in_permit)
"""For `dependencies=[...]` of routes that try a password or a code."""


def _service_session(state: StateDep) -> Iterator[ScopedSession]:
    with state.database.service() as session:
        yield session


ServiceSession = Annotated[ScopedSession, Depends(_service_session, scope="function")]


def establishment_of(state: State, principal: Principal) -> Establishment:
    """The establishment that a principal belongs to."""
    return state.directory.get(principal.establishment_id)


def senders_of(state: State, principal: Principal) -> Senders:
    """What the principal's establishment sends from."""
    senders = state.directory.senders(principal.establishment_id)
    found = {channel: senders.choose(Need(channel)) for channel in ("sms", "voice", "email")}
    return Senders(
        {channel: sender for channel, sender in found.items() if sender},
        frozenset(channel for channel in found if senders.two_way(channel)),
    )


def expected_version(if_match: str | None) -> int | None:
    """The version named by `If-Match: "3"`; None without one."""
    if if_match is None or if_match.strip() == "*":
        return None
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdigit()):
        raise CareloopError(
            'If-Match takes the ETag of an earlier answer, such as "3".',
            code="if_match_invalid",
            field="header.If-Match",
        )
    return int(digits[:18])


async def correlation_id(request: Request) -> str:
    """The id that follows this request into its jobs and callbacks."""
    return str(request.state.correlation_id)


CorrelationId = Annotated[str, Depends(correlation_id)]
