"""When things happen to a lead: deferred mails, the cap, business days, deadlines by a date, the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nurture.alarms import alarm_at
from tests.core.stage import OFFICE_HOURS, START, Lead, later

DRIP = """
scenario: drip
topic: news
start: a
steps:
  a: {send: mail_a, wait: 1d, then: b}
  b: {send: mail_b, wait: 1d, then: c}
  c: {send: mail_c, wait: 1d, then: d}
  d: {finish: over}
"""


def instant(text: str) -> datetime:
    """An instant written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def walked(lead: Lead, until: str = "60d") -> list[datetime]:
    """The slots of every mail of the whole path."""
    lead.enrol()
    lead.until(until)
    return [mail.slot for mail in lead.mails]


def test_a_mail_outside_the_window_is_deferred_to_its_next_opening() -> None:
    """Monday ten o'clock goes at once; the next two come at their time of day, the one of the week-end on Monday."""
    lead = Lead(DRIP.replace("1d", "2d"), sender=OFFICE_HOURS, now=instant("2026-11-05T01:00"))
    assert walked(lead) == [instant("2026-11-05T01:00"), instant("2026-11-09T00:00"), instant("2026-11-11T00:00")]
    assert lead.reason("deferred") == "the send window is closed: not before 2026-11-09T00:00:00+00:00"


def test_a_deferred_mail_waits_with_an_alarm_at_its_slot() -> None:
    """The position shows the slot as the deadline; the alarm rings then."""
    lead = Lead(DRIP, sender=OFFICE_HOURS)
    lead.enrol(at=later("12h"))
    assert lead.where() == ("sending", "a", 1)
    assert lead.deadline == alarm_at(lead.state) == later("23h")
    assert lead.records[-1].position.why == "the send window is closed"


def test_the_leads_own_zone_decides() -> None:
    """Ten in Tokyo is two in the morning in Berlin: the lead there gets it at nine."""
    lead = Lead(DRIP, sender=OFFICE_HOURS, time_zone="Europe/Berlin")
    assert walked(lead)[0] == instant("2026-11-02T08:00")
    lead = Lead(DRIP, sender=OFFICE_HOURS, time_zone="Nowhere/Atall")
    assert walked(lead)[0] == START


def test_the_slot_follows_the_clocks_of_the_leads_zone() -> None:
    """Nine in Berlin is seven in UTC before the last Sunday of October, and eight after it."""
    lead = Lead(
        DRIP.replace("1d", "2d"), sender=OFFICE_HOURS, time_zone="Europe/Berlin", now=instant("2026-10-22T17:00")
    )
    assert walked(lead)[:2] == [instant("2026-10-23T07:00"), instant("2026-10-26T08:00")]


def test_holidays_and_closed_days_defer() -> None:
    """The holiday of the third and the closure after it are no days for mail."""
    lead = Lead(DRIP, sender=OFFICE_HOURS + "closed: [2026-11-04..2026-11-05]\n", holidays=["2026-11-03"])
    assert walked(lead)[:2] == [START, instant("2026-11-06T00:00")]


def test_the_cap_defers_to_when_the_oldest_mail_falls_out_of_it() -> None:
    """Two in seven days: the third waits until the first is seven days old."""
    lead = Lead(DRIP, sender=OFFICE_HOURS + "cap: {mails: 2, per: 7d}\n")
    assert walked(lead) == [START, later("1d"), later("7d")]


def test_a_mail_of_another_scenario_counts_for_the_cap() -> None:
    """The cap is the lead's, not the scenario's."""
    lead = Lead(
        DRIP, DRIP.replace("scenario: drip", "scenario: next"), sender=OFFICE_HOURS + "cap: {mails: 3, per: 7d}\n"
    )
    lead.enrol("drip")
    lead.tell(lead.enrolment("next"))
    lead.until("60d")
    assert [mail.slot for mail in lead.mails[:4]] == [START, later("1d"), later("2d"), later("7d")]


@pytest.mark.parametrize(
    ("wait", "deadline"), [("3bd", "2026-11-05T01:00"), ("5bd", "2026-11-09T01:00"), ("3d", "2026-11-05T01:00")]
)
def test_a_timeout_in_business_days_is_the_same_local_time_on_an_open_day(wait: str, deadline: str) -> None:
    """Counted from the acceptance, over the week-end."""
    lead = Lead(DRIP.replace("wait: 1d, then: b", f"wait: {wait}, then: b"), sender=OFFICE_HOURS)
    lead.enrol()
    assert lead.deadline == instant(deadline)


def test_business_days_skip_the_holidays_of_the_deployment() -> None:
    """They were looked up when the folder was read."""
    lead = Lead(DRIP.replace("1d", "1bd"), sender=OFFICE_HOURS, holidays=["2026-11-03", "2026-11-04"])
    lead.enrol()
    assert lead.deadline == instant("2026-11-05T01:00")


BY = """
scenario: trial
start: a
steps:
  a:
    wait: {until: [{visited: any}], by: {attribute: trial_ends, offset: -3d, at: "09:00"}}
    then: [{when: {visited: any}, finish: came}, {otherwise: b}]
  b: {finish: ending}
"""


@pytest.mark.parametrize(
    ("value", "ends_at"),
    [
        ("2026-11-20", "2026-11-17T00:00"),
        ("2026-11-05", "2026-11-02T01:00"),
        ("2026-01-01", "2026-11-02T01:00"),
        (None, "2026-11-02T01:00"),
        ("some day", "2026-11-02T01:00"),
    ],
)
def test_a_deadline_by_a_date_and_one_past_or_unknown_ends_at_once(value: str | None, ends_at: str) -> None:
    """Three days before the trial ends, nine o'clock in the lead's zone."""
    lead = Lead(BY, attributes={"trial_ends": value})
    lead.enrol()
    lead.until("60d")
    assert lead.ends == ["ending"]
    assert next(line.at for line in lead.lines if line.what == "finished") == instant(ends_at)


def test_a_date_that_never_comes_is_waited_for() -> None:
    """9999-12-31 stands for never: the lead waits for the event, and nothing overflows."""
    lead = Lead(BY, attributes={"trial_ends": "9999-12-31"})
    lead.enrol()
    assert lead.where() == ("waiting", "a", 1)
    lead.tell(lead.event("visited", at=later("100d")))
    assert lead.ends == ["came"]


def test_a_wait_of_no_length_and_a_step_without_wait_go_on_at_once() -> None:
    """Neither needs a timer."""
    lead = Lead(DRIP.replace("wait: 1d, then: b", "then: b").replace("wait: 1d, then: c", "wait: 0s, then: c"))
    lead.enrol()
    assert lead.templates == ["mail_a", "mail_b", "mail_c"]
    assert lead.now == START


def test_a_timer_that_rings_early_is_only_a_hint() -> None:
    """`now` decides, to the microsecond."""
    lead = Lead(DRIP)
    lead.enrol()
    lead.tell(now=later("1d") - timedelta(microseconds=1))
    assert lead.templates == ["mail_a"]
    lead.tell(now=later("1d"))
    assert lead.templates == ["mail_a", "mail_b"]
