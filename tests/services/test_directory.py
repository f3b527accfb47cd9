"""Who is known as an establishment: nobody before everything of theirs is there.

`_FOUNDED` was left out once, and what was read kept whatever had changed meanwhile: these failed.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, text
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


def test_what_was_read_before_a_change_is_not_kept_after_it(database: Any, owner: Any) -> None:
    directory = Directory(database)

    def change(label: str | None) -> None:
        with owner.begin() as connection:
            connection.execute(
                text("update shared.senders set label = :label where id = 1"), {"label": label}
            )

    def meanwhile(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "shared.senders" in statement:
            change("Accueil")
            directory.forget()

    event.listen(database.engine, "after_cursor_execute", meanwhile)
    try:
        directory.all()
    finally:
        event.remove(database.engine, "after_cursor_execute", meanwhile)
    try:
        found = directory.sender_by_id(1)
        assert found is not None
        assert found.label == "Accueil"
    finally:
        change(None)
