"""The parts of `make bench` run, on a handful of rows. How fast is not a matter for a test."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from bench import dispatch, lag, memory, references, sync, tablet, tick, wire
from bench.service import running_service
from bench.stack import Stack, running_stack
from config.settings import Settings
from supervisor.embedded import EmbeddedPostgres, EmbeddedRedis


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


def test_a_sync_and_its_bytes_are_measured(tmp_path: Path) -> None:
    with (
        EmbeddedPostgres(tmp_path / "postgres", durable=False) as postgres,
        EmbeddedRedis(tmp_path / "redis", durable=False) as redis,
        running_service(tmp_path, postgres.url, redis.url) as service,
    ):
        token, api = tablet.enrolled(service), sync.api_process(service)
        assert sync.synced(service, api, token, 5, 2).per_second > 0
        rows = sync.stored(postgres.url, 20)
        assert len(rows) == 20
        for target in ("bench.bare", "bench.whole"):
            assert sync.copied(postgres.url, target, rows) > 0
        connection = tablet.Connection(service.port)
        try:
            plain = [wire.one_sync(connection, token, name) for name in ("none", "gzip")]
            single = wire.one_feedback(connection, token, "br")
        finally:
            connection.close()
    assert int(plain[0][2].replace(",", "")) > int(plain[1][2].replace(",", "")) > 0
    assert int(single[3]) > 0
