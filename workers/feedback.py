"""Jobs on feedback. Ids in, nothing out."""

from __future__ import annotations

from workers.context import get_context


def process(establishment_id: int, ids: list[int]) -> None:
    """Look at new feedback: probe its recordings, mark it as processed."""
    get_context().directory.get(establishment_id)
