"""The service's own database, opened for one establishment by its slug."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from database.session import Database
    from models.establishment import Establishment
    from services.establishment.directory import Directory


class Opened(NamedTuple):
    """An establishment with what a command reaches it by."""

    database: Database
    place: Establishment
    directory: Directory


def opened(slug: str) -> Opened:
    """An establishment by its slug; raises `NotFound`."""
    from config.settings import get_settings
    from database.engine import service_engine
    from database.session import Database
    from services.establishment.directory import Directory

    database = Database(service_engine(get_settings().database))
    directory = Directory(database)
    return Opened(database, directory.by_slug(slug), directory)
