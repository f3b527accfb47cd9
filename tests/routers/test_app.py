"""The application as a whole: its manual, its CORS list, health and metrics."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from config.settings import Settings, WebSettings
from main import build_app


def test_the_manual_needs_no_internet(client: Any) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(sources) >= 2
    for source in sources:
        assert source.startswith("/docs/assets/")
        assert client.get(source).status_code == 200, source


def test_the_contract_is_published(client: Any) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/api/v1/feedback", "/api/v1/reminders", "/api/v1/auth/token"} <= set(paths)
    assert "/api/feedback" not in paths  # the unversioned twin works and is left out
    assert not any(path.startswith(("/webhooks", "/simulator")) for path in paths)


@pytest.mark.parametrize(
    ("origin", "allowed"), [("https://app.hospital.example", True), ("https://evil.example", False)]
)
def test_cors_is_a_list(origin: str, allowed: bool) -> None:
    web = WebSettings(CORS_ORIGINS="https://app.hospital.example,https://b.example")
    client = TestClient(build_app(Settings(web=web)))
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = client.options("/api/v1/feedback", headers=asked)
    assert (answer.headers.get("access-control-allow-origin") == origin) is allowed


def test_a_page_of_the_list_may_use_the_whole_api() -> None:
    """Every method and every header of the contract, else the browser refuses what we publish."""
    web = WebSettings(CORS_ORIGINS="https://app.hospital.example")
    client = TestClient(build_app(Settings(web=web)))
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            if method == "options":
                continue
            taken = [
                parameter["name"]
                for parameter in operation.get("parameters", [])
                if parameter["in"] == "header"
            ]
            asked = {
                "Origin": "https://app.hospital.example",
                "Access-Control-Request-Method": method.upper(),
                "Access-Control-Request-Headers": ",".join(["authorization", *taken]),
            }
            answer = client.options(path, headers=asked)
            assert answer.status_code == 200, (method, path, taken)


def test_no_other_site_says_that_it_is_the_console() -> None:
    web = WebSettings(CORS_ORIGINS="https://app.hospital.example")
    client = TestClient(build_app(Settings(web=web)))
    asked = {
        "Origin": "https://app.hospital.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-careloop-console",
    }
    answer = client.options("/api/v1/tasks", headers=asked)
    assert answer.status_code == 400
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_a_monitor_may_ask_by_head(client: Any, path: str) -> None:
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_ready_says_what_is_degraded(client: Any) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "degraded",
        "reasons": ["no_scheduler_seen", "no_worker_seen"],
    }


def test_metrics_name_what_is_due(client: Any, staff: dict[str, str]) -> None:
    from tests.routers.test_reminders import body, soon

    client.post("/api/v1/reminders", json=body(scheduled_time=soon(minutes=-5)), headers=staff)
    said = client.get("/metrics").text
    assert "careloop_due_backlog 1.0" in said
    assert 'careloop_deliveries{provider="none",state="scheduled"} 1.0' in said
    lag = re.search(r"careloop_due_lag_seconds ([\d.]+)", said)
    assert lag is not None
    assert float(lag[1]) < 60  # past its time, but due only since it was stored
    assert "+237" not in said
