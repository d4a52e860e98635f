"""Decides how every process writes what it did: one JSON line per record on stderr, without personal data."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio import activity, workflow

PERSONAL_KEYS = frozenset(
    {
        "email",
        "address",
        "to",
        "from",
        "cc",
        "bcc",
        "reply_to",
        "recipient",
        "recipients",
        "sender",
        "name",
        "full_name",
    }
)
"""Keys whose values may tell who a lead is; they are never written."""

SECRET_KEYS = frozenset(
    {"api_key", "authorization", "cookie", "database_url", "password", "secret", "sendgrid_api_key", "token"}
)
"""Keys whose values open something; they are never written."""

REDACTED = "[redacted]"
_UNSAFE = PERSONAL_KEYS | SECRET_KEYS
_MAIL_ADDRESS = re.compile(r"[^\s@<>\"'`,;:()\[\]/]+@[^\s@<>\"'`,;:()\[\]/]+\.[^\s@<>\"'`,;:()\[\]/.]+")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+")

# Each of these says more than a log may keep, or says it once per request.
_QUIET = {
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "python_http_client": logging.INFO,  # prints the headers at DEBUG, the key among them
    "sqlalchemy.engine": logging.WARNING,  # prints parameters at INFO
    "uvicorn.access": logging.CRITICAL,
}


def configure_logging(
    process: str, *, level: str = "INFO", stream: TextIO | None = None, pretty: bool | None = None
) -> None:
    """Makes structlog and the standard library write to `stream` (stderr), each record with `process` in it.

    JSON lines, or colours where the stream is a terminal (`pretty` decides otherwise). Call it once at an entry
    point, never in a module that defines workflows.
    """
    output = stream or sys.stderr
    shown = output.isatty() if pretty is None else pretty
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_process(process),
    ]
    last: list[Processor] = [
        structlog.processors.format_exc_info,
        redact,  # after the traceback has become text: messages of errors quote their input
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if shown
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    # The same facts stand in the record's own keys; in the message they cannot be searched.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False


def redact(_logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
    """A processor: replaces personal and secret values at any depth, and every mail address inside a text."""
    return {key: _safe(key, value) for key, value in record.items()}


def _with_process(process: str) -> Processor:
    def add(_logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
        record.setdefault("process", process)
        return record

    return add


def _safe(key: str, value: Any) -> Any:
    if key.lower() in _UNSAFE and not (value is None or isinstance(value, int | float)):
        return REDACTED
    match value:
        case str():
            return _BEARER.sub(rf"\1{REDACTED}", _MAIL_ADDRESS.sub(REDACTED, value))
        case MutableMapping():
            return {inner: _safe(str(inner), held) for inner, held in value.items()}
        case list() | tuple():
            return [_safe("", held) for held in value]
        case _:
            return value
