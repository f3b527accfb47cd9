"""The parts of `make bench` run, on a handful of rows. How fast is not a matter for a test."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from bench import dispatch, lag, memory, references, tick
from bench.stack import Stack, running_stack
from config.settings import Settings


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack(durable=False) as running:
        yield running


@pytest.mark.parametrize("kind", [dispatch.Kind("no-op", 30, 1), dispatch.Kind("80 ms", 30, 2, 10)])
def test_deliveries_due_at_once_are_all_seen(stack: Stack, kind: dispatch.Kind) -> None:
    seen = dispatch.engine(stack, kind)
    assert seen.count == 30
    assert 0 < seen.p50 <= seen.p99
    assert seen.per_second > 0


def test_the_lag_of_each_delivery_is_seen(stack: Stack) -> None:
    lags = lag.engine(stack, 30)
    assert len(lags) == 30
    assert min(lags) >= 0


def test_rq_is_measured_the_same_way(stack: Stack) -> None:
    assert len(references.rq(stack, 5).lags) == 5


def test_celery_is_measured_the_same_way(stack: Stack) -> None:
    pytest.importorskip("celery", reason="only `make bench` installs it")
    assert len(references.celery(stack, 5).lags) == 5


def test_a_tick_is_timed_at_every_size(stack: Stack) -> None:
    for size in (0, 50):
        tick.later(stack, size)
        with stack.owner() as cursor:
            cursor.execute("select count(*) from shared.due where due_at > now()")
            assert cursor.fetchone() == (size,)
    assert {kind: len(times) > 0 for kind, times in tick.measure(stack, 1).items()} == {
        "look": True,
        "sweep": True,
    }


def test_a_tables_figures_come_with_their_verdict(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "IDLE_SECONDS", 0.0)
    memory.run(argparse.Namespace())
    printed = capsys.readouterr().out
    assert "cli.py worker" in printed
    assert any(word in printed for word in ("met (", "MISSED (", "beyond ("))


def test_production_refuses_to_send_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("DRY_RUN", "true")
    with pytest.raises(ValidationError, match="DRY_RUN"):
        Settings()
