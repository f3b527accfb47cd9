"""Celery with one no-op task; nothing is kept that a job with ETA does not need."""

from __future__ import annotations

import os

from celery import Celery

from bench.jobs import note

BROKER = "BENCH_BROKER"

app = Celery("bench", broker=os.environ.get(BROKER))
app.conf.update(
    task_ignore_result=True,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 24 * 3600},
)
celery_note = app.task(name="bench.note")(note)
