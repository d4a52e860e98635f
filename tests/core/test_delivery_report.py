"""What the delivery report makes of counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nurture.as_data import as_data
from nurture.definitions import Breaker
from nurture.delivery import Counts, report

NOW = datetime(2026, 11, 2, tzinfo=UTC)
GOOD = Counts(sent=1000, delivered=990, dead=5, opened=300, clicked=50)


@pytest.mark.parametrize(
    ("counts", "verdict", "advice"),
    [
        (GOOD, "good", ()),
        (Counts(sent=50, delivered=50), "too_few", ()),
        (Counts(sent=1000, delivered=900, dead=60, opened=9), "bad", ("dead",)),
        (Counts(sent=1000, delivered=970, dead=25, opened=9), "watch", ("dead",)),
        (Counts(sent=1000, delivered=1000, spam=4, opened=9), "bad", ("spam",)),
        (Counts(sent=1000, delivered=1000, spam=1, opened=9), "watch", ("spam",)),
        (Counts(sent=100, delivered=80, blocked=20, opened=9), "watch", ("turned_away",)),
        (Counts(sent=100, delivered=80, mailbox=20, opened=9), "watch", ("mailboxes",)),
        (Counts(sent=1000, delivered=1000, unsubscribed=30, opened=9), "watch", ("unsubscribed",)),
        (Counts(sent=1000, delivered=1000), "watch", ("silent",)),
        (Counts(sent=1000, delivered=700, opened=9), "watch", ("not_told",)),
        (Counts(sent=10, delivered=9, blocked=1), "too_few", ()),
    ],
)
def test_each_fault_has_its_verdict_and_its_advice(counts: Counts, verdict: str, advice: tuple[str, ...]) -> None:
    """By the limits of sender.yaml and the lower ends of intervals: one mail of ten proves nothing."""
    (line,) = report([("s", "example.com", counts)], Breaker(), since=NOW - timedelta(days=30), now=NOW).scenarios
    assert (line.verdict, line.advice) == (verdict, advice)


def test_the_same_mails_are_added_up_by_scenario_and_by_domain() -> None:
    """Both ways the sum is that of all; most mails first."""
    counted = [("a", "x.example", GOOD), ("b", "x.example", GOOD), ("b", "y.example", Counts(sent=10))]
    found = report(counted, Breaker(), since=NOW - timedelta(days=30), now=NOW)
    assert [(line.name, line.counts.sent) for line in found.scenarios] == [("b", 1010), ("a", 1000)]
    assert [(line.name, line.counts.sent) for line in found.domains] == [("x.example", 2000), ("y.example", 10)]
    assert found.total.counts == GOOD + GOOD + Counts(sent=10)


def test_as_data_it_has_intervals() -> None:
    """Wilson's, low and high, beside hits and of."""
    data = as_data(report([("a", "x.example", GOOD)], Breaker(), since=NOW, now=NOW))
    assert data["domains"][0]["rates"]["opened"] == {
        "hits": 300, "of": 990, "value": 0.303, "low": 0.2752, "high": 0.3324
    }  # fmt: skip


def test_who_did_something_with_a_mail_has_got_it_though_its_delivery_was_never_told() -> None:
    """Opens, one-click requests and replies overtake deliveries, and some deliveries are lost on the way."""
    counted = [("s", "a.example", Counts(sent=2, delivered=1, opened=2)), ("s", "b.example", Counts(2, 2, dead=2))]
    found = report(counted, Breaker(), since=NOW - timedelta(days=30), now=NOW)
    rates = {line.name: line.rates for line in found.domains}
    assert (rates["a.example"]["opened"].value, rates["a.example"]["delivered"].value) == (1.0, 1.0)
    assert as_data(found)["domains"], "and it can be shown"
