"""Hearing for real: many workers at once, crashes at every step, jobs that were lost.

Seen to fail: without the lock of the address (answered twice, in another order); with the reply
committed by itself (twice after a kill), or `handled_at` left out; with a message that cannot be
heard left at the head for ever; with the right to change what was said.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError

from models.delivery import Delivery
from models.due import Due
from models.message import Message
from models.task import Task
from services.conversation import find_unheard
from tests.conftest import ROOT
from tests.conversation.inbox import came_in, feedbacks, replies, unheard
from tests.fixtures import NORTH, owned
from utils.failpoint import CONVERSATION
from workers.conversation import hear


def test_ten_messages_of_one_number_at_once_are_answered_once_each_in_order(database: Any) -> None:
    words = [f"mot {letter}" for letter in "abcdefghij"]
    ids = came_in(database, *words)
    with ThreadPoolExecutor(10) as workers:
        list(workers.map(lambda number: hear(NORTH, [number]), reversed(ids)))
    assert unheard(database) == []
    (feedback,) = feedbacks(database)
    assert feedback.content == "\n".join(words)
    said = replies(database)
    assert len(said) == 10
    assert said[0].startswith("Merci de votre message.")
    assert said[1].startswith("Merci. Votre avis")


def test_the_same_message_by_many_workers_is_answered_once(database: Any) -> None:
    (number,) = came_in(database, "4 bon service")
    with ThreadPoolExecutor(6) as workers:
        list(workers.map(lambda _: hear(NORTH, [number]), range(6)))
    assert len(replies(database)) == len(feedbacks(database)) == 1


def test_numbers_do_not_wait_for_each_other(database: Any) -> None:
    """While one number's message is being heard, another's is heard to its end."""
    (held,) = came_in(database, "4 bon service")
    (other,) = came_in(database, "5 bon service", phone="+237650000002")
    with database.establishment(NORTH) as session:
        from services.conversation import hear as hear_one
        from workers.context import get_context

        hear_one(session, get_context().directory.get(NORTH), held)
        hear(NORTH, [other])
        assert len(feedbacks(database)) == 1
    assert len(feedbacks(database)) == 2


@pytest.mark.parametrize("point", CONVERSATION)
def test_killed_at_every_step_it_is_answered_once(database: Any, point: str) -> None:
    (number,) = came_in(database, "4 bon service")
    child = subprocess.run(
        [sys.executable, "-c", f"from workers.conversation import hear; hear({NORTH}, [{number}])"],
        cwd=ROOT,
        env=os.environ | {"CARELOOP_CRASH_AT": point},
        timeout=60,
        check=False,
    )
    assert child.returncode == -9
    hear(NORTH, [number])
    assert unheard(database) == []
    assert len(replies(database)) == len(feedbacks(database)) == 1
    with database.establishment(NORTH) as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 1
        assert session.scalar(select(func.count()).select_from(Due)) == 1


def test_a_message_whose_job_was_lost_is_found(database: Any, redis: Redis) -> None:
    ids = came_in(database, "4 bon service", "merci")
    with database.establishment(NORTH) as session:
        assert find_unheard(session, after=60) == 0
    assert Queue("careloop", connection=redis, serializer=JSONSerializer).count == 0
    with database.establishment(NORTH) as session:
        assert find_unheard(session, after=0) == 2
    (job,) = Queue("careloop", connection=redis, serializer=JSONSerializer).jobs
    assert (job.func_name, job.args) == ("workers.conversation.hear", (NORTH, ids)) or (
        job.func_name,
        job.args,
    ) == ("workers.conversation.hear", [NORTH, ids])
    hear(NORTH, ids)
    assert unheard(database) == []


def test_a_message_that_cannot_be_heard_is_read_by_staff_and_holds_up_nobody(
    database: Any, owner: Any
) -> None:
    ids = came_in(database, "4 bon service", "5 encore mieux")
    with owned(owner) as connection:  # what it says cannot be opened any more
        broken = update(Message).where(Message.id == ids[0])
        connection.execute(broken.values(body=None))
        connection.execute(
            text("update messages set body = 'x'::bytea where id = :id"), {"id": ids[0]}
        )
    for _ in range(5):
        with pytest.raises(Exception, match=r".*"):
            hear(NORTH, [ids[1]])
    assert unheard(database) == [ids[1]]
    hear(NORTH, [ids[1]])
    assert unheard(database) == []
    assert [row.content for row in feedbacks(database)] == ["encore mieux"]
    with database.establishment(NORTH) as session:
        assert [task.kind for task in session.scalars(select(Task))] == ["message"]


@pytest.mark.parametrize(
    "change",
    ["update messages set body = null", "delete from messages", "update calls set at = now()"],
)
def test_what_was_said_cannot_be_changed(database: Any, change: str) -> None:
    came_in(database, "4 bon service")
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        database.establishment(NORTH) as session,
    ):
        session.execute(text(change))


def test_a_message_from_what_is_no_number_is_read_by_staff(database: Any) -> None:
    (number,) = came_in(
        database, "Votre solde est de 100 F", address_id=None, written_from="OPERATOR"
    )
    hear(NORTH, [number])
    assert unheard(database) == []
    assert replies(database) == []
    with database.establishment(NORTH) as session:
        assert session.scalars(select(Task)).one().note == "OPERATOR\nVotre solde est de 100 F"
