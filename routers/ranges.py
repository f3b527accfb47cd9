"""A part of something that is known whole (RFC 9110, section 14): players ask so."""

from __future__ import annotations

import re

from fastapi import Response

from routers.problems import problem

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def ranged(content: bytes, media_type: str, wanted: str | None) -> Response:
    """The whole, one range of it, or a 416. What is no single range of bytes is not heeded."""
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, no-store"}
    size = len(content)
    bounds = _bounds(wanted.strip(), size) if wanted else None
    if bounds is None:
        return Response(content, media_type=media_type, headers=headers)
    first, last = bounds
    if first > last:
        refusal = problem(416, "range_not_satisfiable", "There is less of it than that.")
        refusal.headers["Content-Range"] = f"bytes */{size}"
        return refusal
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Response(content[first : last + 1], 206, headers, media_type)


def _bounds(wanted: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte; the first is greater where there is nothing. None: no range."""
    found = _RANGE.fullmatch(wanted)
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:  # the last so many
        count = int(found[2])
        return (max(0, size - count) if count else size, size - 1)
    first, last = int(found[1]), int(found[2]) if found[2] else size - 1
    return None if found[2] and last < first else (first, min(last, size - 1))
