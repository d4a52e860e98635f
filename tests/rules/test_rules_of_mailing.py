"""Rules 2 and 9 of the design, as far as they are about when mail goes and what stands in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.holidays import public_holidays
from nurture import calendar
from nurture.definitions import Definitions, Sender
from tests.activities.conftest import NEWS, SENDER, SendDesk

Making = Callable[..., SendDesk]
OFFICE = Definitions(
    sender=Sender.model_validate(
        {
            "legal_name": "例示", "postal_address": "例示", "contact": "info@example.com",
            "from": {"name": "例示", "email": "news@example.com"}, "time_zone": "Asia/Tokyo",
            "window": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"},
            "holidays": "jp", "closed": ["2026-12-29..2027-01-04", "2026-08-13"], "topics": ["newsletter"],
        }
    ),
    holidays=public_holidays("jp", [2026, 2027]),
)  # fmt: skip
SHUT = {
    date(2026, 9, 21), date(2026, 9, 22), date(2026, 9, 23), date(2026, 11, 3), date(2026, 11, 23),
    date(2027, 1, 1), date(2027, 1, 11), date(2027, 3, 22), date(2026, 8, 13),
}  # fmt: skip
"""Public holidays of Japan, with the day between two of them (9/22) and the Monday after one on a Sunday (3/22)."""


@pytest.mark.parametrize("name", ["Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_rule_2_no_slot_of_a_whole_year_is_on_a_day_off_or_outside_of_the_window(name: str) -> None:
    """Every seventh hour of a year, in zones with and without a change of the clocks: local 9 to 18 on open days."""
    where, instant = ZoneInfo(name), datetime(2026, 8, 1, tzinfo=UTC)
    while instant < datetime(2027, 8, 1, tzinfo=UTC):
        slot = calendar.slot(instant, (), where, OFFICE)
        assert slot is not None
        assert slot >= instant
        local = slot.astimezone(where)
        assert local.weekday() < 5
        assert local.date() not in SHUT
        assert not date(2026, 12, 29) <= local.date() <= date(2027, 1, 4)
        assert 9 <= local.hour < 18
        instant += timedelta(hours=7)


def test_rule_2_over_new_year_the_first_mail_goes_when_the_office_opens() -> None:
    """Friday evening before the closure: ten days later, on Tuesday the 5th at nine."""
    last = datetime(2026, 12, 28, 9, 30, tzinfo=UTC)
    assert calendar.slot(last, (), ZoneInfo("Asia/Tokyo"), OFFICE) == datetime(2027, 1, 5, 0, 0, tzinfo=UTC)


def test_rule_2_the_cap_counts_the_mails_of_all_scenarios(make_desk: Making) -> None:
    """Two of one scenario, one of another: the fourth waits, whichever scenario asks."""
    desk = make_desk(sender=SENDER + "cap: {mails: 3, per: 7d}\n")
    for visit in (1, 2):
        assert desk.send(desk.command(visit=visit)).outcome == "accepted"
    assert desk.send(desk.command(scenario="other", visit=1)).outcome == "accepted"
    for scenario in ("invite", "other"):
        result = desk.send(desk.command(scenario=scenario, visit=9))
        assert (result.outcome, result.reason) == ("deferred", "the cap is reached")
        assert result.at > desk.now() + timedelta(days=6)


def test_rule_9_html_in_a_name_is_letters_in_the_mail(desk: SendDesk) -> None:
    """What a form took as a name begins no tag."""
    desk.upsert(name="<img src=x onerror=alert(1)><b>花子</b>")
    assert desk.send().outcome == "accepted"
    (mail,) = desk.provider.taken
    assert "<img src=x" not in mail.html
    assert "<b>花子" not in mail.html
    assert "&lt;img src=x" in mail.html


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x0b"])
def test_rule_9_a_line_end_in_an_attribute_begins_no_header(make_desk: Making, end: str) -> None:
    """The subject stays one line, whatever a value holds; nobody else gets a copy."""
    desk = make_desk(news=NEWS.replace("subject: お知らせ", 'subject: "{{ lead.attributes.plan }} のお知らせ"'))
    desk.upsert(attributes={"plan": f"trial{end}Bcc: all@example.com{end}{end}<p>"})
    assert desk.send().outcome == "accepted"
    (mail,) = desk.provider.taken
    assert mail.subject.splitlines() == [mail.subject]
    assert mail.subject.startswith("trial")
