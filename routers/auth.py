"""Sign-in, refreshing, signing out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.security import OAuth2PasswordRequestForm

from routers.dependencies import LogInPermit, ServiceSession, StateDep, Viewer
from schemas.auth import RefreshIn, TokenOut
from schemas.user import MeOut, PasswordChange
from services.errors import Unauthenticated
from services.people import auth
from services.people import user as users

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/token", summary="Log in (OAuth2 password form)", dependencies=[LogInPermit])
def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    state: StateDep,
    session: ServiceSession,
    establishment: Annotated[str | None, Form(max_length=63)] = None,
) -> TokenOut:
    wanted = state.directory.by_slug(establishment).id if establishment else None
    grant = auth.sign_in(session, state.signer, form.username, form.password, wanted)
    return TokenOut.model_validate(grant)


@router.post("/refresh", summary="Swap a refresh token for a new pair", dependencies=[LogInPermit])
def refresh(body: RefreshIn, state: StateDep) -> TokenOut:
    with state.database.service() as session:
        grant = auth.refresh(session, state.signer, body.refresh_token)
    if grant is None:
        state.authenticator.forget()
        raise Unauthenticated(
            "This token was used before, so its sign-in was ended: log in again.",
            code="refresh_reused",
        )
    return TokenOut.model_validate(grant)


@router.post("/logout", status_code=204, summary="End this sign-in")
def log_out(body: RefreshIn, state: StateDep, session: ServiceSession) -> None:
    auth.end_sign_in(session, body.refresh_token)
    state.authenticator.forget()


@router.post("/logout-everywhere", status_code=204, summary="End all of my sign-ins")
def log_out_everywhere(principal: Viewer, state: StateDep, session: ServiceSession) -> None:
    assert principal.user_id is not None  # a viewer is a user
    auth.revoke_everywhere(session, principal.user_id)
    state.authenticator.forget()


@router.get("/me", summary="Who I am, and where I may sign in")
def me(principal: Viewer, session: ServiceSession) -> MeOut:
    return users.me(session, principal)


@router.post(
    "/password",
    status_code=204,
    summary="Change my password; ends my other sign-ins",
    dependencies=[LogInPermit],
)
def change_password(body: PasswordChange, principal: Viewer, state: StateDep) -> None:
    with state.database.service() as session:
        users.change_password(
            session,
            principal,
            body.current_password.get_secret_value(),
            body.new_password.get_secret_value(),
        )
    state.authenticator.forget()
