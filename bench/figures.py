"""Medians, percentiles and the tables they are shown in."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.table import Table

T = TypeVar("T")

# A pipe has no width: wide enough for every table of the bench.
console = Console(width=None if Console().is_terminal else 118)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of them lie; 0 when there is none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def median_of(rounds: Iterable[T], key: Callable[[T], float]) -> T:
    """The round in the middle, as a whole: its figures belong together."""
    ordered = sorted(rounds, key=key)
    return ordered[(len(ordered) - 1) // 2]


def spread(values: Sequence[float]) -> str:
    """How far rounds lie apart: lowest to highest."""
    return f"{min(values):,.0f}-{max(values):,.0f}"


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds, or as seconds where those read better."""
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"


def median(values: Sequence[float]) -> float:
    """The median; 0 when there is none."""
    return statistics.median(values) if values else 0.0


def table(title: str, *columns: str) -> Table:
    """A table whose first column is text and whose others are figures."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="")
    for number, name in enumerate(columns):
        made.add_column(name, justify="left" if number == 0 else "right", overflow="fold")
    return made


def verdict(value: float, target: float, beyond: float | None = None) -> str:
    """Whether a figure that should be high met its target."""
    if beyond is not None and value >= beyond:
        return f"beyond ({beyond:g})"
    return f"met ({target:g})" if value >= target else f"MISSED ({target:g})"
