"""Members of staff, kept by administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from routers.dependencies import Admin, ServiceSession, StateDep
from routers.idempotency import OnceDep
from schemas.common import Page
from schemas.user import UserChange, UserIn, UserOut
from services.people import user as users

router = APIRouter(prefix="/users", tags=["users"])

UserId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.post("", status_code=201, summary="Add a member of staff", response_model=UserOut)
def create_user(
    body: UserIn, principal: Admin, session: ServiceSession, once: OnceDep
) -> UserOut | JSONResponse:
    return once.run(session, principal, lambda: users.add_member(session, body, principal))


@router.get("", summary="Members of staff")
def list_users(
    principal: Admin,
    session: ServiceSession,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[UserOut]:
    return users.members(session, principal, cursor=cursor, limit=limit)


@router.patch("/{user_id}", summary="Change a member's role, or end or restore their access")
def change_user(user_id: UserId, body: UserChange, principal: Admin, state: StateDep) -> UserOut:
    with state.database.service() as session:
        changed = users.change_member(session, user_id, body, principal)
    state.authenticator.forget()
    return changed
