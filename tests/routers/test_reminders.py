"""Reminders over HTTP: the published contract, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

PHONE = "+237650000001"


def soon(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**(delta or {"minutes": 5}))).isoformat()


def body(**more: Any) -> dict[str, Any]:
    given = {
        "patient_id": "PAT123",
        "message": "Rappel: RDV à 10h",
        "language": "french",
        "scheduled_time": soon(),
        "phone_number": PHONE,
    } | more
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize("path", ["/api/v1/reminders", "/api/reminders"])
def test_the_published_example(client: Any, staff: dict[str, str], path: str) -> None:
    answer = client.post(path, json=body(email="patient@example.com"), headers=staff)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert said["id"] == 1
    assert said["patient_id"] == "PAT123"
    assert said["message"] == "Rappel: RDV à 10h"
    assert said["language"] == "french"
    assert said["phone_number"] == PHONE
    assert said["email"] == "patient@example.com"
    assert said["status"] == "scheduled"
    assert said["channels"] == ["sms", "email"]
    assert (said["encoding"], said["segments"]) == ("GSM-7", 1)
    assert len(answer.content) < 1024


def test_reading_shows_deliveries_and_events(client: Any, staff: dict[str, str]) -> None:
    number = client.post("/api/v1/reminders", json=body(), headers=staff).json()["id"]
    answer = client.get(f"/api/v1/reminders/{number}", headers=staff)
    assert answer.status_code == 200, answer.text
    (delivery,) = answer.json()["deliveries"]
    assert delivery["status"] == "scheduled"
    assert [event["cause"] for event in delivery["events"]] == ["scheduled"]


@pytest.mark.parametrize("language", ["duala", "bassa", "ewondo"])
def test_no_french_voice_speaks_another_language(
    client: Any, staff: dict[str, str], language: str
) -> None:
    asked = body(language=language, message="ŋ ɓ ɗ", channels=["sms", "voice"])
    answer = client.post("/api/v1/reminders", json=asked, headers=staff)
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["field"], problem["code"]) == ("channels", "voice_needs_recording")
    assert "ŋ ɓ ɗ" not in answer.text
