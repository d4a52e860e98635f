"""What the tests of mail share: a database, a clock that stands still, a sender, a provider on 127.0.0.1."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from adapters.database.engine import open_database
from nurture.definitions import Sender
from tests.mail.fake_provider import FakeProvider


class StillClock:
    """Nurture's clock, moved by hand."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant

    def advance(self, span: timedelta) -> None:
        self.instant += span


@pytest.fixture
def clock() -> StillClock:
    """A working day's noon in Tokyo, with a fraction of a second."""
    return StillClock(datetime(2026, 12, 1, 3, 0, 0, 700_000, tzinfo=UTC))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An empty database with every table."""
    opened = open_database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def sender() -> Sender:
    """A Japanese sender."""
    return Sender.model_validate(
        {
            "legal_name": "株式会社架空サンプル",
            "postal_address": "〒000-0000 東京都見本区架空町1-2-3",
            "contact": "お問い合わせ info@example.co.jp",
            "from": {"name": "見本 花子", "email": "news@example.co.jp"},
            "time_zone": "Asia/Tokyo",
        }
    )


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider that runs for one test."""
    with FakeProvider(stall_for=timedelta(seconds=20)) as running:
        yield running


@pytest.fixture(autouse=True)
def _every_log_line(caplog: pytest.LogCaptureFixture) -> None:
    """Everything that is logged can be looked at."""
    caplog.set_level(logging.DEBUG)
