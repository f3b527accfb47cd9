"""The worker process: RQ's loop around our jobs.

RQ's own retries, scheduler and registries decide nothing. Jobs are taken in this process, one after
the other, so that provider connections stay open between them, and none waits for a provider here:
what is to be sent goes into the pipeline, and other questions to somebody outside are errands. What
a crash costs, the sweeper finds.
"""

from __future__ import annotations

import gc
import time
from itertools import count
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from utils.logs import get_logger
from workers.context import get_context
from workers.errands import open_errands
from workers.heartbeat import Heartbeat
from workers.queue import QUEUE_NAME, connect

log = get_logger("careloop.worker")


class CareloopWorker(SimpleWorker):
    """RQ's in-process worker, impatient when Redis is away, with our correlation ids."""

    max_connection_wait_time = 2.0

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """Run one job with its correlation id bound to every log line."""
        correlation = (job.meta or {}).get("correlation_id")
        with structlog.contextvars.bound_contextvars(correlation_id=correlation):
            return bool(super().perform_job(job, queue))

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """One scrubbed line: RQ's own would quote the exception's message."""
        log.error("job failed", job=job.func_name, exc_info=exc_info)


def _wait_for(redis: Redis) -> None:
    """Wait until the queue can be reached: a worker may well start before Redis does."""
    while True:
        try:
            redis.ping()
        except RedisError as error:
            log.warning("waiting for the queue", error=type(error).__name__)
            time.sleep(CareloopWorker.max_connection_wait_time)
        else:
            return


def _work(redis: Redis, name: str) -> bool:
    """Work until told to stop. False when Redis went away in the middle of a job's bookkeeping.

    RQ waits for Redis when it has nothing to do, but not then.
    """
    worker = None
    try:
        worker = CareloopWorker(
            [QUEUE_NAME], connection=redis, serializer=JSONSerializer, name=name
        )
        worker.work(logging_level="WARNING", with_scheduler=False)
    except RedisError as error:
        log.warning("queue lost", error=type(error).__name__)
        return worker is not None and bool(worker._stop_requested)
    return True


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
    redis = connect(context.settings.redis, blocking=True)
    _wait_for(redis)
    gc.collect()
    gc.freeze()
    log.info("worker started")
    for life in count(1):
        if _work(redis, f"{heartbeat.id}:{life}"):
            break
        _wait_for(redis)
    context.queue.hand_over(errands.close())
    workers.delivery.stop()
    errands.drain()
    stopped.set()
    log.info("worker stopped")
