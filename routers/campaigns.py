"""Campaigns: draft, list, dry run, start, pause, resume, cancel, progress.

Staff may do all of it; every step is audited with who took it and what went to how many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from database.session import ScopedSession
from models.campaign import Campaign, CampaignStatus, Exclusion
from routers.dependencies import (
    IfMatch,
    Staff,
    StaffSession,
    StateDep,
    Viewer,
    ViewerSession,
    establishment_of,
    expected_version,
    senders_of,
)
from routers.idempotency import OnceDep
from routers.state import State
from routers.upload import (
    CSV_BODY,
    XLSX,
    ListLayoutDep,
    UnsupportedMedia,
    WholeReport,
    uploaded_csv,
)
from schemas.campaign import (
    CampaignChange,
    CampaignIn,
    CampaignOut,
    CampaignPreview,
    CampaignSummary,
    ListReport,
    RecipientOut,
    References,
    StartIn,
)
from schemas.common import MAX_ID, Page
from services.campaign import campaigns
from services.campaign.audience import by_filter, by_numbers
from services.campaign.listed import REPORTED, Line, add, contacts_of, ndjson_lines, numbered
from services.campaign.preview import preview, recipients_of
from services.campaign.shown import Named
from services.campaign.view import recipients, summaries, view
from services.contact.csv_file import parse_references
from services.errors import Invalid
from services.identity import Principal

router = APIRouter(prefix="/campaigns", tags=["campaigns"])

CampaignId = Annotated[int, Path(ge=1, le=MAX_ID)]
Cursor = Annotated[str | None, Query(max_length=40)]
Limit = Annotated[int, Query(ge=1, le=200)]

Answer = CampaignOut | JSONResponse
LIST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": CSV_BODY["requestBody"]["content"]
        | {
            "application/x-ndjson": {"schema": {"type": "string"}},
            "application/json": {"schema": References.model_json_schema()},
        },
    }
}


@router.post("", status_code=201, summary="Draft a campaign", response_model=CampaignOut)
def create_campaign(
    *,
    body: CampaignIn,
    response: Response,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    once: OnceDep,
) -> Answer:
    establishment = establishment_of(state, principal)

    def create() -> CampaignOut:
        made = campaigns.create(session, establishment, body, principal)
        report = None
        if body.patient_ids is not None:
            report = add(session, made, numbered(body.patient_ids), principal)
        response.headers["Location"] = f"/api/v1/campaigns/{made.id}"
        response.headers["ETag"] = _etag(made)
        return view(session, establishment, made).model_copy(update={"refused_list": report})

    return once.run(session, principal, create)


@router.post("/preview", summary="A dry run: who would get what, when, and who not and why")
def preview_campaign(
    body: CampaignIn, state: StateDep, principal: Staff, session: StaffSession
) -> CampaignPreview:
    establishment = establishment_of(state, principal)
    draft = campaigns.draft(body, establishment, principal.actor)
    contacts, report = contacts_of(session, body.patient_ids or [])
    shown = preview(
        session,
        establishment,
        senders_of(state, principal).by_channel,
        draft,
        by_numbers(session, contacts) if draft.filter is None else by_filter(session, draft.filter),
        datetime.now(UTC),
    )
    return shown.model_copy(update={"refused_list": None if body.patient_ids is None else report})


@router.get("", summary="Campaigns, the newest first")
def list_campaigns(
    session: ViewerSession,
    status: CampaignStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CampaignSummary]:
    return summaries(session, status=status, cursor=cursor, limit=limit)


@router.get("/{campaign_id}", summary="A campaign and its progress")
def read_campaign(
    campaign_id: CampaignId,
    response: Response,
    state: StateDep,
    principal: Viewer,
    session: ViewerSession,
) -> CampaignOut:
    return _answer(response, session, state, principal, campaigns.read(session, campaign_id))


@router.patch("/{campaign_id}", summary="Change a draft, or the name and rate of a started one")
def change_campaign(
    *,
    campaign_id: CampaignId,
    body: CampaignChange,
    response: Response,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    if_match: IfMatch = None,
) -> CampaignOut:
    changed = campaigns.change(
        session,
        establishment_of(state, principal),
        campaign_id,
        body,
        expected_version=expected_version(if_match),
        principal=principal,
    )
    return _answer(response, session, state, principal, changed)


async def _lines(request: Request, layout: ListLayoutDep) -> tuple[bytes, Iterator[Line]]:
    """The body of a list, and its lines; they are read while they are stored."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-ndjson":
        content = await request.body()
        return content, ndjson_lines(content)
    if kind == "application/json":
        content = await request.body()
        try:
            return content, numbered(References.model_validate_json(content).patient_ids)
        except ValidationError:
            raise Invalid(
                'Send {"patient_ids": [...]}.', field="patient_ids", code="list_invalid"
            ) from None
    if kind not in ("text/csv", XLSX, "multipart/form-data"):
        raise UnsupportedMedia("Send text/csv, XLSX, application/x-ndjson or application/json.")
    content = await uploaded_csv(request)
    return content, parse_references(content, layout)


