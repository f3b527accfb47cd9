"""Rate limits over HTTP: by token, by address, and for log-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from routers.rate_limit import RateLimits
from tests.template import PASSWORD

LogIn = Callable[[str], dict[str, str]]


@pytest.fixture
def limits(client: Any) -> Iterator[Callable[..., None]]:
    state = client.app.state.careloop
    usual = state.rate_limits

    def install(**given: str) -> None:
        web = state.settings.web.model_copy(update=given)
        state.rate_limits = RateLimits(state.settings.model_copy(update={"web": web}))

    yield install
    state.rate_limits = usual


def test_by_token(client: Any, log_in: LogIn, limits: Callable[..., None]) -> None:
    staff, viewer = log_in("staff@north"), log_in("viewer@north")
    limits(rate_limit="3/minute")
    answers = [client.get("/api/v1/reminders", headers=staff) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert client.get("/api/v1/reminders", headers=viewer).status_code == 200


def test_by_address_without_a_token_and_header_not_believed(
    client: Any, limits: Callable[..., None]
) -> None:
    limits(anonymous_rate_limit="3/minute")
    codes = [
        client.get("/api/v1/departments", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code
        for n in range(5)
    ]
    assert codes == [200, 200, 200, 429, 429]


def test_guessing_tokens_passwords_and_codes(client: Any, limits: Callable[..., None]) -> None:
    limits(anonymous_rate_limit="3/minute", login_rate_limit="3/minute")
    guess = {"Authorization": "Bearer cld_guess"}
    codes = [client.get("/api/v1/reminders", headers=guess).status_code for _ in range(5)]
    assert codes == [401, 401, 401, 429, 429]
    codes = [
        client.post(
            "/api/v1/auth/token", data={"username": "staff@north.example", "password": password}
        ).status_code
        for password in ("a", "b", "c", PASSWORD)
    ]
    assert codes == [401, 401, 401, 429]
    assert client.post("/api/v1/devices/enrol", json={"code": "WRONG234"}).status_code == 429


def test_guessing_passwords_at_the_consoles_door(client: Any, limits: Callable[..., None]) -> None:
    limits(login_rate_limit="3/minute")
    ours = {"X-Careloop-Console": "1", "Sec-Fetch-Site": "same-origin"}
    form = {"username": "staff@north.example", "password": "guess"}
    codes = [
        client.post("/api/v1/console/session", data=form, headers=ours).status_code
        for _ in range(4)
    ]
    assert codes == [401, 401, 401, 429]
    again = client.post("/api/v1/console/session/refresh", headers=ours)
    assert again.status_code == 429
