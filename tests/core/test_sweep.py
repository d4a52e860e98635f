"""When the nights of the sweep are, and what it looks for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nurture.definitions import Definitions
from nurture.sweep import next_night, windows
from tests.core.stage import SENDER, Lead, define, later

DORMANT = """
scenario: dormant
language: ja
topic: news
leave:
  - {when: {not: [{did: any, within: 30d}]}, finish: silent}
  - {when: {segment: visitors}, finish: back}
start: a
steps:
  a:
    send: m_a
    wait: {until: [{requested: demo}], timeout: 300d}
    then:
      - {when: {did: {attended: seminar}, within: 9d}, go: b}
      - {otherwise: b}
  b: {finish: over}
"""
SEGMENTS = "visitors: {when: {all: [{did: {visited: /pricing}, within: 7d, at_least: 2}, {did: {visited: any}}]}}\n"


def test_the_night_is_three_in_the_morning_where_the_sender_is() -> None:
    """In Tokyo that is 18:00 UTC of the day before; at three sharp the next one follows."""
    tokyo = define(DORMANT, segments=SEGMENTS)
    assert next_night(datetime(2026, 11, 2, 17, 59, tzinfo=UTC), tokyo) == datetime(2026, 11, 2, 18, tzinfo=UTC)
    assert next_night(datetime(2026, 11, 2, 18, tzinfo=UTC), tokyo) == datetime(2026, 11, 3, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "night"),
    [((2026, 3, 8, 5), (2026, 3, 8, 7)), ((2026, 11, 1, 5), (2026, 11, 1, 8)), ((2026, 11, 1, 8), (2026, 11, 2, 8))],
)
def test_the_clocks_change_and_there_is_one_night_a_day(
    before: tuple[int, int, int, int], night: tuple[int, int, int, int]
) -> None:
    """New York in March (no 02:30) and in November (two of them)."""
    there = define(DORMANT, segments=SEGMENTS, sender=SENDER.replace("Asia/Tokyo", "America/New_York"))
    assert next_night(datetime(*before, tzinfo=UTC), there) == datetime(*night, tzinfo=UTC)


def test_a_folder_without_a_sender_sweeps_by_universal_time() -> None:
    """Nothing is sent then, but scenarios may wait and leave."""
    assert next_night(datetime(2026, 11, 2, 4, tzinfo=UTC), Definitions()) == datetime(2026, 11, 3, 3, tzinfo=UTC)


def test_only_what_leads_leave_by_is_looked_for() -> None:
    """Windows inside `not` and inside a segment, once each; a `did` without a span never changes by time alone."""
    definitions = define(DORMANT, segments=SEGMENTS)
    found = [str(each) for each in windows(definitions.scenarios["dormant"], definitions)]
    assert found == ["did any within 30d", "did visited: /pricing within 7d, at least 2 times"]


def test_a_tick_lets_a_lead_leave_that_has_been_silent_for_long() -> None:
    """The open is 30 days old: nothing else comes in, and the timeout is far."""
    lead = Lead(define(DORMANT, segments=SEGMENTS))
    lead.tell(lead.profile(), lead.event("visited", "/", at=later("0d")), lead.enrolment())
    lead.tell(lead.tick(later("29d")))
    assert lead.where() == ("waiting", "a", 1)
    lead.tell(lead.tick(later("31d")))
    assert lead.ends == ["silent"]
    assert lead.reason("finished") == "not did any within 30d"
