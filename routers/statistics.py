"""Statistics of a period, and the report that a board reads."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from routers.dependencies import StateDep, Viewer, ViewerSession, establishment_of
from schemas.common import cleaned
from schemas.statistics import Statistics
from services.establishment.department import names_by_code
from services.overview.statistics import Period, statistics

router = APIRouter(prefix="/statistics", tags=["statistics"])


def _asked(
    state: StateDep,
    principal: Viewer,
    first: Annotated[date | None, Query(alias="from", description="a local day")] = None,
    last: Annotated[date | None, Query(alias="to", description="a local day, whole")] = None,
) -> Period:
    return Period.asked(establishment_of(state, principal), first, last, datetime.now(UTC))


Asked = Annotated[Period, Depends(_asked, scope="function")]
DepartmentCode = Annotated[Annotated[str, cleaned(40)] | None, Query(max_length=40)]


@router.get("", summary="Ratings, volume, answer times, what became of messages, lag")
def read_statistics(
    period: Asked,
    state: StateDep,
    principal: Viewer,
    session: ViewerSession,
    department: DepartmentCode = None,
) -> Statistics:
    return statistics(session, establishment_of(state, principal), period, department)


@router.get("/report.pdf", summary="A report of the period for a board", response_class=Response)
def read_report(
    period: Asked,
    state: StateDep,
    principal: Viewer,
    locale: Annotated[Literal["fr", "en"], Query()] = "fr",
    department: DepartmentCode = None,
) -> Response:
    from services.overview.report import report_pdf  # a library that few processes ever need

    establishment = establishment_of(state, principal)
    with state.database.establishment(principal.establishment_id) as session:
        figures = statistics(session, establishment, period, department)
        names = names_by_code(session)
        now = session.now()
    name = f"careloop-{establishment.slug}-{period.first}-{period.last}.pdf"
    return Response(
        report_pdf(establishment, figures, names, locale, now),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )
