"""Members of staff, what they may do where, and their sign-ins."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    String,
    Text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Sealed
from models.base import Created, SharedBase
from models.establishment import Establishment


class Role(StrEnum):
    """What a member may do in one establishment; each includes the next."""

    admin = "admin"
    staff = "staff"
    viewer = "viewer"


class User(Created, SharedBase):
    """A member of staff. Known by e-mail address; one person may work in several hospitals."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(Sealed("users.email"))
    email_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    name: Mapped[str | None] = mapped_column(Sealed("users.name"))
    password_hash: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(default=True)


class Membership(SharedBase):
    """A user's role in an establishment."""

    __tablename__ = "memberships"

    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    establishment_id: Mapped[int] = mapped_column(
        ForeignKey(Establishment.id, ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(String(8))
    active: Mapped[bool] = mapped_column(
        server_default=true(), default=True, doc="an administrator of one hospital ends this only"
    )

    __table_args__ = (CheckConstraint("role in ('admin', 'staff', 'viewer')", name="role_known"),)


class RefreshToken(Created, SharedBase):
    """One link of a sign-in. Using a link twice revokes the whole sign-in: it was stolen."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    sign_in: Mapped[UUID] = mapped_column(index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    establishment_id: Mapped[int] = mapped_column(ForeignKey(Establishment.id, ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
