"""The simulator's fixtures: one process per test worker, as new for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twilio.rest import Client

from tests.simulator.simulator_harness import SENDGRID_KEY, SERVICE, SID, TOKEN, Simulator, running
from tests.simulator.simulator_service import Service


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture(scope="session")
def process(service: Service) -> Iterator[Simulator]:
    options = (
        "--account-sid", SID, "--auth-token", TOKEN, "--sendgrid-key", SENDGRID_KEY,
        "--messaging-service-sid", SERVICE, "--sendgrid-webhook", service.url("/sendgrid"),
    )  # fmt: skip
    with running(*options) as simulator:
        yield simulator


@pytest.fixture
def simulator(process: Simulator, service: Service) -> Simulator:
    """The shared process, as new."""
    process.behave()
    process.wire(service)
    process.http.put("/simulator/phones", json=[])
    process.http.delete("/simulator/ledger")
    process.http.delete("/simulator/opt-outs")
    service.reset()
    return process


@pytest.fixture
def twilio(simulator: Simulator) -> Client:
    return simulator.client()
