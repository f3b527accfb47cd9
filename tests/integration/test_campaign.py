"""A campaign through the whole service: killed, paused, and never in anybody's way.

Seen to fail: with the cursor saved in a transaction of its own (lost or doubled after a kill), with
the window taken away (the ordinary reminder waits behind thousands), with the hold left out of a
pause (messages leave while it is paused), with the text of an SMS not folded, contacts' own
holidays or a shared phone left out of the dry run or of the real one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests import http
from tests.integration.loop import Loop
from tests.tree import running_tree, wait_for
from utils.failpoint import CAMPAIGN


class Office(Loop):
    """A member of staff who runs campaigns."""

    def call(self, method: str, path: str, **more: Any) -> Any:
        answer = http.request(
            method,
            f"{self.tree.url}/api/v1/{path}",
            headers=self.headers | more.pop("headers", {}),
            timeout=60,
            **more,
        )
        assert answer.is_success, answer.text
        return answer.json()

    def import_contacts(self, prefix: str, first: int, count: int) -> list[str]:
        references = [f"{prefix}{n}" for n in range(count)]
        lines = [f"{r};+237650{first + n:06d}" for n, r in enumerate(references)]
        csv = "\n".join(["reference;phone", *lines]).encode()
        report = self.call(
            "POST", "contacts/import", content=csv, headers={"Content-Type": "text/csv"}
        )
        assert report["created"] == count
        return references

    def campaign(self, message: str, references: list[str], rate: int) -> int:
        body = {
            "name": message,
            "texts": {"french": message},
            "patient_ids": references,
            "rate_per_minute": rate,
        }
        number = int(self.call("POST", "campaigns", json=body)["id"])
        self.call("POST", f"campaigns/{number}/start")
        return number

    def seen(self, number: int) -> Any:
        return self.call("GET", f"campaigns/{number}")

    def phones(self, message: str) -> Counter[str]:
        """Who got a message how often, by the carrier's own ledger."""
        return Counter(e["to"] for e in self.tree.ledger(channel="sms") if message in e["body"])

    def rows(self, statement: str) -> list[Any]:
        connection = psycopg2.connect(self.tree.env["DATABASE_URL"])
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"set search_path = est_1; {statement}")
                return cursor.fetchall()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("campaign")
    # A machine that is busy with thousands of messages may take its time over each answer.
    patient = dict.fromkeys(("DATABASE_POOL_TIMEOUT", "DATABASE_CONNECT_TIMEOUT"), "30")
    with running_tree(folder, "campaign", **patient) as tree:
        yield Office(tree)


@pytest.mark.parametrize("point", [*CAMPAIGN, "campaign.before_commit:3"])
def test_killed_at_every_step_each_recipient_gets_it_once(office: Office, point: str) -> None:
    place = [*CAMPAIGN, "campaign.before_commit:3"].index(point)
    people = office.import_contacts(f"K{place}-", 10_000 + 1000 * place, 60)
    office.restart_worker(CARELOOP_CRASH_AT=point)
    number = office.campaign(f"Kill {point}", people, 6000)
    wait_for(lambda: office.tree.died("worker"), f"the worker to die at {point}")
    office.tree.start("worker")
    wait_for(lambda: office.seen(number)["status"] == "done", "the campaign to end", 60, every=0.2)
    got = office.phones(f"Kill {point}")
    assert set(got.values()) == {1}
    assert len(got) == 60


def test_a_flushed_queue_loses_nobody(office: Office) -> None:
    from redis import Redis

    people = office.import_contacts("F", 20_000, 60)
    office.tree.kill("worker")
    number = office.campaign("Flushed", people, 6000)
    with Redis.from_url(office.tree.env["REDIS_URL"]) as redis:
        redis.flushdb()
    office.tree.start("worker")
    wait_for(lambda: office.seen(number)["status"] == "done", "the campaign to end", 60, every=0.2)
    assert office.phones("Flushed").total() == len(office.phones("Flushed")) == 60


def test_paused_nothing_leaves_resumed_all_arrive(office: Office) -> None:
    people = office.import_contacts("B", 30_000, 80)
    number = office.campaign("Break", people, 1200)
    wait_for(lambda: len(office.phones("Break")) > 5, "the first messages")
    office.call("POST", f"campaigns/{number}/pause")
    begun = (
        "select count(*) from deliveries d join reminders r on r.id = d.reminder_id"
        f" where r.campaign_id = {number} and d.attempt > 0"
    )
    at_pause = office.rows(begun)
    other = office.remind("Meanwhile", "sms")
    office.wait_until(other, ("sms", "delivered"))
    assert office.rows(begun) == at_pause
    office.call("POST", f"campaigns/{number}/resume")
    wait_for(lambda: office.seen(number)["status"] == "done", "the campaign to end", 60, every=0.2)
    assert office.phones("Break").total() == len(office.phones("Break")) == 80


