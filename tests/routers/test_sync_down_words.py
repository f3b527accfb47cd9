"""What goes down to devices in the establishment's words, and the hospital's answers."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from redis import Redis
from sqlalchemy import text
from typer.testing import CliRunner

from cli import app as cli
from models.phrase import FlowLanguage, Phrase
from services.phrase.phrases import FLOWS
from services.recording import put_away
from services.sync.down import DownSync
from tests.fixtures import NORTH, owned
from tests.routers.test_feedback_care import wav
from tests.routers.test_sync import item, now, sync
from tests.routers.test_sync_down import down
from tests.routers.test_sync_reminders import device
from utils.shared_cache import SharedCache

APP = FLOWS["feedback_by_app"]


def phrase(key: str, language: str = "dua", **more: Any) -> Phrase:
    facts = {"text": f"[{key}]", "written_by": "user:1", "approved_by": "user:2"} | more
    return Phrase(key=key, language=language, **facts)


@pytest.fixture
def duala(client: Any) -> Any:
    """The northern hospital speaks Duala, too."""
    CliRunner().invoke(cli, ["set-establishment", "north", "--languages", "duala,french,english"])
    yield
    CliRunner().invoke(cli, ["set-establishment", "north", "--languages", "french,english"])


@pytest.mark.usefixtures("duala")
def test_a_language_is_offered_once_every_phrase_of_it_is_approved(
    client: Any, database: Any
) -> None:
    with database.establishment(NORTH) as session:
        session.add_all(phrase(key) for key in APP[:-1])
        session.add(phrase(APP[-1], approved_by=None))
    first = down(client)
    assert first["sections"]["form"]["languages"] == ["french", "english"]
    assert len(first["sections"]["phrases"]["duala"]["words"]) == len(APP) - 1
    with database.establishment(NORTH) as session:
        session.query(Phrase).filter_by(key=APP[-1]).one().approved_by = "user:2"
    assert "form" not in down(client, cursor=first["cursor"])["sections"], "nobody switched it on"
    with database.establishment(NORTH) as session:
        flow = {"flow": "feedback_by_app", "language": "dua", "switched_by": "user:2"}
        session.add(FlowLanguage(**flow))
    second = down(client, cursor=first["cursor"])
    found = second["sections"]
    assert set(found) == {"form", "phrases"}
    assert found["form"]["languages"] == ["duala", "french", "english"]
    assert found["phrases"]["duala"]["words"]["askTitle"] == "[app.askTitle]"
    assert found["phrases"]["duala"]["words"]["faces.0"] == "[app.faces.0]"
    with database.establishment(NORTH) as session:  # taken back: the device forgets it
        session.delete(session.query(Phrase).filter_by(key="app.send").one())
    found = down(client, cursor=second["cursor"])["sections"]
    assert found["form"]["languages"] == ["french", "english"]
    assert "send" not in found["phrases"]["duala"]["words"]


def test_an_establishments_own_words_go_before_what_ships_with_redis_or_without(
    client: Any, database: Any
) -> None:
    without = DownSync(database, SharedCache(Redis(port=1, socket_connect_timeout=0.2, retry=None)))
    assert down(client)["sections"]["phrases"] == {}
    with database.establishment(NORTH) as session:
        session.add(phrase("app.send", "fra", text="Envoyer à l'hôpital"))
        session.add(phrase("app.back", "fra", approved_by=None))
        session.add(phrase("help", "fra"))  # of another flow
    wanted = {"french": {"words": {"send": "Envoyer à l'hôpital"}, "prompts": {}}}
    assert down(client)["sections"]["phrases"] == wanted
    assert without.changed(NORTH, None)["sections"]["phrases"] == wanted


def test_only_what_was_approved_for_the_app_can_be_heard(client: Any, database: Any) -> None:
    storage = client.app.state.careloop.storage
    with database.establishment(NORTH) as session:
        spoken, unheard = (put_away(storage, NORTH, wav(1.0)) for _ in range(2))
        session.add_all([spoken, unheard])
        session.flush()
        session.add(phrase("app.askTitle", "fra", recording_id=spoken.id))
        session.add(phrase("app.send", "fra", recording_id=unheard.id, approved_by=None))
    prompts = down(client)["sections"]["phrases"]["french"]["prompts"]
    assert prompts == {"askTitle": str(spoken.id)}
    heard = client.get(f"/api/v1/sync/prompts/{spoken.id}")
    assert (heard.status_code, heard.headers["Content-Type"]) == (200, "audio/mpeg")
    assert heard.content[:1] == b"\xff"  # a frame of MPEG audio: a wire of 64 kbit/s can carry it
    assert len(heard.content) < len(wav(1.0)) / 3
    assert "immutable" in heard.headers["Cache-Control"]
    for path in (
        f"/api/v1/sync/prompts/{unheard.id}",
        f"/api/v1/sync/prompts/{uuid4()}",
        f"/api/v1/e/south/sync/prompts/{spoken.id}",
    ):
        assert client.get(path).status_code == 404


def answered(client: Any, staff: dict[str, str], said: dict[str, Any], words: str) -> int:
    """Send a feedback's answer; the number of the reminder that carries it."""
    contact = {"patient_id": said["patient_id"], "phone_number": "+237650000077"}
    client.post("/api/v1/contacts", json=contact, headers=staff)
    (result,) = sync(client, said)
    answer = client.post(
        f"/api/v1/feedback/{result['id']}/answer", json={"text": words}, headers=staff
    )
    assert answer.status_code == 201, answer.text
    return int(answer.json()["reminder_id"])