@router.post(
    "/{campaign_id}/recipients",
    summary="Add to a draft's explicit list (CSV, XLSX, NDJSON or JSON)",
    response_model=ListReport,
    openapi_extra=LIST_BODY,
)
def add_recipients(
    *,
    campaign_id: CampaignId,
    principal: Staff,  # first: nobody's list is read before we know whose it is
    given: Annotated[tuple[bytes, Iterator[Line]], Depends(_lines)],
    session: StaffSession,
    once: OnceDep,
    if_match: IfMatch = None,
    whole_report: WholeReport = False,
) -> ListReport | JSONResponse:
    content, lines = given

    def store() -> ListReport:
        campaign = campaigns.lock(session, campaign_id, expected_version(if_match))
        return add(session, campaign, lines, principal, reported=None if whole_report else REPORTED)

    return once.run(session, principal, store, status=200, body=content)


@router.get("/{campaign_id}/recipients", summary="Recipients: their reminder, or why there is none")
def list_recipients(
    campaign_id: CampaignId,
    session: ViewerSession,
    reason: Exclusion | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RecipientOut]:
    campaign = campaigns.read(session, campaign_id)
    return recipients(session, campaign, reason=reason, cursor=cursor, limit=limit)


@router.post("/{campaign_id}/preview", summary="A dry run of a stored campaign's rest")
def preview_stored(
    campaign_id: CampaignId, state: StateDep, principal: Staff, session: StaffSession
) -> CampaignPreview:
    campaign = campaigns.read(session, campaign_id)
    return preview(
        session,
        establishment_of(state, principal),
        senders_of(state, principal).by_channel,
        campaign,
        recipients_of(session, campaign),
        datetime.now(UTC),
    )


@dataclass
class Step:
    """A step in a campaign's life that somebody wants to take: who, with what, from where."""

    campaign_id: CampaignId
    response: Response
    state: StateDep
    principal: Staff
    session: StaffSession
    once: OnceDep
    if_match: IfMatch = None

    def take(self, step: Callable[[int | None], tuple[Campaign, int | None]]) -> Answer:
        """Take it, given the version that is expected, or answer as before."""

        def work() -> CampaignOut:
            campaign, gone = step(expected_version(self.if_match))
            answer = _answer(self.response, self.session, self.state, self.principal, campaign)
            return answer.model_copy(update={"already_with_carrier": gone})

        return self.once.run(self.session, self.principal, work, status=200)


StepDep = Annotated[Step, Depends()]


@router.post(
    "/{campaign_id}/start", summary="Fix who gets it, and let it run", response_model=CampaignOut
)
def start_campaign(step: StepDep, body: StartIn | None = None) -> Answer:
    named = None
    if body is not None and body.dry_run is not None:
        place = establishment_of(step.state, step.principal)
        named = Named(body.dry_run, place, senders_of(step.state, step.principal).by_channel)
    return step.take(
        lambda v: (campaigns.start(step.session, step.campaign_id, v, step.principal, named), None)
    )


@router.post("/{campaign_id}/pause", summary="Let nothing more leave", response_model=CampaignOut)
def pause_campaign(step: StepDep) -> Answer:
    return step.take(lambda v: campaigns.pause(step.session, step.campaign_id, v, step.principal))


@router.post(
    "/{campaign_id}/resume", summary="Go on, at the pace, from now", response_model=CampaignOut
)
def resume_campaign(step: StepDep) -> Answer:
    place = establishment_of(step.state, step.principal)
    return step.take(
        lambda v: (
            campaigns.resume(step.session, place, step.campaign_id, v, step.principal),
            None,
        )
    )


@router.post(
    "/{campaign_id}/cancel", summary="Cancel what has not left", response_model=CampaignOut
)
def cancel_campaign(step: StepDep) -> Answer:
    return step.take(lambda v: campaigns.cancel(step.session, step.campaign_id, v, step.principal))


def _answer(
    response: Response,
    session: ScopedSession,
    state: State,
    principal: Principal,
    campaign: Campaign,
) -> CampaignOut:
    response.headers["ETag"] = _etag(campaign)
    return view(session, establishment_of(state, principal), campaign)


def _etag(campaign: Campaign) -> str:
    return f'"{campaign.version}"'
