"""What processes write about themselves, and what they never write."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from temporalio import activity, workflow
from temporalio.testing import ActivityEnvironment

from adapters.logging import configure_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the process writes during one test; afterwards logging is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    output = io.StringIO()
    configure_logging("web", stream=output)
    yield output
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    """The records so far, one per line."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_structlog_and_the_standard_library_write_the_same_form(stream: io.StringIO) -> None:
    """One JSON object a line, with level, time, process and the data in keys."""
    structlog.get_logger("nurture.web").info("lead_enrolled", lead="lead_1", scenario="seminar_to_demo")
    logging.getLogger("library").warning("slow %s", "query", extra={"rows": 3})
    first, second = written(stream)
    assert (first["event"], first["level"], first["lead"], first["process"]) == (
        "lead_enrolled",
        "info",
        "lead_1",
        "web",
    )
    assert (second["event"], second["level"], second["rows"], second["logger"]) == (
        "slow query",
        "warning",
        3,
        "library",
    )
    assert first["timestamp"].endswith("Z")


def test_no_personal_data_is_written_whatever_its_place(stream: io.StringIO) -> None:
    """Personal and secret keys at any depth, and addresses inside a text or traceback, are replaced."""
    log = structlog.get_logger()
    log.info("sent to taro@example.co.jp", email="a", profile={"Name": "b", "rows": [{"to": "c"}, "hanako@example.jp"]})
    try:
        int("jiro@example.com")
    except ValueError:
        logging.getLogger("library").exception("Bearer abc.def failed", extra={"api_key": "d"})
    text = stream.getvalue()
    assert "example" not in text
    assert "abc.def" not in text
    first, second = written(stream)
    assert first["email"] == first["profile"]["Name"] == first["profile"]["rows"][0]["to"] == "[redacted]"
    assert second["api_key"] == "[redacted]"
    assert "with base 10: '[redacted]'" in second["exception"]


def test_records_of_temporal_carry_their_facts_in_keys(stream: io.StringIO) -> None:
    """The message of an activity stays constant; the activity's id stands beside it."""

    @activity.defn
    def say() -> None:
        activity.logger.info("mail_accepted", extra={"lead": "lead_1"})

    ActivityEnvironment().run(say)
    (record,) = written(stream)
    assert record["event"] == "mail_accepted"
    assert record["lead"] == "lead_1"
    assert record["temporal_activity"]["activity_type"]
    assert workflow.logger.workflow_info_on_message is False


def test_loggers_that_print_keys_or_every_request_are_quiet(stream: io.StringIO) -> None:
    """The mail library's headers, HTTP clients' URLs and access logs do not reach the log."""
    configure_logging("web", level="DEBUG", stream=stream)
    logging.getLogger("python_http_client.client").debug("Authorization: Bearer key")
    logging.getLogger("httpx").info("GET https://mail.example.co.jp")
    logging.getLogger("uvicorn.access").info("GET /u/token")
    assert stream.getvalue() == ""


def test_a_terminal_gets_lines_for_people(stream: io.StringIO) -> None:
    """The pretty form is not JSON, and redacts as well."""
    configure_logging("web", stream=stream, pretty=True)
    structlog.get_logger().info("started", email="taro@example.co.jp")
    assert "started" in stream.getvalue()
    assert "taro" not in stream.getvalue()
    with pytest.raises(json.JSONDecodeError):
        json.loads(stream.getvalue())
    assert sys.stderr is not stream
