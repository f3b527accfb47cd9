"""Senders: listed, taken into use again or out of it, by administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from routers.dependencies import Admin, AdminSession, StateDep
from schemas.sender import SenderChange, SenderOut
from services import sender as senders

router = APIRouter(prefix="/senders", tags=["senders"])

SenderId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("", summary="What the establishment sends from, and what a provider shut out")
def list_senders(session: AdminSession) -> list[SenderOut]:
    return [SenderOut.model_validate(sender) for sender in senders.listed(session)]


@router.patch("/{sender_id}", summary="Lift a suspension; take a sender out of use or into it")
def change_sender(
    sender_id: SenderId, body: SenderChange, principal: Admin, state: StateDep
) -> SenderOut:
    with state.database.establishment(principal.establishment_id) as session:
        answer = SenderOut.model_validate(senders.change(session, sender_id, body, principal))
    state.directory.forget()
    return answer
