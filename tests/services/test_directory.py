"""Who is known as an establishment: nobody before everything of theirs is there.

`_FOUNDED` was left out once, and this failed.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.establishment import Establishment
from services.errors import NotFound
from services.establishment.directory import Directory
from tests.fixtures import NORTH, SOUTH


def test_an_establishment_without_its_schema_stops_nobody(database: Any, owner: Any) -> None:
    with Session(owner) as session, session.begin():
        session.add(Establishment(slug="half-made", name="Clinique", languages=["fra"]))
    try:
        directory = Directory(database)
        assert [one.id for one in directory.all()] == [NORTH, SOUTH]
        with pytest.raises(NotFound):
            directory.by_slug("half-made")
    finally:
        with owner.begin() as connection:
            connection.execute(text("delete from shared.establishments where slug = 'half-made'"))
