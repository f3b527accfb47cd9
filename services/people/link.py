"""Links for patients' own phones: an anonymous token each, made and revoked by staff.

The token says that somebody stood before a poster of this hospital, nothing else: feedback that
comes by it is as anonymous as any. An establishment that takes no open anonymous feedback takes it
from who has a link (docs/decisions/0021).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, or_, select

from database.session import ScopedSession
from models.link import Link
from schemas.common import Page
from schemas.link import LinkIn, LinkOut
from services.audit import audit
from services.errors import Invalid, NotFound
from services.identity import Principal
from services.paging import decode_cursor, encode_cursor
from services.people.tokens import LINK_PREFIX, random_token, token_hash


@dataclass(frozen=True)
class NewLink:
    """A link that was just made, and its token, which is not stored."""

    link: Link
    token: str


def create(session: ScopedSession, wanted: LinkIn, principal: Principal) -> NewLink:
    """Make a link; raises `Invalid` for an end that has passed."""
    if wanted.expires_at is not None and _utc(wanted.expires_at) <= datetime.now(UTC):
        raise Invalid("This time has passed.", field="expires_at", code="expires_at_past")
    token = random_token(LINK_PREFIX)
    link = Link(
        establishment_id=principal.establishment_id,
        name=wanted.name,
        token_hash=token_hash(token),
        expires_at=_utc(wanted.expires_at) if wanted.expires_at else None,
    )
    session.add(link)
    session.flush()
    session.refresh(link)
    audit(session, principal, "create", "link", link.id, after={"name": wanted.name})
    return NewLink(link, token)


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def revoke(session: ScopedSession, link_id: int, principal: Principal) -> Link:
    """End a link's token; may be repeated. Raises `NotFound`."""
    link = session.scalar(
        select(Link)
        .where(Link.id == link_id, Link.establishment_id == principal.establishment_id)
        .with_for_update()
    )
    if link is None:
        raise NotFound("link")
    if link.revoked_at is None:
        link.revoked_at = datetime.now(UTC)
        session.flush()
        audit(session, principal, "revoke", "link", link.id)
    return link


def good_link(session: ScopedSession, token: str) -> Link | None:
    """The link of a token that is good now."""
    return session.scalar(
        select(Link).where(
            Link.token_hash == token_hash(token),
            Link.revoked_at.is_(None),
            or_(Link.expires_at.is_(None), Link.expires_at > func.now()),
        )
    )


def listed(
    session: ScopedSession, principal: Principal, *, cursor: str | None, limit: int
) -> Page[LinkOut]:
    """A page of the establishment's links, the newest first."""
    wanted = select(Link).where(Link.establishment_id == principal.establishment_id)
    if cursor is not None:
        wanted = wanted.where(Link.id < decode_cursor(cursor)[1])
    rows = session.scalars(wanted.order_by(Link.id.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=[link_view(link) for link in shown],
        cursor=encode_cursor(shown[-1].created_at, shown[-1].id) if more else None,
    )


def link_view(link: Link) -> LinkOut:
    """A link as it is shown."""
    return LinkOut(
        id=link.id,
        name=link.name,
        status=_status(link),
        created_at=link.created_at,
        expires_at=link.expires_at,
        revoked_at=link.revoked_at,
    )


def _status(link: Link) -> str:
    if link.revoked_at is not None:
        return "revoked"
    expired = link.expires_at is not None and link.expires_at <= datetime.now(UTC)
    return "expired" if expired else "good"


def app_path(slug: str, department: str | None, token: str) -> str:
    """Where the app opens with a link: all that tells something stands in the fragment, which no
    browser sends."""
    return f"/app/#/{slug}/{department or '-'}/{token}"
