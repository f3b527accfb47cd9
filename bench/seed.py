"""Deliveries in bulk, as the service would have stored them: one reminder and one phone each."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.stack import Stack

VALIDITY = timedelta(hours=4)
MESSAGE = "Rappel : votre rendez-vous est demain à 9 h. Répondez 1 pour confirmer."
_NOBODYS_NUMBER = 237_650_000_000


def empty(stack: Stack) -> None:
    """Forget every delivery: each run starts from the same database."""
    with stack.owner() as cursor:
        cursor.execute(
            "truncate reminders, deliveries, delivery_events, messages, calls, addresses, tasks,"
            " shared.due restart identity cascade"
        )


def deliveries(stack: Stack, count: int, due_at: Callable[[int], float]) -> None:
    """Store `count` SMS; the one with number n (from 1) is due at `due_at(n)`, Unix seconds.

    Raises `SystemExit` when that took longer than until the first is due.
    """
    moments = [datetime.fromtimestamp(due_at(n), UTC) for n in range(1, count + 1)]
    cipher = stack.cipher
    label = "addresses.value"
    numbers = range(1, count + 1)
    with stack.owner() as cursor:
        # The rows are consistent as they are made: one by one, the checks of foreign keys would
        # take longer than everything else.
        cursor.execute("set session_replication_role = replica")
        _copy(
            cursor, "addresses (id, kind, value, value_index)",
            (
                (n, "phone", cipher.seal(f"+{_NOBODYS_NUMBER + n}".encode(), label),
                 n.to_bytes(16, "big"))
                for n in numbers
            ),
        )  # fmt: skip
        _copy(
            cursor,
            "reminders (id, client_id, fingerprint, message, language, scheduled_time, phone_id,"
            " channels, validity_seconds, expects_reply, status, created_by, version)",
            (
                (n, f"00000000-0000-4000-8000-{n:012x}", b"f",
                 cipher.seal(MESSAGE.encode(), "reminders.message"), "fra", moment, n, "{sms}",
                 int(VALIDITY.total_seconds()), "f", "scheduled", "bench", 1)
                for n, moment in zip(numbers, moments, strict=True)
            ),
        )  # fmt: skip
        _copy(
            cursor,
            "deliveries (id, reminder_id, occurrence, channel, address_id, status, due_at,"
            " valid_until, attempt)",
            (
                (n, n, moment, "sms", n, "scheduled", moment, moment + VALIDITY, 0)
                for n, moment in zip(numbers, moments, strict=True)
            ),
        )
        _copy(
            cursor, "delivery_events (delivery_id, status, cause, attempt)",
            ((n, "scheduled", "scheduled", 0) for n in numbers),
        )  # fmt: skip
        _copy(
            cursor, "shared.due (establishment_id, delivery_id, due_at)",
            ((1, n, moment) for n, moment in zip(numbers, moments, strict=True)),
        )  # fmt: skip
    if time.time() > min(map(due_at, (1, count))):
        raise SystemExit("this machine stores too slowly: the first was due before all were there")


def _copy(cursor: Any, target: str, rows: Iterable[tuple[Any, ...]]) -> None:
    lines = io.StringIO()
    for row in rows:
        lines.write("\t".join(map(_field, row)) + "\n")
    lines.seek(0)
    cursor.copy_expert(f"copy {target} from stdin", lines)


def _field(value: Any) -> str:
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def seconds_to_store(count: int) -> float:
    """Time to allow between the start of storing and the first due time."""
    return 3.0 + count / 4000
