"""Members of staff: made, given a role."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.user import Membership, Role, User
from services.auth import email_index, passwords
from services.errors import Invalid
from utils.email_address import normalise_email

SHORTEST_PASSWORD = 12


def create_user(
    session: Session,
    establishment_id: int,
    *,
    email: str,
    password: str,
    role: Role,
    name: str | None,
) -> User:
    """Make a user with a role, or give an existing one a role here; raises `Invalid`."""
    normal = normalise_email(email)
    if normal is None:
        raise Invalid("This is not an e-mail address.", field="email", code="email_invalid")
    user = session.scalar(select(User).where(User.email_index == email_index(normal)))
    if user is None:
        if len(password) < SHORTEST_PASSWORD:
            raise Invalid(
                f"At least {SHORTEST_PASSWORD} characters.", field="password", code="password_short"
            )
        user = User(
            email=normal,
            email_index=email_index(normal),
            name=name,
            password_hash=passwords.hash(password),
        )
        session.add(user)
        session.flush()
    membership = session.get(Membership, (user.id, establishment_id))
    if membership is None:
        session.add(Membership(user_id=user.id, establishment_id=establishment_id, role=role.value))
    else:
        membership.role = role.value
    session.flush()
    return user
