"""Devices: named by staff, enrolled once with a code, revoked by an administrator."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from database.session import ScopedSession
from models.device import Device
from schemas.common import Page
from schemas.device import DeviceOut
from services.audit import audit
from services.errors import Invalid, NotFound
from services.identity import Principal
from services.paging import decode_cursor, encode_cursor
from services.people.tokens import DEVICE_PREFIX, random_token, token_hash
from utils.crypto import SHARED, get_blind_index

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0 O, 1 I L and U: what is read out in a corridor must be heard and typed right."""
CODE_LENGTH = 8
CODE_LIFE = timedelta(minutes=15)


@dataclass(frozen=True)
class NewDevice:
    """A device that waits to be enrolled, and its code, which is not stored."""

    device: Device
    code: str


@dataclass(frozen=True)
class Enrolled:
    """A device that was just enrolled, and its token, which is not stored."""

    device: Device
    token: str


def create(
    session: ScopedSession, name: str, principal: Principal, *, for_staff: bool = False
) -> NewDevice:
    """Name a device and draw its one-time code."""
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    device = Device(
        establishment_id=principal.establishment_id,
        name=name,
        for_staff=for_staff,
        code_hash=code_hash(code),
        code_expires_at=datetime.now(UTC) + CODE_LIFE,
    )
    session.add(device)
    session.flush()
    session.refresh(device)
    facts = {"name": name, "for_staff": for_staff}
    audit(session, principal, "create", "device", device.id, after=facts)
    return NewDevice(device, code)


def code_hash(code: str) -> bytes:
    """What is kept of a code. Keyed: forty bits are few enough to try them all."""
    typed = "".join(character for character in code.upper() if character.isalnum())
    return get_blind_index().of("device-code", typed, SHARED)


def enrol(session: ScopedSession, code: str) -> Enrolled:
    """Swap a code for the device's token, once.

    Raises the same `Invalid` for a code that is wrong, too old or used: it tells nothing.
    """
    device = session.scalar(
        select(Device)
        .where(Device.code_hash == code_hash(code), Device.revoked_at.is_(None))
        .with_for_update()
    )
    now = datetime.now(UTC)
    if device is None or device.code_expires_at is None or device.code_expires_at <= now:
        raise Invalid(
            "This code is wrong, too old or used: ask for a new one.",
            field="code",
            code="code_invalid",
        )
    token = random_token(DEVICE_PREFIX)
    device.token_hash = token_hash(token)
    device.enrolled_at = now
    device.code_hash = device.code_expires_at = None
    session.flush()
    itself = Principal(device.establishment_id, f"device:{device.id}", device_id=device.id)
    audit(session, itself, "enrol", "device", device.id)
    return Enrolled(device, token)


def revoke(session: ScopedSession, device_id: int, principal: Principal) -> Device:
    """End a device's token or code; may be repeated. Raises `NotFound`."""
    device = session.scalar(
        select(Device)
        .where(Device.id == device_id, Device.establishment_id == principal.establishment_id)
        .with_for_update()
    )
    if device is None:
        raise NotFound("device")
    if device.revoked_at is None:
        device.revoked_at = datetime.now(UTC)
        device.code_hash = device.code_expires_at = None
        session.flush()
        audit(session, principal, "revoke", "device", device.id)
    return device


def listed(
    session: ScopedSession, principal: Principal, *, cursor: str | None, limit: int
) -> Page[DeviceOut]:
    """A page of the establishment's devices, the newest first."""
    wanted = select(Device).where(Device.establishment_id == principal.establishment_id)
    if cursor is not None:
        wanted = wanted.where(Device.id < decode_cursor(cursor)[1])
    rows = session.scalars(wanted.order_by(Device.id.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=[device_view(device) for device in shown],
        cursor=encode_cursor(shown[-1].created_at, shown[-1].id) if more else None,
    )


def device_view(device: Device) -> DeviceOut:
    """A device as it is shown."""
    return DeviceOut(
        id=device.id,
        name=device.name,
        for_staff=device.for_staff,
        status=_status(device),
        created_at=device.created_at,
        enrolled_at=device.enrolled_at,
        revoked_at=device.revoked_at,
    )


def _status(device: Device) -> str:
    if device.revoked_at is not None:
        return "revoked"
    if device.enrolled_at is not None:
        return "enrolled"
    expires = device.code_expires_at
    return "waiting" if expires is not None and expires > datetime.now(UTC) else "code_expired"
