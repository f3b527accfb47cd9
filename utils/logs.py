"""Logs: one line an event, with the correlation id, and never a person's data.

Our own lines carry ids and codes only. Lines of libraries pass a filter that blanks whatever has
the shape of a phone number or an e-mail address; tracebacks keep their frames and lose their
values.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Nine digits or more, however they are grouped, not inside a word or a longer hexadecimal id.
_PHONE = re.compile(r"(?<![\w.:-])(?:\+|00|%2B)?\d(?:[ .()/-]?\d){8,14}(?![\w-])", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_QUIET = (
    "twilio",
    "python_http_client",
    "urllib3",
    "botocore",
    "boto3",
    "httpx2",
    "httpcore",
    "alembic",
)
_OURS = frozenset({"timestamp", "level", "logger", "correlation_id"})


def scrub(text: str) -> str:
    """Blank what has the shape of a phone number or an e-mail address."""
    return _EMAIL.sub("[e-mail]", _PHONE.sub("[number]", text))


def _scrub_event(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key not in _OURS and isinstance(value, str):
            event[key] = scrub(value)
    return event


def _without_values(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace an exception by its type and frames: its message may quote what was sent in."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        event["error"] = info[0].__name__
        event["frames"] = _frames(info[2])
    return event


def _frames(traceback: Any) -> list[str]:
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return frames[-12:]


def configure_logs(level: str, fmt: str) -> None:
    """Send all logs, ours and the libraries', to standard output as `json` or `console`."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_values,
        _scrub_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if fmt == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), pad_event_to=0)
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:  # their INFO and DEBUG lines quote requests
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "rq", "rq.worker"):
        library = logging.getLogger(name)
        library.handlers[:] = []
        library.propagate = name != "uvicorn.access"


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for one module; events are short and constant, facts go in as keywords."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def current_correlation() -> str | None:
    """The correlation id that is bound to this request or job; None where there is none."""
    found = structlog.contextvars.get_contextvars().get("correlation_id")
    return str(found)[:64] if found else None