@pytest.mark.timeout(600)
def test_an_ordinary_reminder_does_not_wait_behind_a_campaign(office: Office) -> None:
    people = office.import_contacts("O", 40_000, 5000)
    number = office.campaign("Everybody", people, 60_000)
    wait_for(
        lambda: len(office.phones("Everybody")) > 400,
        "the campaign to be under way",
        240,
        every=0.2,
    )
    ordinary = office.remind("Only you", "sms")
    office.wait_until(ordinary, ("sms", "delivered"), seconds=240)
    waited, came_after = office.rows(
        "select count(*) filter ("
        "  where other.attempted_at between mine.due_at and mine.attempted_at"
        "), count(*) filter (where other.attempted_at > mine.attempted_at)"
        " from deliveries mine, deliveries other"
        f" where mine.reminder_id = {ordinary} and other.id <> mine.id"
    )[0]
    assert waited <= 1500, "the largest window: three sweeps of half a second at this rate"
    assert came_after > 500, "the campaign was to go on meanwhile"
    wait_for(lambda: office.seen(number)["status"] == "done", "the campaign to end", 240)
    assert set(office.phones("Everybody").values()) == {1}


FRENCH = (
    "Essai sec : la pharmacie de l'hôpital sera fermée demain, même pour les ordonnances de la "
    "maternité ; elle rouvre après-demain à huit heures. Pour une urgence, venez à l'accueil."
)
ENGLISH = "Essai sec: the pharmacy is closed tomorrow."


def whole_ward(office: Office) -> list[str]:
    """People who differ in all that decides what a recipient of a campaign gets, or why nothing."""
    people: dict[str, dict[str, Any]] = {
        "FR1": {"name": "Marie", "phone_number": "+237650090001", "language": "french"},
        "FR2": {"name": "Paul", "phone_number": "+237650090002", "language": "french"},
        "FAMILY": {"name": "Awa", "phone_number": "+237650090001", "language": "french"},
        "EN1": {"name": "Grace", "phone_number": "+237650090003", "language": "english"},
        "EWO": {"name": "Ɓelinga", "phone_number": "+237650090004", "language": "ewondo"},
        "NONAME": {"phone_number": "+237650090005", "language": "english"},
        "MAIL": {"name": "Jean", "email": "jean@example.com", "language": "french"},
        "NOWHERE": {"name": "Luc"},
        "STOPPED": {"name": "Rose", "phone_number": "+237650090006"},
        "AWAY": {"name": "Zoé", "phone_number": "+237650090007"},
    }
    today = datetime.now(UTC).date()
    away = [{"day": f"{today + timedelta(days=n)}"} for n in range(-1, 4)]
    people["AWAY"]["holidays"] = away
    for reference, one in people.items():
        office.call("POST", "contacts", json={"patient_id": reference} | one)
    said = {
        "from": people["STOPPED"]["phone_number"],
        "to": office.tree.env["TWILIO_PHONE_NUMBER"],
        "body": "STOP",
    }
    assert http.post(
        f"{office.tree.simulator_url}/simulator/inbound/sms", json=said, timeout=10
    ).is_success
    wait_for(
        lambda: office.rows("select 1 from addresses where opted_out_at is not null"), "the stop"
    )
    return [*people, "NOBODY"]


@pytest.fixture(scope="module")
def ward(office: Office) -> list[str]:
    return whole_ward(office)


@pytest.mark.parametrize(
    ("shared", "before"), [("one_message", ""), ("one_for_each", "{name}, ")], ids=str
)
def test_the_dry_run_says_what_then_goes_out(
    office: Office, ward: list[str], shared: str, before: str
) -> None:
    """Exclusions, languages, channels, encodings and segments, counted again by the carrier."""
    body = {
        **{"name": shared, "texts": {"french": before + FRENCH, "english": before + ENGLISH}},
        **{"patient_ids": ward, "rate_per_minute": 6000, "valid_for": "P1D"},
    }
    told = office.call("POST", "campaigns/preview", json=body)
    assert told["shared_address"] == shared
    earlier = {entry["id"] for entry in office.tree.ledger()}
    number = int(office.call("POST", "campaigns", json=body)["id"])
    stored = office.call("POST", f"campaigns/{number}/preview")
    office.call("POST", f"campaigns/{number}/start", json={"dry_run": stored["dry_run"]})
    wait_for(lambda: office.seen(number)["status"] == "done", "the campaign to end", 60)
    went = [
        entry
        for entry in office.tree.ledger()
        if entry["id"] not in earlier and "Essai sec" in entry["body"]
    ]
    sms = [entry["extra"] for entry in went if entry["channel"] == "sms"]
    assert told["recipients"] == len(went)
    assert told["channels"] == dict(Counter(entry["channel"] for entry in went))
    assert told["excluded"] == office.seen(number)["progress"]["excluded"]
    assert told["encodings"] == dict(Counter(one["encoding"] for one in sms))
    assert told["segments"] == dict(Counter(str(one["num_segments"]) for one in sms))
    assert told["segments_total"] == sum(one["num_segments"] for one in sms)
    english = sum("pharmacy" in entry["body"] for entry in went)
    assert {one["language"]: one["recipients"] for one in told["languages"]} == {
        "english": english,
        "french": len(went) - english,
    }
    # Nothing is missing from the comparison: each reason is there, and each kind of text.
    assert {"no_address", "opted_out", "past_validity"} <= told["excluded"].keys()
    assert ("same_address" in told["excluded"]) == (shared == "one_message")
    assert ("name_missing" in told["excluded"]) == (shared == "one_for_each")
    assert len(told["segments"]) > 1
    assert told["channels"]["email"] == 1
