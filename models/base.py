"""The two declarative bases: rows of the service (`shared`), and rows of one establishment."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Identity, MetaData, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from database.roles import SHARED_SCHEMA
from database.types import Moment

# Alembic needs every constraint to have a name that does not depend on the database.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class SharedBase(DeclarativeBase):
    """Rows of the service itself: no patient's data."""

    metadata = MetaData(schema=SHARED_SCHEMA, naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Moment}


class Base(DeclarativeBase):
    """Rows of one establishment. No schema here: the session's `search_path` decides."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Moment}


class Numbered:
    """A row known by a number that the database gives."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


class Created:
    """A row that knows when it was made (database clock)."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
