"""The worker process: RQ's loop around our jobs.

RQ's own retries, scheduler and registries decide nothing. Jobs are taken in this process, one after
the other, so that provider connections stay open between them, and none waits for a provider here:
what is to be sent goes into the pipeline, and other questions to somebody outside are errands. What
a crash costs, the sweeper finds.
"""

from __future__ import annotations

import gc
import signal
import time
from itertools import count
from types import FrameType
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from utils.logs import get_logger
from workers.context import get_context
from workers.errands import open_errands
from workers.heartbeat import Heartbeat
from workers.queue import BLOCKED_SECONDS, QUEUE_NAME, connect

WORKER_TTL = 15 + BLOCKED_SECONDS
"""Seconds. RQ's blocking read ends 15 s before; how long it keeps the worker's own entry follows,
with a minute more."""

NEXT_LIFE_SECONDS = 1.0
"""Between two loops of RQ's: one that ended by itself may do so again."""

log = get_logger("careloop.worker")


class Stop:
    """Whether this process was told to end. No event: a signal may come where its lock is held."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, *_signal: int | FrameType | None) -> None:
        """End soon. Safe as a signal handler."""
        self.asked = True

    def heed(self) -> None:
        """From now on SIGTERM and SIGINT ask. RQ's loop puts handlers of its own in their place."""
        signal.signal(signal.SIGTERM, self.ask)
        signal.signal(signal.SIGINT, self.ask)


class CareloopWorker(SimpleWorker):
    """RQ's in-process worker, impatient when Redis is away, with our correlation ids."""

    max_connection_wait_time = 2.0

    def __init__(self, redis: Redis, name: str, stop: Stop) -> None:
        super().__init__(
            [QUEUE_NAME],
            connection=redis,
            serializer=JSONSerializer,
            name=name,
            worker_ttl=WORKER_TTL,
        )
        self._stop = stop

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """As RQ's, which forgets it where Redis cannot be told."""
        self._stop.ask()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """Run one job with its correlation id bound to every log line."""
        correlation = (job.meta or {}).get("correlation_id")
        with structlog.contextvars.bound_contextvars(correlation_id=correlation):
            return bool(super().perform_job(job, queue))

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """One scrubbed line: RQ's own would quote the exception's message."""
        log.error("job failed", job=job.func_name, exc_info=exc_info)


def _wait_for(redis: Redis, stop: Stop) -> None:
    """Wait until the queue can be reached: a worker may well start before Redis does."""
    while not stop.asked:
        try:
            redis.ping()
        except RedisError as error:
            log.warning("waiting for the queue", error=type(error).__name__)
            time.sleep(CareloopWorker.max_connection_wait_time)
        else:
            return


def _work(redis: Redis, name: str, stop: Stop) -> None:
    """Work until told to stop, or until RQ's loop ends by itself.

    It waits for Redis when it has nothing to do, but neither in the middle of a job's bookkeeping
    nor for an answer that does not come.
    """
    try:
        CareloopWorker(redis, name, stop).work(logging_level="WARNING", with_scheduler=False)
    except (RedisError, StopRequested) as error:
        log.warning("queue lost", error=type(error).__name__)
    if not stop.asked:  # else a second signal ends it at once, as RQ has it
        stop.heed()


def _work_until(stop: Stop, redis: Redis, name: str) -> None:
    """One life of RQ's loop after the other."""
    for life in count(1):
        _wait_for(redis, stop)
        if stop.asked:
            return
        _work(redis, f"{name}:{life}", stop)
        if not stop.asked:
            time.sleep(NEXT_LIFE_SECONDS)


def main() -> None:
    """Work until SIGTERM or SIGINT; the job at hand is finished first."""
    import workers.alarm
    import workers.call_recording
    import workers.campaign
    import workers.conversation
    import workers.delivery
    import workers.feedback
    import workers.inbound
    import workers.receipt
    import workers.voice_message

    context = get_context()
    heartbeat = Heartbeat(context.database, "worker")
    heartbeat.insist(context.settings)
    stopped = heartbeat.start()
    errands = open_errands()
    stop = Stop()
    stop.heed()
    redis = connect(context.settings.redis, blocking=True)
    gc.collect()
    gc.freeze()
    log.info("worker started")
    try:
        _work_until(stop, redis, heartbeat.id)
    finally:
        context.queue.hand_over(errands.close())
        workers.delivery.stop()
        errands.drain()
        stopped.set()
        log.info("worker stopped")
