"""Column types: sealed text, JSON and bytes, and times that always know their offset."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from utils.crypto import get_cipher


class Sealed(TypeDecorator[str]):
    """Text, encrypted at rest. `label` is `table.column` and is authenticated with the value."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else get_cipher().seal(value.encode(), self.label)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else get_cipher().open(bytes(value), self.label).decode()


class SealedJSON(TypeDecorator[Any]):
    """A JSON value, encrypted at rest."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return get_cipher().seal(text.encode(), self.label)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json.loads(get_cipher().open(bytes(value), self.label))


class SealedBytes(TypeDecorator[bytes]):
    """Bytes, encrypted at rest."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else get_cipher().seal(value, self.label)

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else get_cipher().open(bytes(value), self.label)


SEALED_TYPES = (Sealed, SealedJSON, SealedBytes)
"""All that a key rotation must find."""


class Moment(TypeDecorator[datetime]):
    """A point in time. A value without an offset is a mistake of ours and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without an offset cannot be stored")
        return value
