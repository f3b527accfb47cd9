"""Contacts: create, look up, read, change, import."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import JSONResponse

from routers.dependencies import (
    IfMatch,
    Staff,
    StaffSession,
    StateDep,
    Viewer,
    ViewerSession,
    establishment_of,
    expected_version,
)
from routers.idempotency import OnceDep
from routers.upload import CSV_BODY, LayoutDep, WholeReport, laid_out, uploaded_csv
from schemas.common import MAX_ID, Page
from schemas.contact import ContactChange, ContactIn, ContactOut, FileColumn, ImportReport
from services.contact import contacts
from services.contact.columns import survey
from services.contact.importing import MOST_LINES_BY_API, REPORTED, import_contacts
from services.reminder import contact_change

router = APIRouter(prefix="/contacts", tags=["contacts"])

ContactId = Annotated[int, Path(ge=1, le=MAX_ID)]


@router.post("", status_code=201, summary="Add a contact", response_model=ContactOut)
def create_contact(
    *,
    body: ContactIn,
    response: Response,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    once: OnceDep,
) -> ContactOut | JSONResponse:
    region = establishment_of(state, principal).region

    def create() -> ContactOut:
        made = contacts.view(contacts.create(session, region, body, principal))
        response.headers["Location"] = f"/api/v1/contacts/{made.id}"
        response.headers["ETag"] = _etag(made)
        return made

    return once.run(session, principal, create)


@router.get("", summary="Contacts by phone, e-mail, reference or the beginning of a name")
def list_contacts(
    *,
    state: StateDep,
    principal: Viewer,
    session: ViewerSession,
    patient_id: Annotated[str | None, Query(max_length=64)] = None,
    phone: Annotated[str | None, Query(max_length=64)] = None,
    email: Annotated[str | None, Query(max_length=254)] = None,
    name: Annotated[str | None, Query(max_length=120)] = None,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[ContactOut]:
    return contacts.search(
        session,
        establishment_of(state, principal).region,
        principal,
        patient_id=patient_id,
        phone=phone,
        email=email,
        name=name,
        cursor=cursor,
        limit=limit,
    )


@router.post(
    "/import",
    summary="Import contacts from CSV or XLSX (as the body, or one file in multipart/form-data)",
    response_model=ImportReport,
    openapi_extra=CSV_BODY,
)
def import_file(
    *,
    principal: Staff,  # first: nobody's file is read before we know whose it is
    content: Annotated[bytes, Depends(uploaded_csv)],
    state: StateDep,
    session: StaffSession,
    once: OnceDep,
    layout: LayoutDep,
    strict: bool = False,
    whole_report: WholeReport = False,
) -> ImportReport | JSONResponse:
    region = establishment_of(state, principal).region
    return once.run(
        session,
        principal,
        lambda: import_contacts(
            session,
            region,
            content,
            principal,
            strict=strict,
            most_lines=MOST_LINES_BY_API,
            reported=None if whole_report else REPORTED,
            layout=layout,
        ),
        status=200,
        body=content + (b"strict" if strict else b"") + laid_out(layout),
    )


@router.post(
    "/import/columns",
    summary="The columns of a file, and what each would be taken for; nothing is stored",
    openapi_extra=CSV_BODY,
)
def read_columns(
    *,
    principal: Staff,  # first: nobody's file is read before we know whose it is
    content: Annotated[bytes, Depends(uploaded_csv)],
    state: StateDep,
) -> list[FileColumn]:
    return survey(content, establishment_of(state, principal).region).columns


@router.get("/{contact_id}", summary="A contact")
def read_contact(
    contact_id: ContactId, response: Response, principal: Viewer, session: ViewerSession
) -> ContactOut:
    found = contacts.view(contacts.read(session, contact_id, principal))
    response.headers["ETag"] = _etag(found)
    return found


@router.patch("/{contact_id}", summary="Change a contact; If-Match refuses a stale change")
def change_contact(
    *,
    contact_id: ContactId,
    body: ContactChange,
    response: Response,
    state: StateDep,
    principal: Staff,
    session: StaffSession,
    if_match: IfMatch = None,
) -> ContactOut:
    changed = contacts.view(
        contact_change.change_contact(
            session,
            establishment_of(state, principal).region,
            contact_id,
            body,
            expected_version=expected_version(if_match),
            principal=principal,
        )
    )
    response.headers["ETag"] = _etag(changed)
    return changed


def _etag(contact: ContactOut) -> str:
    return f'"{contact.version}"'
