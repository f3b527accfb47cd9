"""Who is asking: sign-in of staff, refreshing, signing out; and the tokens of devices."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, update

from database.session import Database, ScopedSession
from models.device import Device
from models.user import Membership, RefreshToken, Role, User
from services.errors import Forbidden, NotFound, Unauthenticated
from services.identity import ANONYMOUS, Principal
from services.people.link import good_link
from services.people.passwords import check_password, nobodys_hash
from services.people.tokens import (
    ACCESS_LIFE,
    DEVICE_PREFIX,
    LINK_PREFIX,
    REFRESH_LIFE,
    AccessClaims,
    TokenSigner,
    random_token,
    token_hash,
)
from utils.crypto import SHARED, get_blind_index
from utils.email_address import normalise_email

REMEMBERED_FOR = 10.0
"""Seconds for which a checked token is not checked again: how long a revocation may take."""
REMEMBER_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Grant:
    """What a sign-in or a refresh gives."""

    access_token: str
    refresh_token: str
    expires_in: int
    establishment_id: int
    role: Role


def email_index(email: str) -> bytes:
    """The blind index under which a user is found."""
    return get_blind_index().of("user-email", email, SHARED)


def sign_in(
    session: ScopedSession,
    signer: TokenSigner,
    email: str,
    password: str,
    establishment_id: int | None = None,
) -> Grant:
    """Check an e-mail address and password; raises `Unauthenticated`.

    Someone with several establishments gets the one asked for, else the first.
    """
    normal = normalise_email(email)
    user = (
        session.scalar(select(User).where(User.email_index == email_index(normal)))
        if normal
        else None
    )
    good, better_hash = check_password(password, user.password_hash if user else nobodys_hash())
    if user is None or not good or not user.active:
        raise Unauthenticated("The e-mail address or the password is wrong.", code="login_wrong")
    if better_hash:
        user.password_hash = better_hash
    membership = _membership(session, user.id, establishment_id)
    if membership is None:
        raise Forbidden("You are not a member of this establishment.", code="not_a_member")
    return _grant(session, signer, membership, uuid4())


def _membership(
    session: ScopedSession, user_id: int, establishment_id: int | None
) -> Membership | None:
    wanted = select(Membership).where(Membership.user_id == user_id, Membership.active)
    if establishment_id is not None:
        wanted = wanted.where(Membership.establishment_id == establishment_id)
    return session.scalar(wanted.order_by(Membership.establishment_id).limit(1))


def _grant(
    session: ScopedSession, signer: TokenSigner, membership: Membership, sign_in_id: UUID
) -> Grant:
    refresh = random_token()
    session.add(
        RefreshToken(
            token_hash=token_hash(refresh),
            sign_in=sign_in_id,
            user_id=membership.user_id,
            establishment_id=membership.establishment_id,
            expires_at=datetime.now(UTC) + REFRESH_LIFE,
        )
    )
    claims = AccessClaims(membership.user_id, membership.establishment_id, sign_in_id)
    return Grant(
        access_token=signer.sign(claims),
        refresh_token=refresh,
        expires_in=int(ACCESS_LIFE.total_seconds()),
        establishment_id=membership.establishment_id,
        role=Role(membership.role),
    )


def refresh(
    session: ScopedSession,
    signer: TokenSigner,
    token: str,
    *,
    again_within: timedelta = timedelta(),
) -> Grant | None:
    """Swap a refresh token for a new pair; each can be used once.

    None when it was used before: then somebody has a copy, and the whole sign-in has been
    revoked. (Not an exception: the revocation must be committed.) It may be used again for
    `again_within`: the answer to the first use was lost on the way, or two windows of one browser
    asked at once. Raises `Unauthenticated`.
    """
    link = session.get(RefreshToken, token_hash(token), with_for_update=True)
    if link is None or link.revoked_at is not None or link.expires_at < datetime.now(UTC):
        raise Unauthenticated("Log in again.", code="refresh_invalid")
    now = datetime.now(UTC)
    if link.used_at is not None and now >= link.used_at + again_within:
        revoke_sign_in(session, link.sign_in)
        return None
    link.used_at = link.used_at or now
    user = session.get_one(User, link.user_id)
    membership = _membership(session, link.user_id, link.establishment_id)
    if not user.active or membership is None:
        raise Unauthenticated("Log in again.", code="refresh_invalid")
    return _grant(session, signer, membership, link.sign_in)


def switch(
    session: ScopedSession,
    signer: TokenSigner,
    user_id: int,
    sign_in_id: UUID,
    establishment_id: int,
) -> Grant:
    """Go to work for another establishment: this sign-in ends, a new one begins.

    A token is for one establishment as long as it lives. Raises `NotFound` where the user is no
    member.
    """
    membership = _membership(session, user_id, establishment_id)
    if membership is None:
        raise NotFound("establishment")
    revoke_sign_in(session, sign_in_id)
    return _grant(session, signer, membership, uuid4())


def revoke_sign_in(session: ScopedSession, sign_in_id: UUID) -> None:
    """End one sign-in: its refresh tokens at once, its access tokens within seconds."""
    session.execute(
        update(RefreshToken)
        .where(RefreshToken.sign_in == sign_in_id, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=datetime.now(UTC))
    )


def end_sign_in(session: ScopedSession, token: str) -> None:
    """End the sign-in that a refresh token belongs to; an unknown token is nobody's."""
    link = session.get(RefreshToken, token_hash(token))
    if link is not None:
        revoke_sign_in(session, link.sign_in)


