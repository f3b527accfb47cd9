"""Members of staff: made, given a role, changed; their passwords."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from database.session import ScopedSession
from models.establishment import Establishment
from models.user import Membership, Role, User
from schemas.common import Page
from schemas.console import ConsoleMe, ConsoleMembership, ConsoleUser
from schemas.user import MemberOut, MembershipOut, MeOut, UserChange, UserIn, UserOut
from services.audit import audit
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.identity import Principal
from services.paging import decode_cursor, encode_cursor
from services.people.auth import email_index, revoke_everywhere
from services.people.passwords import check_password, hash_password
from services.people.tokens import AccessClaims
from utils.email_address import normalise_email

SHORTEST_PASSWORD = 12
MOST_COLLEAGUES = 2000


def create_user(
    session: Session,
    establishment_id: int,
    *,
    email: str,
    password: str,
    role: Role,
    name: str | None,
) -> User:
    """Make a user with a role, or give an existing one a role here; raises `Invalid`.

    Somebody who is known already keeps their password: it is theirs, not this hospital's.
    """
    normal = _email(email)
    user = session.scalar(select(User).where(User.email_index == email_index(normal)))
    if user is None:
        user = User(
            email=normal,
            email_index=email_index(normal),
            name=name,
            password_hash=_hashed(password, "password"),
        )
        session.add(user)
        session.flush()
    membership = session.get(Membership, (user.id, establishment_id))
    if membership is None:
        session.add(Membership(user_id=user.id, establishment_id=establishment_id, role=role.value))
    else:
        membership.role = role.value
        membership.active = True
    session.flush()
    return user


def _email(text: str) -> str:
    normal = normalise_email(text)
    if normal is None:
        raise Invalid("This is not an e-mail address.", field="email", code="email_invalid")
    return normal


def _hashed(password: str, field: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(
            f"At least {SHORTEST_PASSWORD} characters.", field=field, code="password_short"
        )
    return hash_password(password)


def add_member(session: ScopedSession, wanted: UserIn, principal: Principal) -> UserOut:
    """Make a member of the principal's establishment; raises `Conflict` for one who is known.

    One hospital's administrator can neither see nor sign up another's staff: whoever works in
    several is let in by the operator (`python cli.py create-user`).
    """
    place = principal.establishment_id
    known = session.execute(
        select(User.id, Membership.user_id.is_not(None))
        .outerjoin(
            Membership,
            (Membership.user_id == User.id) & (Membership.establishment_id == place),
        )
        .where(User.email_index == email_index(_email(wanted.email)))
    ).one_or_none()
    if known is not None and known[1]:
        raise Conflict(
            "This person is a member already.",
            code="already_member",
            field="email",
            row_id=known[0],
        )
    if known is not None:
        raise Conflict(
            "This person has an account already. Ask whoever runs Careloop to let them in here:"
            " python cli.py create-user.",
            code="account_exists",
            field="email",
        )
    user = create_user(
        session,
        place,
        email=wanted.email,
        password=wanted.password.get_secret_value(),
        role=wanted.role,
        name=wanted.name,
    )
    made = member(session, user.id, principal)
    audit(session, principal, "create", "user", user.id, after=_facts(made))
    return made


def member(session: ScopedSession, user_id: int, principal: Principal) -> UserOut:
    """A member of the principal's establishment; raises `NotFound`."""
    row = session.execute(
        select(User, Membership)
        .join(Membership, Membership.user_id == User.id)
        .where(User.id == user_id, Membership.establishment_id == principal.establishment_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("user")
    return _view(row)


def members(
    session: ScopedSession, principal: Principal, *, cursor: str | None, limit: int
) -> Page[UserOut]:
    """A page of the establishment's members, in the order in which they came."""
    wanted = (
        select(User, Membership)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.establishment_id == principal.establishment_id)
    )
    if cursor is not None:
        wanted = wanted.where(User.id > decode_cursor(cursor)[1])
    rows: Sequence[Row[User, Membership]] = session.execute(
        wanted.order_by(User.id).limit(limit + 1)
    ).all()
    items = [_view(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(
        items=items, cursor=encode_cursor(items[-1].created_at, items[-1].id) if more else None
    )


def colleagues(session: ScopedSession, principal: Principal) -> list[MemberOut]:
    """Everybody who works or worked at the principal's establishment, in the order they came."""
    rows = session.execute(
        select(User, Membership)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.establishment_id == principal.establishment_id)
        .order_by(User.id)
        .limit(MOST_COLLEAGUES)
    ).all()
    return [
        MemberOut(id=one.id, name=one.name or one.email, role=one.role, active=one.active)
        for one in map(_view, rows)
    ]


def _view(row: Row[User, Membership]) -> UserOut:
    user, membership = row
    return UserOut(
        id=user.id,
        email=user.email,
        name=user.name,
        role=Role(membership.role),
        active=membership.active and user.active,
        created_at=user.created_at,
    )


def _facts(user: UserOut) -> dict[str, object]:
    """A member as the audit keeps it (sealed)."""
    return user.model_dump(mode="json", include={"email", "name", "role", "active"})


def change_member(
    session: ScopedSession, user_id: int, wanted: UserChange, principal: Principal
) -> UserOut:
    """Change a member's role, or end their access here, with all their sign-ins here.

    The last active administrator stays one: else nobody could ever let anybody in again. All
    administrators' rows are locked first, so two who demote each other do not both succeed.
    """
    place = principal.establishment_id
    admins = session.scalars(
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.establishment_id == place,
            Membership.role == Role.admin.value,
            Membership.active,
            User.active,
        )
        .order_by(Membership.user_id)
        .with_for_update(of=Membership)
    ).all()
    before = member(session, user_id, principal)
    role = wanted.role or before.role
    active = before.active if wanted.active is None else wanted.active
    stays_admin = active and role is Role.admin
    if list(admins) == [user_id] and not stays_admin:
        raise Conflict("The last administrator cannot be taken away.", code="last_admin")
    membership = session.get_one(Membership, (user_id, place), with_for_update=True)
    membership.role = role.value
    if wanted.active is not None:
        membership.active = wanted.active
    session.flush()
    if before.active and not active:
        revoke_everywhere(session, user_id, establishment_id=place)
    after = member(session, user_id, principal)
    audit(session, principal, "change", "user", user_id, before=_facts(before), after=_facts(after))
    return after


def me(session: ScopedSession, principal: Principal) -> MeOut:
    """Who is signed in, and every establishment where they may sign in."""
    myself = member(session, _user_id(principal), principal)
    return MeOut(
        id=myself.id,
        email=myself.email,
        name=myself.name,
        establishment_id=principal.establishment_id,
        role=myself.role,
        establishments=[
            MembershipOut(id=place.id, slug=place.slug, name=place.name, role=Role(role))
            for place, role in _places(session, myself.id)
        ],
    )


def console_me(session: ScopedSession, principal: Principal, claims: AccessClaims) -> ConsoleMe:
    """Who is signed in, and every establishment where they may work, with its languages."""
    myself = member(session, _user_id(principal), principal)
    places = [
        ConsoleMembership(
            establishment_id=place.id,
            slug=place.slug,
            name=place.name,
            time_zone=place.time_zone,
            languages=place.languages,
            role=Role(role),
        )
        for place, role in _places(session, myself.id)
    ]
    assert claims.expires_at is not None  # it was read from a token
    return ConsoleMe(
        user=ConsoleUser.model_validate(myself),
        current=next(p for p in places if p.establishment_id == principal.establishment_id),
        memberships=places,
        expires_at=claims.expires_at,
    )


def _places(session: ScopedSession, user_id: int) -> Sequence[Row[Establishment, str]]:
    return session.execute(
        select(Establishment, Membership.role)
        .join(Membership, Membership.establishment_id == Establishment.id)
        .where(Membership.user_id == user_id, Membership.active)
        .order_by(Establishment.id)
    ).all()


def change_password(session: ScopedSession, principal: Principal, current: str, new: str) -> None:
    """Change one's own password, and end one's sign-ins everywhere else.

    Raises `Forbidden` when the current one is wrong, `Invalid` for a new one that is too short.
    """
    user = session.get_one(User, _user_id(principal), with_for_update=True)
    if not check_password(current, user.password_hash)[0]:
        raise Forbidden("The current password is wrong.", code="password_wrong")
    user.password_hash = _hashed(new, "new_password")
    session.flush()
    revoke_everywhere(session, user.id, except_for=principal.sign_in)
    audit(session, principal, "password", "user", user.id)


def set_password(session: ScopedSession, email: str, new: str) -> None:
    """Give somebody who forgot theirs another password, and end all their sign-ins.

    Done by the operator; it is noted in every establishment where the person works. Raises
    `NotFound`, `Invalid` for one that is too short.
    """
    user = session.scalar(
        select(User).where(User.email_index == email_index(_email(email))).with_for_update()
    )
    if user is None:
        raise NotFound("user")
    user.password_hash = _hashed(new, "password")
    session.flush()
    revoke_everywhere(session, user.id)
    for place in session.scalars(
        select(Membership.establishment_id).where(Membership.user_id == user.id)
    ):
        audit(session, Principal(place, "cli"), "password", "user", user.id)


def _user_id(principal: Principal) -> int:
    assert principal.user_id is not None  # only members of staff get here
    return principal.user_id
