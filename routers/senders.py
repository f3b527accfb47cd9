"""Senders: listed, entered, changed, put into order and retired by administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse

from models.establishment import Sender
from routers.dependencies import (
    Admin,
    AdminSession,
    IfMatch,
    StateDep,
    establishment_of,
    expected_version,
)
from routers.idempotency import OnceDep
from schemas.sender import (
    SenderChange,
    SenderChoicesOut,
    SenderGone,
    SenderIn,
    SenderOrder,
    SenderOut,
)
from services.sender import senders
from services.sender.address import sender_address
from services.sender.provider import choices, provider_for

router = APIRouter(prefix="/senders", tags=["senders"])

SenderId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("", summary="What the establishment sends from, and what a provider shut out")
def list_senders(
    session: AdminSession,
    retired: Annotated[bool, Query(description="also those that were given up")] = False,
) -> list[SenderOut]:
    return [SenderOut.model_validate(one) for one in senders.listed(session, retired=retired)]


@router.post("", status_code=201, summary="Add a sender", response_model=SenderOut)
def create_sender(
    body: SenderIn, response: Response, principal: Admin, state: StateDep, once: OnceDep
) -> SenderOut | JSONResponse:
    place = establishment_of(state, principal)
    provider = provider_for(body.channel, body.provider, state.settings)
    with state.database.service() as session:
        address = sender_address(place, body.channel, body.address)
        senders.refuse_anothers(session, place.id, address)

    def create() -> SenderOut:
        made = senders.create(own, place, body, provider, principal)
        response.headers["Location"] = f"/api/v1/senders/{made.id}"
        return _shown(made, response)

    with state.database.establishment(place.id) as own:
        answer = once.run(own, principal, create)
    state.directory.forget()
    return answer


@router.get("/choices", summary="Providers, their credentials, and operators to choose from")
def sender_choices(principal: Admin, state: StateDep) -> SenderChoicesOut:
    return choices(state.settings, establishment_of(state, principal))


@router.put("/order", summary="Put the senders of a channel into the order of the choice")
def order_senders(body: SenderOrder, principal: Admin, state: StateDep) -> list[SenderOut]:
    with state.database.establishment(principal.establishment_id) as session:
        answer = [
            SenderOut.model_validate(one) for one in senders.arrange(session, body, principal)
        ]
    state.directory.forget()
    return answer


@router.get("/{sender_id}", summary="One sender, retired or not")
def read_sender(sender_id: SenderId, response: Response, session: AdminSession) -> SenderOut:
    return _shown(senders.read(session, sender_id), response)


@router.patch(
    "/{sender_id}",
    summary="Change a sender, lift its suspension, take it out of use or into it; If-Match",
)
def change_sender(
    sender_id: SenderId,
    body: SenderChange,
    response: Response,
    principal: Admin,
    state: StateDep,
    if_match: IfMatch = None,
) -> SenderOut:
    if body.active:
        with state.database.service() as session:
            senders.refuse_anothers_again(session, principal.establishment_id, sender_id)
    with state.database.establishment(principal.establishment_id) as session:
        changed = senders.change(
            session,
            establishment_of(state, principal),
            sender_id,
            body,
            expected_version=expected_version(if_match),
            principal=principal,
        )
        answer = _shown(changed, response)
    state.directory.forget()
    return answer


@router.delete(
    "/{sender_id}", summary="Delete a sender that was never used, retire any other; If-Match"
)
def retire_sender(
    sender_id: SenderId, principal: Admin, state: StateDep, if_match: IfMatch = None
) -> SenderGone:
    with state.database.establishment(principal.establishment_id) as session:
        outcome = senders.retire(
            session,
            sender_id,
            expected_version=expected_version(if_match),
            principal=principal,
        )
    state.directory.forget()
    return SenderGone(id=sender_id, outcome=outcome)


def _shown(sender: Sender, response: Response) -> SenderOut:
    response.headers["ETag"] = f'"{sender.version}"'
    return SenderOut.model_validate(sender)