def revoke_everywhere(
    session: ScopedSession,
    user_id: int,
    *,
    establishment_id: int | None = None,
    except_for: UUID | None = None,
) -> None:
    """End every sign-in of a user: at one establishment, or but for one, where asked."""
    ended = update(RefreshToken).where(
        RefreshToken.user_id == user_id, RefreshToken.revoked_at.is_(None)
    )
    if establishment_id is not None:
        ended = ended.where(RefreshToken.establishment_id == establishment_id)
    if except_for is not None:
        ended = ended.where(RefreshToken.sign_in != except_for)
    session.execute(ended.values(revoked_at=datetime.now(UTC)))


class Authenticator:
    """Turns a bearer token into a principal, and remembers it for some seconds."""

    def __init__(self, database: Database, signer: TokenSigner) -> None:
        self._database = database
        self._signer = signer
        self._remembered: dict[str, tuple[float, Principal]] = {}

    def remembered(self, token: str) -> Principal | None:
        """The principal of a token that was checked a moment ago. Never blocks."""
        found = self._remembered.get(token)
        if found is None or found[0] < time.monotonic():
            return None
        return found[1]

    def authenticate(self, token: str) -> Principal:
        """Check a token against the database; raises `Unauthenticated`."""
        known = self.remembered(token)
        if known is not None:
            return known
        if token.startswith(DEVICE_PREFIX):
            principal = self._device(token)
        elif token.startswith(LINK_PREFIX):
            principal = self._link(token)
        else:
            principal = self._user(self._signer.read(token))
        if len(self._remembered) >= REMEMBER_AT_MOST:
            self._remembered.clear()
        self._remembered[token] = (time.monotonic() + REMEMBERED_FOR, principal)
        return principal

    def forget(self) -> None:
        """Check every token again at its next use: something was revoked here."""
        self._remembered.clear()

    def _user(self, claims: AccessClaims) -> Principal:
        with self._database.service() as session:
            role = session.scalar(
                select(Membership.role)
                .join(User, User.id == Membership.user_id)
                .where(
                    Membership.user_id == claims.user_id,
                    Membership.establishment_id == claims.establishment_id,
                    User.active,
                    Membership.active,
                    select(RefreshToken.token_hash)
                    .where(
                        RefreshToken.sign_in == claims.sign_in,
                        RefreshToken.revoked_at.is_(None),
                    )
                    .exists(),
                )
            )
        if role is None:
            raise Unauthenticated("This sign-in was ended: log in again.", code="token_revoked")
        return Principal(
            establishment_id=claims.establishment_id,
            actor=f"user:{claims.user_id}",
            role=Role(role),
            user_id=claims.user_id,
            sign_in=claims.sign_in,
        )

    def _device(self, token: str) -> Principal:
        with self._database.service() as session:
            device = session.scalar(
                select(Device).where(
                    Device.token_hash == token_hash(token), Device.revoked_at.is_(None)
                )
            )
        if device is None:
            raise Unauthenticated("This device is not enrolled.", code="token_revoked")
        return Principal(
            establishment_id=device.establishment_id,
            actor=f"device:{device.id}",
            device_id=device.id,
            for_staff=device.for_staff,
        )

    def _link(self, token: str) -> Principal:
        """Anybody who came by a good link: as anonymous as without, but let in."""
        with self._database.service() as session:
            link = good_link(session, token)
        if link is None:
            raise Unauthenticated("This link is no longer good.", code="token_revoked")
        return Principal(establishment_id=link.establishment_id, actor=ANONYMOUS, link_id=link.id)
