"""Statements that a connection parses and plans once: the hot path runs the same few for ever.

Planning one of them takes longer than carrying it out for a handful of rows. Behind a transaction
pooler, where the next transaction may meet another server process, each is planned every time.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from database.driver import carry_out, fetched
from database.engine import DIRECT
from database.session import ScopedSession

MOST_KEPT = 128
"""Plans that one connection keeps; a plan takes some 100 KB, and each establishment has its own."""
_KEPT = "prepared"
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


class Prepared:
    """One statement. Parameters are written `:name`, as in `text()`; `types` names their types."""

    def __init__(self, sql: str, **types: str) -> None:
        place = {name: f"${number}" for number, name in enumerate(types, 1)}
        self._parameters = tuple(types)
        self._marks = _listed(["%s"] * len(types))
        self._declared = _listed(types.values())
        self._numbered = _PARAMETER.sub(lambda found: place[found[1]], sql)
        self._inline = _PARAMETER.sub(
            lambda found: f"cast(%({found[1]})s as {types[found[1]]})", sql.replace("%", "%%")
        )
        self._digest = hashlib.sha256(self._numbered.encode()).hexdigest()[:12]

    def run(self, session: ScopedSession, **values: Any) -> list[Any]:
        """All rows, as named tuples. Raises what `session.execute` raises."""
        connection = session.connection()
        if not connection.info.get(DIRECT):
            return fetched(connection, self._inline, values)
        # A plan holds for one schema and role.
        name = f"careloop_{self._digest}_{session.schema}"
        self._prepare(connection, name)
        ordered = tuple(values[parameter] for parameter in self._parameters)
        return fetched(connection, f"execute {name}{self._marks}", ordered)

    def _prepare(self, connection: Connection, name: str) -> None:
        kept: OrderedDict[str, None] = connection.info.setdefault(_KEPT, OrderedDict())
        if name in kept:
            kept.move_to_end(name)
            return
        carry_out(connection, f"prepare {name}{self._declared} as {self._numbered}")
        kept[name] = None
        while len(kept) > MOST_KEPT:
            oldest, _ = kept.popitem(last=False)
            carry_out(connection, f"deallocate {oldest}")


def _listed(words: Iterable[str]) -> str:
    """`(a, b)`; nothing for nothing: PostgreSQL takes no empty brackets here."""
    inside = ", ".join(words)
    return f" ({inside})" if inside else ""


def numbers(ids: Iterable[int | None]) -> str:
    """Whole numbers as a parameter that is an array: one text, not adapted one by one."""
    return "{" + ",".join("null" if one is None else str(one) for one in ids) + "}"
