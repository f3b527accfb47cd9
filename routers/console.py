"""The staff console's session: tokens in cookies that no script can read."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.security import OAuth2PasswordRequestForm

from routers.console_cookies import (
    CONSOLE_HEADER,
    refresh_cookie,
    refuse_other_origins,
    set_cookies,
    take_cookies_away,
)
from routers.dependencies import LogInPermit, ServiceSession, StateDep, TokenDep, Viewer
from routers.problems import rule_broken
from schemas.console import ConsoleMe, EstablishmentChoice
from services.errors import Forbidden, Unauthenticated
from services.people import auth
from services.people import user as users
from services.people.auth import Grant

AGAIN_WITHIN = timedelta(seconds=60)
"""A refresh whose answer was lost on a poor link, or two windows at once, is not a thief."""


def _by_the_console(request: Request) -> None:
    if request.headers.get(CONSOLE_HEADER) != "1":
        raise Forbidden(f"The console sends {CONSOLE_HEADER}: 1.", code="console_only")
    refuse_other_origins(request)


router = APIRouter(prefix="/console", tags=["console"], dependencies=[Depends(_by_the_console)])


@router.post("/session", status_code=204, summary="Log in (form)", dependencies=[LogInPermit])
def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    response: Response,
    state: StateDep,
    session: ServiceSession,
    establishment: Annotated[str | None, Form(max_length=63)] = None,
) -> None:
    wanted = state.directory.by_slug(establishment).id if establishment else None
    grant = auth.sign_in(session, state.signer, form.username, form.password, wanted)
    set_cookies(response, grant, state.settings.web)


@router.post(
    "/session/refresh",
    status_code=204,
    summary="Go on with the session",
    dependencies=[LogInPermit],
)
def refresh(request: Request, state: StateDep) -> Response:
    try:
        grant = _refreshed(refresh_cookie(request, state.settings.web), state)
    except Unauthenticated as over:
        answer: Response = rule_broken(request, over)
        take_cookies_away(answer, state.settings.web)
        return answer
    answer = Response(status_code=204)
    set_cookies(answer, grant, state.settings.web)
    return answer


def _refreshed(token: str | None, state: StateDep) -> Grant:
    if token is None:
        raise Unauthenticated("Log in again.", code="refresh_invalid")
    with state.database.service() as session:
        grant = auth.refresh(session, state.signer, token, again_within=AGAIN_WITHIN)
    if grant is None:
        state.authenticator.forget()
        raise Unauthenticated("This session was ended: log in again.", code="refresh_reused")
    return grant


@router.delete("/session", status_code=204, summary="Log out")
def log_out(request: Request, response: Response, state: StateDep, session: ServiceSession) -> None:
    token = refresh_cookie(request, state.settings.web)
    if token is not None:
        auth.end_sign_in(session, token)
        state.authenticator.forget()
    take_cookies_away(response, state.settings.web)


@router.delete("/sessions", status_code=204, summary="Log out everywhere")
def log_out_everywhere(
    response: Response, principal: Viewer, state: StateDep, session: ServiceSession
) -> None:
    assert principal.user_id is not None  # a viewer is a user
    auth.revoke_everywhere(session, principal.user_id)
    state.authenticator.forget()
    take_cookies_away(response, state.settings.web)


@router.get("/me", summary="Who I am, where I work and where else I may")
def me(
    response: Response,
    principal: Viewer,
    token: TokenDep,
    state: StateDep,
    session: ServiceSession,
) -> ConsoleMe:
    response.headers["Cache-Control"] = "no-store"
    return users.console_me(session, principal, state.signer.read(token or ""))


@router.post("/establishment", status_code=204, summary="Work for another establishment")
def switch_establishment(
    body: EstablishmentChoice, response: Response, principal: Viewer, state: StateDep
) -> None:
    assert principal.user_id is not None  # a viewer is a user
    assert principal.sign_in is not None
    with state.database.service() as session:
        grant = auth.switch(
            session, state.signer, principal.user_id, principal.sign_in, body.establishment_id
        )
    state.authenticator.forget()
    set_cookies(response, grant, state.settings.web)
