"""What an establishment sends from, as its administrators see and change it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from database.session import ScopedSession
from models.establishment import Sender
from schemas.sender import SenderChange, SenderOut
from services.audit import audit
from services.errors import NotFound
from services.identity import Principal
from services.suspension import lift


def listed(session: ScopedSession) -> Sequence[Sender]:
    """All senders of the establishment (a hospital has some few), those in use first."""
    return session.scalars(
        select(Sender)
        .where(Sender.establishment_id == session.establishment_id)
        .order_by(Sender.active.desc(), Sender.id)
    ).all()


def names(session: ScopedSession) -> dict[int, str]:
    """What each sender of the establishment is called, those out of use too, by number."""
    own = select(Sender.id, Sender.label, Sender.address).where(
        Sender.establishment_id == session.establishment_id
    )
    return {row.id: row.label or row.address for row in session.execute(own)}


def change(
    session: ScopedSession, sender_id: int, wanted: SenderChange, principal: Principal
) -> Sender:
    """Take a sender into use again, or out of it; raises `NotFound`."""
    found = session.scalar(
        select(Sender)
        .where(Sender.id == sender_id, Sender.establishment_id == session.establishment_id)
        .with_for_update()
    )
    if found is None:
        raise NotFound("sender")
    before = facts(found)
    if wanted.active is not None:
        found.active = wanted.active
    if wanted.suspended is False:
        lift(session, found)
    session.flush()
    audit(session, principal, "change", "sender", found.id, before=before, after=facts(found))
    return found


def facts(sender: Sender) -> dict[str, object]:
    """A sender as the audit keeps it."""
    return SenderOut.model_validate(sender).model_dump(mode="json", exclude={"id"})
