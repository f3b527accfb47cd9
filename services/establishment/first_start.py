"""The first start: a demonstration establishment and its administrator."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from config.settings import Settings
from database.engine import owner_engine
from models.department import Department
from models.establishment import Establishment, Sender
from models.user import Membership, Role
from services.establishment.founding import create_establishment, set_sender
from services.people.user import create_user

FIRST_START_LOCK = 0x43_4C_46_53  # "CLFS": two first starts at once make one establishment
DEFAULT_ADMIN = "admin@hospital.example"
_DEPARTMENTS = {"urgences": "Urgences", "maternite": "Maternité", "consultation": "Consultations"}


@dataclass(frozen=True)
class Login:
    """The first administrator's way in. `generated` passwords are known to nobody yet."""

    email: str
    password: str
    generated: bool


@dataclass(frozen=True)
class FirstStart:
    """What a first start made: the establishment, the administrator, both or nothing."""

    establishment: bool
    login: Login | None


def first_start(settings: Settings, *, admin_email: str, admin_password: str) -> FirstStart:
    """Make what is missing of the first establishment. May be repeated.

    An address and a password that are not given are made up. Raises `Invalid` for ones that
    cannot be used.
    """
    wanted = Login(
        email=admin_email or DEFAULT_ADMIN,
        password=admin_password or secrets.token_urlsafe(12),
        generated=not admin_password,
    )
    engine = owner_engine(settings.database)
    with engine.connect() as lock:
        lock.execute(text("select pg_advisory_lock(:key)"), {"key": FIRST_START_LOCK})
        number, made = _establishment(engine)
        login = _administrator(engine, number, wanted)
        _senders(engine, number, settings)
        if made:
            _departments(engine, number)
    return FirstStart(made, login)


def _establishment(engine: Engine) -> tuple[int, bool]:
    with Session(engine) as session:
        found = session.scalar(select(Establishment.id).order_by(Establishment.id).limit(1))
    if found is not None:
        return found, False
    # No quiet hours and no daily cap: somebody who tries the service at night, or for the fifth
    # time, must see the message arrive.
    demonstration = Establishment(
        slug="demo",
        name="Hôpital général de démonstration",
        languages=["fra", "eng"],
        is_default=True,
    )
    return create_establishment(engine, demonstration), True


def _administrator(engine: Engine, number: int, wanted: Login) -> Login | None:
    with Session(engine) as session, session.begin():
        admins = session.scalar(
            select(func.count()).select_from(Membership).where(Membership.role == Role.admin.value)
        )
        if admins:
            return None
        create_user(
            session,
            number,
            email=wanted.email,
            password=wanted.password,
            role=Role.admin,
            name="Administrator",
        )
    return wanted


def _senders(engine: Engine, number: int, settings: Settings) -> None:
    """What the settings name as the way out, for an only establishment, on channels without one.

    What is there, in use or not, its administrators keep: no start undoes what they have decided.
    """
    with Session(engine) as session, session.begin():
        own = session.scalar(
            select(func.count()).select_from(Establishment).where(Establishment.id != number)
        )
        if own:
            return
        known = set(
            session.scalars(select(Sender.channel).where(Sender.establishment_id == number))
        )
        for channel, address, provider, can_receive in _named(settings):
            if channel not in known:
                set_sender(session, number, channel, address, provider, can_receive=can_receive)


def _named(settings: Settings) -> Iterator[tuple[str, str, str, bool]]:
    """Channel, address, provider and whether answers come back, of what the settings name."""
    if settings.twilio.configured and settings.twilio.phone_number:
        simulated = settings.web.simulator_url is not None
        for channel in ("sms", "voice", *(("whatsapp",) if simulated else ())):
            yield channel, settings.twilio.phone_number, "twilio", simulated
    if settings.email.provider:
        yield "email", settings.email.sender, settings.email.provider, False


def _departments(engine: Engine, number: int) -> None:
    with Session(engine) as session, session.begin():
        session.execute(
            text("select set_config('search_path', :schema, true)"), {"schema": f'"est_{number}"'}
        )
        if not session.scalar(select(func.count()).select_from(Department)):
            session.add_all(Department(code=code, name=name) for code, name in _DEPARTMENTS.items())
