"""Starting: where it refuses to, and what outlives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    RefusedToStartError,
    load,
)
from tests.simulator.simulator_harness import NUMBER, PHONE, eventually, refusal, running


@pytest.mark.parametrize("environment", ["production", "staging", "Production", ""])
def test_it_refuses_to_run_where_real_messages_are_expected(environment: str) -> None:
    code, out, error = refusal(env={"ENVIRONMENT": environment})

    assert (code, out) == (2, "")
    assert len(error.splitlines()) == 1
    assert "ENVIRONMENT=development" in error


@pytest.mark.parametrize(
    ("environment", "options"),
    [
        ("development", ["--host", "0.0.0.0"]),
        ("development", ["--host", "::"]),
        ("development", ["--host", "192.168.1.1"]),
        ("development", ["--host", "example.org"]),
        ("test", ["--host", "0.0.0.0", "--container"]),
        ("production", ["--container"]),
    ],
)
def test_it_refuses_to_be_reached_from_elsewhere(environment: str, options: list[str]) -> None:
    with pytest.raises(RefusedToStartError):
        load(options, {"ENVIRONMENT": environment})


def test_a_container_may_be_reached() -> None:
    settings = load(["--host", "0.0.0.0", "--container"], {"ENVIRONMENT": "development"})

    assert settings.host == "0.0.0.0"


def test_webhooks_by_number() -> None:
    env = {
        "ENVIRONMENT": "test",
        "SIMULATOR_NUMBERS": "+12025550142, HOPITAL",
        "SIMULATOR_SMS_WEBHOOK": "http://a.example/sms?x=1,+12025550142=http://b.example/sms",
    }

    numbers = load([], env).numbers

    assert numbers["+12025550142"].sms_url == "http://b.example/sms"
    assert numbers["HOPITAL"].sms_url == "http://a.example/sms?x=1"


def test_a_taken_port_gives_one_clear_line() -> None:
    with running() as first:
        port = first.base.rpartition(":")[2]
        code, _, error = refusal("--port", port)

    assert code == 2
    assert len(error.splitlines()) == 1
    assert port in error


def test_the_ledger_survives_a_kill(tmp_path: Path) -> None:
    ledger = ("--ledger", str(tmp_path / "ledger.sqlite"))
    with running(*ledger, "--delivery-ms", "60000") as first:
        client = first.client(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)
        sid = client.messages.create(to=PHONE, from_=NUMBER, body="é").sid
        stopped = {"from": PHONE, "to": NUMBER, "body": "STOP"}
        assert first.post("inbound/sms", stopped).status_code == 201
        before = first.ledger()
        first.process.kill()

    with running(*ledger, "--delivery-ms", "10") as second:
        assert [entry["id"] for entry in second.ledger()] == [entry["id"] for entry in before]
        assert second.entry(sid)["body"] == "é"
        eventually(lambda: second.entry(sid)["state"] == "delivered")
        opt_outs = second.http.get("/simulator/opt-outs").json()
        assert opt_outs == [{"number": NUMBER, "address": PHONE}]
