"""Phrases over HTTP: written, recorded, approved by somebody else, switched on."""

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
from services.phrase.phone_code import issue, redeem
from services.phrase.phrases import FLOWS, NoLanguage, keys, placeholders, shipped, speech
from services.phrase.view import SAMPLES
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


def test_a_second_person_sends_words_back_and_says_why(
    client: Any, staff: dict[str, str], admin: dict[str, str]
) -> None:
    def reject(who: dict[str, str], **body: str) -> Any:
        return client.post(f"{URL}/help/duala/reject", json=body, headers=who)

    def pending() -> list[tuple[str, str]]:
        found = client.get(f"{URL}/pending", headers=staff).json()
        return [(one["key"], one["state"]) for one in found]

    assert reject(admin, reason="[dua]").status_code == 404
    put(client, staff, "help/duala", text="[dua] {hospital}")
    assert pending() == [("help", "waiting")]
    assert reject(admin).status_code == 422
    assert reject(staff, reason="mine").json()["code"] == "second_person"
    stale = admin | {"If-Match": '"7"'}
    assert reject(stale, reason="old").json()["code"] == "changed_meanwhile"
    own = reject(admin, reason="A word is missing.").json()["own"]
    assert (own["rejection"], own["approved_by"]) == ("A word is missing.", None)
    assert own["rejected_by"].startswith("user:")
    assert pending() == [("help", "rejected")]
    again = put(client, staff, "help/duala", text="[dua] 2 {hospital}").json()["own"]
    assert (again["rejected_by"], again["rejection"]) == (None, None)
    # What was approved can be withdrawn; whoever looks again may approve it after all.
    approve(client, admin, "help/duala")
    assert pending() == []
    assert reject(admin, reason="Heard by a patient.").json()["own"]["approved_by"] is None
    last = approve(client, admin, "help/duala").json()["own"]
    assert last["approved_by"] is not None
    assert last["rejection"] is None


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


def test_what_was_recorded_first_keeps_its_recording_when_it_is_written_down(
    client: Any, staff: dict[str, str]
) -> None:
    voice = base64.b64encode(wav(seconds=0.5)).decode()
    put(client, staff, "help/duala/recording", voice_data=voice)
    written = put(client, staff, "help/duala", text="[dua] {hospital}").json()["own"]
    assert written["has_recording"] is True
    changed = put(client, staff, "help/duala", text="[dua] 2 {hospital}").json()["own"]
    assert changed["has_recording"] is False


def test_there_is_a_sample_for_every_value_of_every_phrase() -> None:
    values = {name for key in keys() for name in placeholders(key)}
    assert values == {"hospital", *SAMPLES}


def test_a_flow_is_shown_phrase_by_phrase(
    client: Any, staff: dict[str, str], admin: dict[str, str]
) -> None:
    def shown(flow: str) -> Any:
        return client.get(f"{URL}/flows/{flow}/duala", headers=staff).json()

    voice = base64.b64encode(wav(seconds=0.5)).decode()
    put(client, staff, "phone.welcome/duala", text="[dua] {hospital}")
    assert shown("feedback_by_phone")["phrases"][1]["state"] == "missing"  # nobody speaks it
    put(client, staff, "phone.welcome/duala/recording", voice_data=voice)
    put(client, staff, "phone.rate/duala/recording", voice_data=voice)
    approve(client, admin, "phone.rate/duala")
    whole = shown("feedback_by_phone")
    assert [one["key"] for one in whole["phrases"]] == list(FLOWS["feedback_by_phone"])
    states = {one["key"]: one["state"] for one in whole["phrases"]}
    assert (states["phone.welcome"], states["phone.rate"], states["phone.speak"]) == (
        "waiting", "approved", "missing",
    )  # fmt: skip
    assert (whole["needs"], whole["coverage"]["waiting"]) == ("recording", 1)
    french = whole["phrases"][1]["originals"]["fr"]["text"]
    assert french == shipped()["fra"]["phone.welcome"].text
    assert shown("help_me").get("code") == "not_found"
    assert shown("choices_by_sms")["needs"] == "words"


def test_words_are_looked_at_before_they_are_kept(client: Any, staff: dict[str, str]) -> None:
    def preview(path: str, **body: str) -> Any:
        return client.post(f"{URL}/{path}/preview", json=body, headers=staff).json()

    seen = preview("help/duala", text="[dua] ŋ {hospital}")
    assert (seen["shown"], seen["encoding"]) == ("[dua] ŋ Hôpital Nord", "UCS-2")
    assert preview("help/duala", text="[dua]")["code"] == "placeholders"
    # Folded as this hospital has it; its values are counted, too.
    folded = preview("help/french", text="« {hospital} »", sms_text="{hospital}")
    assert (folded["goes_out"], folded["encoding"]) == ("Hopital Nord", "GSM-7")
    assert client.get(URL, headers=staff).text.count("[dua]") == 0


def test_files_go_out_and_come_in(client: Any, staff: dict[str, str]) -> None:
    out = client.get(f"{URL}/export.csv?language=duala", headers=staff)
    assert out.headers["content-disposition"] == 'attachment; filename="phrases-duala.csv"'
    assert out.content.startswith(b"\xef\xbb\xbfkey,")

    def take_in(content: bytes, kind: str = "text/csv", query: str = "") -> Any:
        headers = staff | {"Content-Type": kind}
        return client.post(f"{URL}/import{query}", content=content, headers=headers)

    assert take_in(out.content).json()["written"] == 0
    filled = out.content.replace(b"\nhelp,duala,,", b"\nhelp,duala,[dua] {hospital},")
    assert take_in(filled).json() | {"unchanged": 0, "empty": 0} == {
        "stored": True, "written": 1, "unchanged": 0, "empty": 0, "refused_count": 0, "refused": [],
    }  # fmt: skip
    broken = take_in(filled.replace(b"help,duala,[dua] {hospital}", b"help,duala,[dua] {no}"))
    assert (broken.json()["stored"], broken.json()["refused"][0]["code"]) == (False, "placeholders")
    catalogue = client.get(f"{URL}/export.po?language=duala", headers=staff).content
    assert b'msgstr "[dua] {hospital}"' in catalogue
    po = "text/x-gettext-translation"
    assert take_in(catalogue, po).json()["written"] == 0
    assert take_in(b"\x00", po, "?language=duala").status_code == 422
    assert take_in(b"x", "text/plain").status_code == 415


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
