"""Figures of a period, by the establishment's own calendar.

Each of these was broken once, and a test here failed: the zone left out of the week, the greater of
lag and nothing, `answered_at is not null`, the department.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.delivery import DeliveryStatus as S
from tests.fixtures import NORTH, SOUTH
from tests.services.deliveries import begun, conclude, make, sent, tell

Headers = dict[str, str]
LogIn = Callable[[str], Headers]

SAID = [  # Monday 2 March 2026 begins at 23:00 UTC in Douala
    ("2026-03-01T22:59:00Z", "lab", "fr", "app", 1, None),
    ("2026-03-01T23:00:00Z", "lab", "fr", "app", 5, 3600),
    ("2026-03-03T10:00:00Z", "lab", "en", "sms", 2, 7200),
    ("2026-03-04T10:00:00Z", None, "ewo", "app", None, 36000),
    ("2026-03-08T22:59:00Z", "xray", "fr", "app", 4, None),
    ("2026-03-08T23:00:00Z", "xray", "fr", "app", 4, None),
]
WEEK = "from=2026-03-02&to=2026-03-08"


@pytest.fixture
def said(client: Any, database: Any, log_in: LogIn) -> Headers:
    admin = log_in("admin@north")
    for code in ("lab", "xray"):
        client.post("/api/v1/departments", json={"code": code, "name": code}, headers=admin)
    for _, department, language, channel, rating, _ in SAID:
        body = {"language": language, "channel": channel, "content": "x"}
        body |= {"department": department} if department else {}
        body |= {"rating": rating} if rating else {}
        assert client.post("/api/v1/feedback", json=body).status_code == 201
    with database.establishment(NORTH) as session:
        for number, (at, *_, seconds) in enumerate(SAID, 1):
            answered = datetime.fromisoformat(at) + timedelta(seconds=seconds) if seconds else None
            session.execute(
                text("update feedbacks set date_submitted = :at, answered_at = :answered"
                     " where id = :id"),
                {"at": at, "answered": answered, "id": number},
            )  # fmt: skip
    return admin


def ask(client: Any, headers: Headers, query: str) -> Any:
    answer = client.get(f"/api/v1/statistics?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_week(client: Any, said: Headers, log_in: LogIn) -> None:
    found = ask(client, said, WEEK)
    assert (found["from"], found["to"]) == ("2026-03-02", "2026-03-08")
    assert found["totals"] == {
        "feedbacks": 4, "rated": 3, "average_rating": pytest.approx(11 / 3),
        "satisfied_share": pytest.approx(2 / 3), "with_voice": 0, "still_open": 4,
    }  # fmt: skip
    assert found["ratings"] == [
        {"week": "2026-03-02", "department": "lab", "count": 2, "average": 3.5,
         "distribution": [0, 1, 0, 0, 1]},
        {"week": "2026-03-02", "department": "xray", "count": 1, "average": 4.0,
         "distribution": [0, 0, 0, 1, 0]},
    ]  # fmt: skip
    volume = {(v["channel"], v["language"]): v["count"] for v in found["volume"]}
    assert volume == {("app", "french"): 2, ("app", "ewondo"): 1, ("sms", "english"): 1}
    assert found["answer_times"] == {
        "answered": 3, "median_seconds": 7200.0, "p90_seconds": pytest.approx(30240),
    }  # fmt: skip
    both = ask(client, said, "from=2026-03-01&to=2026-03-08")["ratings"]
    assert (both[0]["week"], both[0]["department"]) == ("2026-02-23", "lab")
    lab = ask(client, said, f"{WEEK}&department=lab")
    assert (lab["totals"]["feedbacks"], lab["answer_times"]["answered"]) == (2, 2)
    assert ask(client, log_in("viewer@south"), WEEK)["totals"]["feedbacks"] == 0


def test_what_became_of_messages(client: Any, database: Any, staff: Headers) -> None:
    make(database, 2, due_in=60)
    make(database, 1, establishment=SOUTH)
    conclude(database, begun(database), S.failed, code="30005")
    tell(database, sent(database), "delivered")
    sent(database)
    with database.establishment(NORTH) as session:
        session.execute(
            text("update deliveries set due_at = attempted_at - interval '10 seconds'"
                 " where attempted_at is not null")
        )  # fmt: skip
        session.execute(
            text("update deliveries set due_at = attempted_at + interval '1 day'"
                 " where status in ('failed', 'sent')")
        )  # fmt: skip
    found = ask(client, staff, "")
    assert found["funnel"] == [
        {"channel": "sms", "total": 5, "waiting": 2, "sent": 1, "delivered": 1, "failed": 1,
         "unknown": 0, "expired": 0, "suppressed": 0, "cancelled": 0}
    ]  # fmt: skip
    assert found["lag"] == {
        "count": 3, "median_seconds": 0.0, "p90_seconds": pytest.approx(8.0),
        "p99_seconds": pytest.approx(9.8),
    }  # fmt: skip


def test_nothing_is_no_error(client: Any, staff: Headers) -> None:
    found = ask(client, staff, "from=2020-01-01&to=2020-01-01")
    assert found["totals"]["average_rating"] is None
    assert found["answer_times"]["median_seconds"] is None
    assert (found["ratings"], found["volume"], found["funnel"]) == ([], [], [])
    assert found["lag"]["p99_seconds"] is None


def test_what_is_no_period(client: Any, staff: Headers) -> None:
    for query, field in {
        "from=2026-03-08&to=2026-03-02": "query.from",
        "from=2020-01-01&to=2026-01-01": "query.from",
        "from=0001-01-01&to=0001-01-02": "query.from",
        "to=9999-12-31": "query.to",
        "from=yesterday": "query.from",
        "department=nowhere": "query.department",
    }.items():
        answer = client.get(f"/api/v1/statistics?{query}", headers=staff)
        assert (answer.status_code, answer.json()["field"]) == (422, field), query


def test_a_report_for_the_board(client: Any, said: Headers, log_in: LogIn) -> None:
    path = f"/api/v1/statistics/report.pdf?{WEEK}"
    for query in ("", "&locale=en", "&department=lab"):
        answer = client.get(path + query, headers=log_in("viewer@north"))
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/pdf"
        assert "careloop-north-2026-03-02-2026-03-08.pdf" in answer.headers["Content-Disposition"]
        assert answer.content.startswith(b"%PDF-")
    assert client.get(path).status_code == 401
