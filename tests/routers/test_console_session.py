"""The console's session: cookies that no script reads and no other site can use.

Each of these was broken once, and a test here failed:
- the console's header not asked for, or `Sec-Fetch-Site` not looked at (`console_cookies.py`);
- `again_within` left out of `auth.refresh` (a lost answer ends the session), or without an end;
- `revoke_sign_in` left out of `auth.switch` (a token of the old place goes on living).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.settings import WebSettings
from models.user import Role
from routers.console_cookies import _name, _secure
from services.people.user import create_user
from tests.fixtures import SOUTH
from tests.template import PASSWORD

OURS = {"X-Careloop-Console": "1", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def browser(client: Any) -> Iterator[Any]:
    client.cookies.clear()
    yield client
    client.cookies.clear()


def log_in(browser: Any, who: str = "staff@north", **more: str) -> Any:
    form = {"username": f"{who}.example", "password": PASSWORD} | more
    answer = browser.post("/api/v1/console/session", data=form, headers=OURS)
    assert answer.status_code == 204, answer.text
    return answer


def me(browser: Any, headers: dict[str, str] = OURS) -> Any:
    return browser.get("/api/v1/console/me", headers=headers)


def test_from_log_in_to_log_out(browser: Any) -> None:
    cookies = log_in(browser).headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Domain" not in cookie
    assert ["Path=/api/v1/console/session" in c for c in cookies] == [False, True]
    said = me(browser).json()
    assert said["user"]["email"] == "staff@north.example"
    assert said["current"] == said["memberships"][0]
    assert said["current"] == {
        "establishment_id": 1,
        "slug": "north",
        "name": "Hôpital Nord",
        "time_zone": "Africa/Douala",
        "languages": ["french", "english"],
        "role": "staff",
    }
    assert said["expires_at"].endswith("Z")
    assert browser.get("/api/v1/reminders", headers=OURS).status_code == 200
    assert browser.delete("/api/v1/console/session", headers=OURS).status_code == 204
    assert not browser.cookies
    assert me(browser).status_code == 401


ASKED = [
    (OURS, 200),
    ({"X-Careloop-Console": "1"}, 200),  # a browser from before 2023 reads
    ({"X-Careloop-Console": "1", "Origin": "http://testserver"}, 200),
    ({}, 401),
    ({"Sec-Fetch-Site": "same-origin"}, 401),
    ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"}, 401),
    ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "audio"}, 200),
    ({"Sec-Fetch-Site": "same-origin", "Accept": "text/event-stream"}, 200),
    ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}, 200),
    ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, 401),
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 401),
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}, 401),
    ({"X-Careloop-Console": "2", "Sec-Fetch-Site": "same-origin"}, 401),
    (OURS | {"Sec-Fetch-Site": "cross-site"}, 403),
    (OURS | {"Sec-Fetch-Site": "same-site"}, 403),
    (OURS | {"Sec-Fetch-Site": "none"}, 403),
    ({"X-Careloop-Console": "1", "Origin": "https://evil.example"}, 403),
    ({"X-Careloop-Console": "1", "Origin": "null"}, 403),
]


def test_a_cookie_counts_only_where_the_console_asks(browser: Any) -> None:
    log_in(browser)
    said = [(h, browser.get("/api/v1/tasks", headers=h).status_code) for h, _ in ASKED]
    assert said == ASKED


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Careloop-Console": "1"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document"},
    ],
)
def test_nothing_is_changed_without_the_browsers_word(
    browser: Any, headers: dict[str, str]
) -> None:
    log_in(browser, "admin@north")
    body = {"code": "lab", "name": "Labo"}
    answer = browser.post("/api/v1/departments", json=body, headers=headers)
    assert answer.status_code in (401, 403)
    assert browser.post("/api/v1/departments", json=body, headers=OURS).status_code == 201


@pytest.mark.parametrize(
    "headers", [{}, {"X-Careloop-Console": "1"}, OURS | {"Sec-Fetch-Site": "cross-site"}]
)
def test_nobody_is_signed_in_from_elsewhere(browser: Any, headers: dict[str, str]) -> None:
    form = {"username": "staff@north.example", "password": PASSWORD}
    answer = browser.post("/api/v1/console/session", data=form, headers=headers)
    assert answer.status_code == 403
    assert not browser.cookies


def test_the_patients_api_knows_no_cookie(browser: Any) -> None:
    log_in(browser, "admin@north")
    browser.post("/api/v1/departments", json={"code": "lab", "name": "L", "active": False},
                 headers=OURS)  # fmt: skip
    assert browser.get("/api/v1/departments").json() == []  # as anybody sees them
    assert len(browser.get("/api/v1/departments", headers=OURS).json()) == 1
    answer = browser.post("/api/v1/feedback", json={"language": "fr", "rating": 4})
    assert answer.status_code == 201
    assert "set-cookie" not in answer.headers


def test_a_bearer_token_goes_before_a_cookie(browser: Any, staff: dict[str, str]) -> None:
    log_in(browser, "viewer@south")
    assert me(browser, staff | {"X-Careloop-Console": "1"}).json()["current"]["slug"] == "north"


def test_a_wrong_password_gives_no_cookie(browser: Any) -> None:
    form = {"username": "staff@north.example", "password": "x" * 20}
    answer = browser.post("/api/v1/console/session", data=form, headers=OURS)
    assert (answer.status_code, answer.json()["code"]) == (401, "login_wrong")
    assert not browser.cookies


def refresh(browser: Any, token: str | None = None) -> Any:
    headers = OURS | ({"Cookie": f"careloop-refresh={token}"} if token else {})
    return browser.post("/api/v1/console/session/refresh", headers=headers)


def test_refreshing_survives_a_lost_answer_and_no_thief(browser: Any, owner: Any) -> None:
    log_in(browser)
    first = browser.cookies["careloop-refresh"]
    assert refresh(browser).status_code == 204
    assert browser.cookies["careloop-refresh"] != first
    browser.cookies.clear()
    assert refresh(browser, first).status_code == 204  # the answer was lost: once more
    assert me(browser).status_code == 200
    with owner.begin() as connection:
        connection.execute(
            text("update shared.refresh_tokens set used_at = used_at - interval '1 minute'")
        )
    token = browser.cookies["careloop-access"]
    browser.cookies.clear()
    stolen = refresh(browser, first)
    assert (stolen.status_code, stolen.json()["code"]) == (401, "refresh_reused")
    assert 'careloop-access=""; ' in str(stolen.headers.get_list("set-cookie"))
    after = me(browser, OURS | {"Cookie": f"careloop-access={token}"})
    assert (after.status_code, after.json()["code"]) == (401, "token_revoked")


def test_without_a_cookie_there_is_nothing_to_refresh(browser: Any) -> None:
    answer = refresh(browser)
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")


def test_log_out_everywhere(browser: Any, staff: dict[str, str]) -> None:
    log_in(browser)
    assert browser.delete("/api/v1/console/sessions", headers=OURS).status_code == 204
    assert not browser.cookies
    assert browser.get("/api/v1/tasks", headers=staff).status_code == 401


def test_going_to_another_establishment(browser: Any, owner: Any) -> None:
    with Session(owner) as session, session.begin():
        create_user(session, SOUTH, email="both@north.example", password=PASSWORD,
                    role=Role.viewer, name=None)  # fmt: skip
        create_user(session, 1, email="both@north.example", password=PASSWORD,
                    role=Role.staff, name=None)  # fmt: skip
    log_in(browser, "both@north", establishment="north")
    shown = OURS | {"X-Careloop-Establishment": "1"}
    old = browser.cookies["careloop-access"]
    assert [p["slug"] for p in me(browser).json()["memberships"]] == ["north", "south"]
    answer = browser.post(
        "/api/v1/console/establishment", json={"establishment_id": SOUTH}, headers=shown
    )
    assert answer.status_code == 204, answer.text
    said = me(browser).json()
    assert (said["current"]["slug"], said["current"]["role"]) == ("south", "viewer")
    # A window that still shows the north writes nothing into the south.
    late = browser.get("/api/v1/tasks", headers=shown)
    assert (late.status_code, late.json()["code"]) == (409, "other_establishment")
    browser.cookies.clear()
    assert me(browser, OURS | {"Cookie": f"careloop-access={old}"}).status_code == 401


@pytest.mark.parametrize("number", [SOUTH, 99])
def test_nobody_goes_where_they_do_not_work(browser: Any, number: int) -> None:
    log_in(browser)
    answer = browser.post(
        "/api/v1/console/establishment", json={"establishment_id": number}, headers=OURS
    )
    assert answer.status_code == 404
    assert me(browser).status_code == 200


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("", False),
        ("http://127.0.0.1:9000", False),
        ("http://localhost", False),
        ("http://[::1]:80", False),
        ("http://hospital.example", True),
        ("https://hospital.example", True),
        ("https://127.0.0.1", True),
    ],
)
def test_over_tls_only_but_on_this_machine(url: str, secure: bool) -> None:
    web = WebSettings(PUBLIC_URL=url)
    assert _secure(web) is secure
    assert _name("x", web).startswith("__Secure-") is secure
