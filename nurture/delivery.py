"""Judges what became of mails, by scenario and by receiving domain, and what to do about it; refuses to count them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

from nurture.breaker import Tally, judge
from nurture.definitions import Breaker
from nurture.shares import Share

Verdict = Literal["good", "watch", "bad", "too_few"]
Advice = Literal["dead", "spam", "turned_away", "mailboxes", "unsubscribed", "silent", "not_told"]
TURNED_AWAY = 0.05
UNAVAILABLE = 0.05
UNSUBSCRIBED = 0.01
"""More than this share, for certain (the lower end of the interval), is something to look into."""
ARRIVES = 0.9
"""Fewer than this share told of, for certain, and the webhook may not hear everything."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Mails, each counted once in each: `opened` and `clicked` by people; a click or reply is an open, too.

    `dead`: no such address; `mailbox`: none that works now; `blocked`: turned away; `deferred`: at least once put off.
    """

    sent: int = 0
    delivered: int = 0
    dead: int = 0
    mailbox: int = 0
    blocked: int = 0
    deferred: int = 0
    spam: int = 0
    unsubscribed: int = 0
    opened: int = 0
    clicked: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Line:
    """One scenario or one domain: counts, shares with intervals, and what they mean."""

    name: str
    counts: Counts
    rates: Mapping[str, Share]
    verdict: Verdict
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the mails sent from `since` until `now`: all of them, by scenario and by domain, most first."""

    since: datetime
    now: datetime
    total: Line
    scenarios: tuple[Line, ...]
    domains: tuple[Line, ...]


def report(counted: Iterable[tuple[str, str, Counts]], rules: Breaker, *, since: datetime, now: datetime) -> Report:
    """The report of counts by (scenario, domain)."""
    scenarios: dict[str, Counts] = {}
    domains: dict[str, Counts] = {}
    total = Counts()
    for scenario, domain, counts in counted:
        scenarios[scenario] = scenarios.get(scenario, Counts()) + counts
        domains[domain] = domains.get(domain, Counts()) + counts
        total += counts
    return Report(since, now, _line("", total, rules), _lines(scenarios, rules), _lines(domains, rules))


def _lines(several: Mapping[str, Counts], rules: Breaker) -> tuple[Line, ...]:
    in_order = sorted(several.items(), key=lambda each: (-each[1].sent, each[0]))
    return tuple(_line(name, counts, rules) for name, counts in in_order)


def rates_of(counts: Counts) -> dict[str, Share]:
    """What share of what: of mails sent, of those that came to an end, of those that arrived.

    Who opened a mail has got it, though its delivery was never told, or is told later.
    """
    arrived = max(counts.delivered, counts.opened, counts.clicked, counts.unsubscribed, counts.spam)
    ended = arrived + counts.dead + counts.mailbox + counts.blocked
    return {
        "delivered": Share(arrived, counts.sent),
        "dead": Share(counts.dead, ended),
        "mailbox": Share(counts.mailbox, ended),
        "blocked": Share(counts.blocked, ended),
        "deferred": Share(counts.deferred, counts.sent),
        "spam": Share(counts.spam, arrived),
        "unsubscribed": Share(counts.unsubscribed, arrived),
        "opened": Share(counts.opened, arrived),
        "clicked": Share(counts.clicked, arrived),
    }


def _line(name: str, counts: Counts, rules: Breaker) -> Line:
    rates = rates_of(counts)
    found = judge(Tally(counts.delivered, counts.dead, counts.mailbox + counts.blocked, counts.spam), rules)
    advice: list[Advice] = []
    for reason, rate, limits in (("dead", rates["dead"], rules.bounces), ("spam", rates["spam"], rules.spam)):
        if rate.of >= limits.of and 100 * rate.value >= limits.warn:
            advice.append(reason)  # type: ignore[arg-type]
    for what, key, limit in (
        ("turned_away", "blocked", TURNED_AWAY), ("mailboxes", "mailbox", UNAVAILABLE),
        ("unsubscribed", "unsubscribed", UNSUBSCRIBED),
    ):  # fmt: skip
        if rates[key].low > limit:
            advice.append(what)  # type: ignore[arg-type]
    told = Share(min(counts.delivered + counts.dead + counts.mailbox + counts.blocked, counts.sent), counts.sent)
    if told.of and told.high < ARRIVES:
        advice.append("not_told")
    if rates["opened"].of >= rules.bounces.of and counts.opened == 0:
        advice.append("silent")
    verdict: Verdict = "good"
    if found is not None and found.level == "stopped":
        verdict = "bad"
    elif advice:
        verdict = "watch"
    elif rates["dead"].of < rules.bounces.of:
        verdict = "too_few"
    return Line(name, counts, rates, verdict, tuple(advice))
