"""Devices: named, enrolled, listed, revoked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from routers.dependencies import Admin, LogInPermit, ServiceSession, Staff, StateDep
from routers.idempotency import OnceDep
from schemas.common import Page
from schemas.device import DeviceCodeOut, DeviceIn, DeviceOut, DeviceTokenOut, EnrolIn
from services.people import device as devices

router = APIRouter(prefix="/devices", tags=["devices"])

DeviceId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.post(
    "",
    status_code=201,
    summary="Name a device; its one-time code is good for 15 minutes",
    response_model=DeviceCodeOut,
)
def create_device(
    body: DeviceIn, principal: Staff, session: ServiceSession, once: OnceDep
) -> DeviceCodeOut | JSONResponse:
    def create() -> DeviceCodeOut:
        made = devices.create(session, body.name, principal, for_staff=body.for_staff)
        return DeviceCodeOut(
            **dict(devices.device_view(made.device)),
            code=made.code,
            code_expires_at=made.device.code_expires_at,
        )

    return once.run(session, principal, create)


@router.post(
    "/enrol",
    status_code=201,
    summary="Swap a code for the device's token",
    response_model=DeviceTokenOut,
    dependencies=[LogInPermit],
)
def enrol_device(
    body: EnrolIn, state: StateDep, session: ServiceSession, once: OnceDep
) -> DeviceTokenOut | JSONResponse:
    def enrol() -> DeviceTokenOut:
        enrolled = devices.enrol(session, body.code)
        establishment = state.directory.get(enrolled.device.establishment_id)
        return DeviceTokenOut(
            device_id=enrolled.device.id,
            establishment_id=establishment.id,
            establishment=establishment.slug,
            name=enrolled.device.name,
            token=enrolled.token,
        )

    # The code itself says who asks: a device whose answer was lost on the way may ask again with
    # its own key; another one with the same key but another code is somebody else.
    return once.run(session, f"code:{devices.code_hash(body.code).hex()}", enrol)


@router.get("", summary="Devices, the newest first")
def list_devices(
    principal: Staff,
    session: ServiceSession,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[DeviceOut]:
    return devices.listed(session, principal, cursor=cursor, limit=limit)


@router.post("/{device_id}/revoke", summary="End a device's token", response_model=DeviceOut)
def revoke_device(
    device_id: DeviceId, principal: Admin, state: StateDep, once: OnceDep
) -> DeviceOut | JSONResponse:
    with state.database.service() as session:
        answer = once.run(
            session,
            principal,
            lambda: devices.device_view(devices.revoke(session, device_id, principal)),
            status=200,
        )
    state.authenticator.forget()
    return answer
