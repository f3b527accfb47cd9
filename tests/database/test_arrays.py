"""Array literals read back as what they were made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from database.arrays import bytea_array, number_array, text_array, time_array, uuid_array

storable = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
awkward = st.sampled_from(["", "NULL", "null", '"', "\\", '\\"', "{", "}", ",", " ", "'", "\\x41"])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.none() | awkward | storable, max_size=8),
    many=st.lists(st.none() | st.binary(max_size=8), max_size=8),
)
def test_any_text_and_bytes(owner: Any, texts: list[Any], many: list[Any]) -> None:
    with owner.connect() as connection:
        found = connection.execute(
            text("select cast(:texts as text[]) as texts, cast(:many as bytea[]) as many"),
            {"texts": text_array(texts), "many": bytea_array(many)},
        ).one()
    assert found.texts == texts
    assert [value if value is None else bytes(value) for value in found.many] == many


def test_uuids_numbers_and_times(owner: Any) -> None:
    uuids, numbers = [uuid4(), None], [0, None, -5, 2**31 - 1]
    times = [datetime(1, 6, 1, tzinfo=UTC), None, datetime(9999, 6, 1, 1, 2, 3, 4, tzinfo=UTC)]
    with owner.connect() as connection:
        found = connection.execute(
            text(
                "select cast(cast(:uuids as uuid[]) as text[]) as uuids,"
                " cast(:numbers as integer[]) as numbers, cast(:times as timestamptz[]) as times"
            ),
            {
                "uuids": uuid_array(uuids),
                "numbers": number_array(numbers),
                "times": time_array(times),
            },
        ).one()
    assert found.uuids == [str(uuids[0]), None]
    assert found.numbers == numbers
    assert found.times == times
