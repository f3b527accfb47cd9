"""What a campaign is drafted with: whom a filter means, a file of contacts, what texts cost."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from routers.campaigns import CampaignId
from routers.dependencies import (
    IfMatch,
    Staff,
    StaffSession,
    StateDep,
    establishment_of,
    expected_version,
)
from routers.idempotency import OnceDep
from routers.upload import CSV_BODY, ListLayoutDep, laid_out, uploaded_csv
from schemas.campaign import (
    AudienceOut,
    CampaignFilter,
    FileCheck,
    FileReport,
    TextCost,
    TextsIn,
)
from services.campaign import campaigns
from services.campaign.audience import by_language
from services.campaign.file import check, load, shares
from services.campaign.words import costs

router = APIRouter(prefix="/campaigns", tags=["campaigns"])


@router.post("/audience", summary="Whom a filter means, counted by language")
def count_audience(
    body: CampaignFilter, state: StateDep, principal: Staff, session: StaffSession
) -> AudienceOut:
    wanted = campaigns.stored_filter(body, establishment_of(state, principal)) or {}
    languages = by_language(session, wanted)
    return AudienceOut(contacts=languages.total(), languages=shares(languages))


@router.post("/texts", summary="What texts cost as SMS, while they are being written")
def count_texts(body: TextsIn, state: StateDep, principal: Staff) -> list[TextCost]:
    return costs(establishment_of(state, principal), body.texts, body.values)


@router.post(
    "/file",
    summary="What a file of contacts would lead to, every refused line among it; nothing is stored",
    openapi_extra=CSV_BODY,
)
def check_file(
    *,
    principal: Staff,  # first: nobody's file is read before we know whose it is
    content: Annotated[bytes, Depends(uploaded_csv)],
    state: StateDep,
    session: StaffSession,
    layout: ListLayoutDep,
) -> FileCheck:
    return check(session, establishment_of(state, principal).region, content, layout)


@router.post(
    "/{campaign_id}/file",
    summary="Store a file's new contacts, and add all its contacts to a draft's list",
    response_model=FileReport,
    openapi_extra=CSV_BODY,
)
def add_file(
    *,
    campaign_id: CampaignId,
    principal: Staff,  # first: nobody's file is read before we know whose it is
    content: Annotated[bytes, Depends(uploaded_csv)],
    state: StateDep,
    session: StaffSession,
    once: OnceDep,
    layout: ListLayoutDep,
    if_match: IfMatch = None,
) -> FileReport | JSONResponse:
    def store() -> FileReport:
        return load(
            session,
            establishment_of(state, principal).region,
            content,
            layout,
            lambda: campaigns.lock(session, campaign_id, expected_version(if_match)),
            principal,
        )

    return once.run(session, principal, store, status=200, body=content + laid_out(layout))
