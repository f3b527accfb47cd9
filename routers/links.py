"""Links for patients' own phones: made, listed, revoked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from routers.dependencies import ServiceSession, Staff, StateDep, establishment_of
from routers.idempotency import OnceDep
from schemas.common import Page
from schemas.link import LinkIn, LinkMade, LinkOut
from services.establishment.department import department_by_code
from services.people import link as links

router = APIRouter(prefix="/links", tags=["links"])

LinkId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.post(
    "",
    status_code=201,
    summary="Make a link for a QR code; its token is shown this once",
    response_model=LinkMade,
)
def create_link(
    body: LinkIn, state: StateDep, principal: Staff, session: ServiceSession, once: OnceDep
) -> LinkMade | JSONResponse:
    if body.department is not None:
        with state.database.establishment(principal.establishment_id) as own:
            department_by_code(own, body.department)

    def create() -> LinkMade:
        made = links.create(session, body, principal)
        slug = establishment_of(state, principal).slug
        return LinkMade(
            **dict(links.link_view(made.link)),
            token=made.token,
            path=links.app_path(slug, body.department, made.token),
        )

    return once.run(session, principal, create)


@router.get("", summary="Links, the newest first")
def list_links(
    principal: Staff,
    session: ServiceSession,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[LinkOut]:
    return links.listed(session, principal, cursor=cursor, limit=limit)


@router.post("/{link_id}/revoke", summary="End a link's token", response_model=LinkOut)
def revoke_link(
    link_id: LinkId, principal: Staff, state: StateDep, once: OnceDep
) -> LinkOut | JSONResponse:
    with state.database.service() as session:
        answer = once.run(
            session,
            principal,
            lambda: links.link_view(links.revoke(session, link_id, principal)),
            status=200,
        )
    state.authenticator.forget()
    return answer
