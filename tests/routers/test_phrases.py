"""Phrases over HTTP: written, recorded, approved by somebody else, switched on.

Each of these was broken once, and a test here failed:
- `phrase.written_by == principal.actor` -> `False` (one person alone);
- `phrase.approved_by = phrase.approved_at = None` left out (a changed phrase stays approved);
- `not found.ready` -> `False` in `switch` (a language with holes);
- `set(names) != placeholders(key)` -> `False` (a value that is kept from the patient);
- `Upload.owner == principal.actor` left out (somebody else's recording as a phrase);
- `PhraseCode.used_at.is_(None)` left out of `_open` (a code used twice);
- `PhraseCode.expires_at > func.now()` left out (a code that never ends).
"""

from __future__ import annotations

import base64
import io
import math
import wave
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from models.phrase import PhraseCode
from models.upload import Upload
from services.identity import Principal, uuid7
from services.phrase import FLOWS, NoLanguage, placeholders, speech
from services.phrase_code import issue, redeem
from services.recording import put_away
from tests.fixtures import NORTH

URL = "/api/v1/phrases"


def wav(seconds: float) -> bytes:
    """A tone."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1), sound.setsampwidth(2), sound.setframerate(8000)
        count = int(8000 * seconds)
        sound.writeframes(b"".join(
            int(9000 * math.sin(i / 3)).to_bytes(2, "little", signed=True) for i in range(count)
        ))  # fmt: skip
    return file.getvalue()


@pytest.fixture
def admin(log_in: Callable[[str], dict[str, str]]) -> dict[str, str]:
    return log_in("admin@north")


def text_for(key: str) -> str:
    return "Xx " + " ".join(f"{{{name}}}" for name in sorted(placeholders(key)))


def put(client: Any, who: dict[str, str], path: str, **body: Any) -> Any:
    return client.put(f"{URL}/{path}", json=body, headers=who)


def approve(client: Any, who: dict[str, str], path: str) -> Any:
    return client.post(f"{URL}/{path}/approve", headers=who)


def test_words_wait_for_a_second_person(
    client: Any, staff: dict[str, str], admin: dict[str, str], database: Any
) -> None:
    answer = put(client, staff, "help/french", text="Bonjour {hospital}", sms_text="Bjr {hospital}")
    assert answer.status_code == 200, answer.text
    own = answer.json()["own"]
    assert (own["written_by"][:5], own["approved_by"], own["version"]) == ("user:", None, 1)
    assert answer.json()["segments"] == 1

    def said() -> str:
        with database.establishment(NORTH) as session:
            return speech(session, "choices_by_sms", ["fra"]).sms("help", hospital="H")

    ships = said()
    assert approve(client, staff, "help/french").json()["code"] == "second_person"
    assert said() == ships
    assert approve(client, admin, "help/french").json()["own"]["approved_by"].startswith("user:")
    assert said() == "Bjr H"
    assert put(client, staff, "help/fr", text="Bonsoir {hospital}").json()["own"]["version"] == 3
    assert said() == ships  # changed, so unapproved again
    assert client.delete(f"{URL}/help/french", headers=staff).status_code == 204
    assert approve(client, admin, "help/french").status_code == 404


def test_the_same_words_again_stay_approved(
    client: Any, staff: dict[str, str], admin: dict[str, str]
) -> None:
    put(client, staff, "help/duala", text="Xx {hospital}")
    approve(client, admin, "help/duala")
    again = put(client, admin, "help/duala", text="Xx {hospital}").json()["own"]
    assert again["approved_by"] is not None


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("no.such/french", {"text": "x"}, 404, "not_found"),
        ("help/klingon", {"text": "x {hospital}"}, 422, "unknown_language"),
        ("help/french", {"text": "x"}, 422, "placeholders"),
        ("help/french", {"text": "x {hospital} {name}"}, 422, "placeholders"),
        ("help/french", {"text": "x {hospital!r}"}, 422, "placeholders"),
        ("help/french", {"text": "x {hospital:>9999999}"}, 422, "placeholders"),
        ("help/french", {"text": "x {hospital.__class__}"}, 422, "placeholders"),
        ("help/french", {"text": "x {hospital"}, 422, "placeholder_broken"),
        ("help/french", {"text": "{hospital}", "sms_text": "x"}, 422, "placeholders"),
        ("help/french", {}, 422, "missing"),
        ("help/french", {"text": "x" * 601}, 422, "string_too_long"),
    ],
)
def test_words_that_break_a_rule(
    client: Any, staff: dict[str, str], path: str, body: dict[str, str], status: int, code: str
) -> None:
    answer = put(client, staff, path, **body)
    assert (answer.status_code, answer.json()["code"]) in (
        (status, code), (status, "validation_failed"), (status, "invalid"),
    )  # fmt: skip
    assert "__class__" not in answer.text


def test_a_stale_version_and_a_wrong_role(
    client: Any, staff: dict[str, str], log_in: Callable[[str], dict[str, str]]
) -> None:
    put(client, staff, "help/duala", text="Xx {hospital}")
    stale = put(client, staff | {"If-Match": '"7"'}, "help/duala", text="Yy {hospital}")
    assert stale.json()["code"] == "changed_meanwhile"
    first = put(client, staff | {"If-Match": '"1"'}, "help/duala", text="Yy {hospital}")
    assert first.headers["ETag"] == '"2"'
    viewer = log_in("viewer@north")
    assert put(client, viewer, "help/duala", text="Zz {hospital}").status_code == 403
    assert client.get(URL, headers=viewer).status_code == 200
    switch = put(client, staff, "flows/choices_by_sms/duala", on=True)
    assert switch.status_code == 403


def test_another_hospital_has_words_of_its_own(
    client: Any, staff: dict[str, str], log_in: Callable[[str], dict[str, str]]
) -> None:
    put(client, staff, "help/duala", text="Xx {hospital}")
    south = log_in("staff@south")
    assert client.get(URL, headers=south).text.count("Xx") == 0
    assert approve(client, south, "help/duala").status_code == 404


def test_a_language_is_switched_on_when_it_is_whole(
    client: Any, staff: dict[str, str], admin: dict[str, str], database: Any
) -> None:
    flow = "choices_by_sms"
    keys = FLOWS[flow]
    for key in keys:
        put(client, staff, f"{key}/ewondo", text=text_for(key))
        if key != keys[-1]:
            approve(client, admin, f"{key}/ewondo")
    refused = put(client, admin, f"flows/{flow}/ewondo", on=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "flow_not_covered")
    assert keys[-1] in refused.text
    approve(client, admin, f"{keys[-1]}/ewondo")
    covered = put(client, admin, f"flows/{flow}/ewondo", on=True).json()
    assert (covered["ready"], covered["on"]) == (True, True)
    with database.establishment(NORTH) as session:
        assert speech(session, flow, ["ewo"]).language == "ewo"
    put(client, staff, f"{keys[0]}/ewondo", text="Other " + text_for(keys[0]))
    shown = {
        (row["flow"], row["language"]): row
        for row in client.get(f"{URL}/coverage", headers=staff).json()
    }
    row = shown[flow, "ewondo"]
    assert (row["ready"], row["switched_on"], row["on"]) == (False, True, False)
    assert row["missing"] == [keys[0]]
    assert shown[flow, "french"]["on"] is True
    with database.establishment(NORTH) as session, pytest.raises(NoLanguage):
        speech(session, flow, ["ewo"])
    assert put(client, admin, f"flows/{flow}/ewondo", on=False).json()["switched_on"] is False
    assert put(client, admin, f"flows/{flow}/french", on=False).status_code == 409
    assert put(client, admin, "flows/nothing/french", on=True).status_code == 404


def test_a_recording_speaks_the_words_that_ship(
    client: Any, staff: dict[str, str], admin: dict[str, str], database: Any
) -> None:
    audio = wav(seconds=0.5)
    spoken = put(
        client, staff, "help/french/recording", voice_data=base64.b64encode(audio).decode()
    )
    assert spoken.status_code == 200, spoken.text
    assert spoken.json()["own"]["has_recording"] is True
    heard = client.get(f"{URL}/help/french/recording", headers=staff)
    assert (heard.content, heard.headers["content-type"]) == (audio, "audio/wav")
    approve(client, admin, "help/french")
    with database.establishment(NORTH) as session:
        said = speech(session, "choices_by_sms", ["fra"])
        assert said.recording("help") is not None
        assert "H" in said.sms("help", hospital="H")  # its words are still those that ship
    # Other words are not what was recorded.
    other = put(client, staff, "help/french", text="Autre {hospital}").json()
    assert other["own"]["has_recording"] is False
    assert client.get(f"{URL}/help/french/recording", headers=staff).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"voice_data": base64.b64encode(b"no sound" * 20).decode()}, 422),
        ({"voice_data": "***"}, 422),
        ({}, 422),
        ({"voice_data": "AAAA", "recording": str(uuid7())}, 422),
        ({"recording": str(uuid7())}, 404),
    ],
)
def test_what_is_no_recording(
    client: Any, staff: dict[str, str], body: dict[str, str], status: int
) -> None:
    assert put(client, staff, "help/duala/recording", **body).status_code == status


def test_an_upload_of_ones_own_becomes_a_recording(
    client: Any, staff: dict[str, str], log_in: Callable[[str], dict[str, str]], database: Any
) -> None:
    from workers.context import get_context

    whose = client.get("/api/v1/auth/me", headers=staff).json()["id"]
    with database.establishment(NORTH) as session:
        recording = put_away(get_context().storage, NORTH, wav(seconds=0.5))
        session.add(recording)
        session.add(
            Upload(
                token=uuid7(), recording_id=recording.id, owner=f"user:{whose}", length=1,
                received=1, expires_at=session.now() + timedelta(days=1),
            )
        )  # fmt: skip
        number = recording.id
    others = put(client, log_in("admin@north"), "help/duala/recording", recording=str(number))
    assert others.status_code == 404
    mine = put(client, staff, "help/duala/recording", recording=str(number))
    assert mine.json()["own"]["has_recording"] is True


def test_a_code_opens_one_phrase_once(client: Any, staff: dict[str, str], database: Any) -> None:
    made = client.post(f"{URL}/help/duala/code", headers=staff | {"Idempotency-Key": "a"})
    assert made.status_code == 201, made.text
    again = client.post(f"{URL}/help/duala/code", headers=staff | {"Idempotency-Key": "a"})
    assert again.json() == made.json()
    code = made.json()["code"]
    assert len(code) == 8
    with database.establishment(NORTH) as session:
        assert all(code.encode() not in row.code_hash for row in session.query(PhraseCode))
        assert redeem(session, "00000000" if code != "00000000" else "00000001") is None
        assert redeem(session, code[:7]) is None
    with database.establishment(2) as session:
        assert redeem(session, code) is None
    with database.establishment(NORTH) as session:
        found = redeem(session, code)
        assert found is not None
        assert (found.key, found.language) == ("help", "dua")
    with database.establishment(NORTH) as session:
        assert redeem(session, code) is None


def test_a_code_runs_out(database: Any) -> None:
    with database.establishment(NORTH) as session:
        code = issue(session, "help", "dua", Principal(NORTH, "user:1")).code
        session.query(PhraseCode).one().expires_at = session.now() - timedelta(seconds=1)
    with database.establishment(NORTH) as session:
        assert redeem(session, code) is None


def test_no_more_codes_are_open_than_make_guessing_hopeless(
    client: Any, staff: dict[str, str]
) -> None:
    made = [client.post(f"{URL}/help/duala/code", headers=staff).status_code for _ in range(21)]
    assert made == [201] * 20 + [429]
