"""The queue: Redis with RQ. Only a fast path; a job that is lost here is found by the sweeper.

JSON on both sides, ids only. When Redis is away nothing waits for it: after a failure the queue is
left alone for a few seconds, and PostgreSQL's due queue says later what there is to do.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from config.settings import RedisSettings
from database.session import Job
from utils.logs import get_logger
from utils.metrics import QUEUE_FAILURES

QUEUE_NAME = "careloop"
RESULT_SECONDS = 0  # nobody reads an RQ result; PostgreSQL has the outcome
FAILURE_SECONDS = 3600
JOB_SECONDS = 300
LEFT_ALONE_SECONDS = 3.0
BLOCKED_SECONDS = 2
"""How long a worker's read for the next job blocks. A gateway forgets a connection that rests for
longer than it likes, without a word: a job is then popped into nothing."""
ANSWER_SECONDS = BLOCKED_SECONDS + 10
"""After so long such a read has no answer any more (RQ's own measure)."""
# As of the connections to PostgreSQL: who vanished is noticed within a minute, not in hours.
KEEPALIVE = {
    getattr(socket, name): value
    for name, value in (
        ("TCP_KEEPIDLE", 20),
        ("TCP_KEEPINTVL", 10),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", 30_000),
    )
    if hasattr(socket, name)
}

log = get_logger("careloop.queue")


class JobWithoutEstablishment(Exception):
    """A job must say whose it is."""


def connect(settings: RedisSettings, *, blocking: bool = False) -> Redis:
    """A connection with a time-out on everything (a worker's blocking reads wait longer)."""
    return Redis.from_url(
        settings.url.get_secret_value(),
        socket_connect_timeout=settings.timeout,
        socket_timeout=max(ANSWER_SECONDS, settings.timeout) if blocking else settings.timeout,
        **_kept_alive(settings),
        health_check_interval=30,
    )


def _kept_alive(settings: RedisSettings) -> dict[str, Any]:
    """A socket of this machine has no gateway on its way, and takes none of it."""
    if settings.url.get_secret_value().startswith("unix:"):
        return {}
    return {"socket_keepalive": True, "socket_keepalive_options": KEEPALIVE}


class JobQueue:
    """Hands jobs to the workers."""

    def __init__(self, redis: Redis) -> None:
        self._queue = Queue(QUEUE_NAME, connection=redis, serializer=JSONSerializer)
        self._away_until = 0.0

    def put(self, job: Job) -> bool:
        """Enqueue one job; False when Redis cannot be reached. Raises for a job of nobody."""
        return self._enqueue(job, at_front=False)

    def put_first(self, job: Job) -> bool:
        """The same, but before all that wait."""
        return self._enqueue(job, at_front=True)

    def _enqueue(self, job: Job, *, at_front: bool) -> bool:
        if not job.establishment_id:
            raise JobWithoutEstablishment(job.name)
        if time.monotonic() < self._away_until:
            return False
        correlation = structlog.contextvars.get_contextvars().get("correlation_id")
        try:
            self._queue.enqueue_call(
                job.name,
                args=(job.establishment_id, list(job.ids)),
                timeout=JOB_SECONDS,
                result_ttl=RESULT_SECONDS,
                failure_ttl=FAILURE_SECONDS,
                meta={"correlation_id": correlation},
                description=job.name,  # the default would be the call with its arguments
                at_front=at_front,
            )
        except RedisError as error:
            QUEUE_FAILURES.inc()
            self._leave_alone(error)
            return False
        return True

    def answers(self) -> bool:
        """False while it is away: what is claimed then could only be given back.

        After a failure it is left alone for a while, and then asked before anything is put in.
        """
        if time.monotonic() < self._away_until:
            return False
        if self._away_until:
            try:
                self._queue.connection.ping()
            except RedisError as error:
                self._leave_alone(error)
                return False
            self._away_until = 0.0
        return True

    def _leave_alone(self, error: RedisError) -> None:
        self._away_until = time.monotonic() + LEFT_ALONE_SECONDS
        log.warning("queue unreachable", error=type(error).__name__)

    def hand_over(self, jobs: Sequence[Job]) -> None:
        """What a session does with its buffered jobs after its commit: hints, so none is vital."""
        for job in jobs:
            self.put(job)

    def depth(self) -> int | None:
        """Jobs waiting; None when Redis cannot be reached."""
        try:
            return int(self._queue.count)
        except RedisError:
            return None