def asked(client: Any, *said: dict[str, Any], **headers: Any) -> list[dict[str, Any]]:
    body = {"client_ids": [one["client_id"] for one in said]}
    answer = client.post("/api/v1/sync/answers", json=body, **headers)
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()["answers"]
    return listed


def test_who_sent_it_is_told_the_answer_and_nobody_else(client: Any, staff: dict[str, str]) -> None:
    tablet = device(client, staff, for_staff=False)
    first, second, other = item(), item(), item()
    for said in (first, second, other):
        sync(client, said, headers=tablet)
    assert asked(client, first, second) == []
    cursor = client.get("/api/v1/sync", headers=tablet).json()["cursor"]
    reminder = answered(client, staff, first, "Merci, nous avons réparé le robinet.")
    (told,) = asked(client, first, second)
    assert told["client_id"] == first["client_id"]
    assert told["text"] == "Merci, nous avons réparé le robinet."
    assert asked(client, second, item()) == []
    path = {"client_ids": [first["client_id"]]}
    assert client.post("/api/v1/e/south/sync/answers", json=path).json() == {"answers": []}
    # A ward's tablet hears that there is one, not what it says: many hands hold it.
    (seen,) = asked(client, first, headers=tablet)
    assert seen["text"] is None
    news = client.get("/api/v1/sync", params={"cursor": cursor}, headers=tablet).json()
    assert [one["client_id"] for one in news["sections"]["answers"]] == [first["client_id"]]
    assert "robinet" not in str(news)
    assert "answers" not in down(client)["sections"]
    nobodys = device(client, staff, for_staff=False)
    assert client.get("/api/v1/sync", headers=nobodys).json()["sections"]["answers"] == []
    # Called off before it left: it is told no more.
    client.post(f"/api/v1/reminders/{reminder}/cancel", headers=staff)
    assert asked(client, first) == []
    gone = client.get("/api/v1/sync", params={"cursor": news["cursor"]}, headers=tablet).json()
    assert gone["sections"] == {"answers": []}


def test_a_tablet_hears_of_the_latest_answers_first_and_for_ninety_days(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    tablet = device(client, staff, for_staff=False)
    said = [item() for _ in range(3)]
    sync(client, *said, headers=tablet)
    for one in said:
        answered(client, staff, one, "Merci.")
    with owned(owner) as connection:
        connection.execute(
            text(
                "update est_1.answers a set created_at = now() - case f.client_id"
                " when cast(:first as uuid) then interval '1 hour'"
                " when cast(:second as uuid) then interval '91 days'"
                " else interval '1 day' end from est_1.feedbacks f where f.id = a.feedback_id"
            ),
            {"first": said[0]["client_id"], "second": said[1]["client_id"]},
        )
    told = client.get("/api/v1/sync", headers=tablet).json()["sections"]["answers"]
    assert [one["client_id"] for one in told] == [said[0]["client_id"], said[2]["client_id"]]


def test_bounds_of_asking(client: Any) -> None:
    many = {"client_ids": [str(uuid4())] * 51}
    answer = client.post("/api/v1/sync/answers", json=many)
    assert (answer.status_code, answer.json()["field"]) == (422, "client_ids")


def test_who_left_neither_number_nor_name_hears_the_answer_all_the_same(
    client: Any, staff: dict[str, str], owner: Any
) -> None:
    said = item(patient_id=None)
    (result,) = sync(client, said)
    path = f"/api/v1/feedback/{result['id']}/answer"
    words = {"text": "Merci, nous en parlons à l'équipe."}
    by_sms = client.post(path, json=words | {"channels": ["sms"]}, headers=staff)
    assert (by_sms.status_code, by_sms.json()["code"]) == (409, "no_address")
    keyed = staff | {"Idempotency-Key": "answer-1"}
    first, again = (client.post(path, json=words, headers=keyed) for _ in range(2))
    assert (first.status_code, first.json()["channels"]) == (201, [])
    assert again.json() == first.json()
    assert [one["text"] for one in asked(client, said)] == [words["text"]]
    shown = client.get(f"/api/v1/reminders/{first.json()['reminder_id']}", headers=staff)
    assert (shown.status_code, shown.json()["deliveries"]) == (200, [])
    with owned(owner) as connection:
        assert connection.scalar(text("select count(*) from shared.due")) == 0
    # Nobody could ever ask for this one: its identity was made here.
    nameless = client.post("/api/v1/feedback", json={"language": "french", "rating": 1})
    path = f"/api/v1/feedback/{nameless.json()['id']}/answer"
    assert client.post(path, json=words, headers=staff).status_code == 409


def test_who_sends_learns_whether_there_is_something_to_fetch(
    client: Any, staff: dict[str, str], database: Any
) -> None:
    tablet = device(client, staff, for_staff=False)
    said = item()

    def sent(**more: str) -> dict[str, Any]:
        body = {"sent_at": now(), "items": [said]}
        answer = client.post("/api/v1/sync", json=body, headers=tablet | more)
        found: dict[str, Any] = answer.json()
        return found

    mine = client.get("/api/v1/sync", headers=tablet).json()["cursor"]
    assert sent()["cursor"] == mine
    assert sent(Prefer="return=minimal") == {"results": []}
    with database.establishment(NORTH) as session:
        session.add(phrase("app.send", "fra"))
    news = sent()["cursor"]
    assert news != mine
    answered(client, staff, said, "Merci.")
    assert sent()["cursor"] not in (mine, news)
