"""The fact sheet: what is kept of a lead's events, how much of it, and what counts as an open."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.conditions import Did, EventPattern
from nurture.definitions import Definitions
from nurture.durations import Duration
from nurture.facts import ALWAYS_DELIVERED, KEEP, Facts, Gathering, counting_key, gathered, keeps, named_types
from nurture.plan import Book
from tests.core.stage import START, define

ALL = {
    "any": 3, "opened: any": 3, "opened: mail_a": 2, "clicked: any": 2, "attended: seminar": 2, "visited": 1,
}  # fmt: skip


def hour(number: int) -> datetime:
    """That many hours after the start."""
    return START + timedelta(hours=number)


def sheet(*events: tuple[str, str, str | None, int]) -> Facts:
    """A sheet that was told these events in this order."""
    facts = Facts(keeps=ALL)
    for kind, subject, send, hours in events:
        facts.note(kind, subject, send, hour(hours))
    return facts


def test_only_what_is_asked_about_is_kept() -> None:
    """A subject is a path: `seminar` matches `seminar/2026-12`; a bare type matches every subject."""
    facts = sheet(
        ("attended", "seminar/2026-12", None, 1), ("attended", "seminars", None, 2), ("visited", "/a", None, 3)
    )
    assert facts.instants["attended: seminar"] == (hour(1),)
    assert facts.instants["visited"] == (hour(3),)
    assert set(facts.instants) == {"attended: seminar", "visited", "any"}


def test_the_newest_instants_are_kept_whatever_the_order_they_came_in() -> None:
    """As many as some condition asks for, ascending."""
    facts = sheet(*(("attended", "seminar", None, hours) for hours in (3, 1, 5, 2)))
    assert facts.instants["attended: seminar"] == (hour(3), hour(5))
    assert facts.times("attended: seminar", None) == 2
    assert facts.times("attended: seminar", hour(4)) == 1
    assert facts.times("attended: seminar", hour(5)) == 1
    assert facts.times("attended: webinar", None) == 0


def test_any_means_what_a_human_did() -> None:
    """Deliveries and bounces are nobody's deed."""
    facts = sheet(("delivered", "mail_a", "k", 1), ("bounced", "mail_a", "k", 2), ("unsubscribed", "", None, 3))
    assert facts.instants["any"] == (hour(3),)


@pytest.mark.parametrize("kind", ["clicked", "replied"])
def test_a_click_or_reply_counts_as_the_open_of_its_mail_where_none_came_before(kind: str) -> None:
    """Once for each mail; after a real open it adds nothing."""
    assert sheet((kind, "mail_a", "k1", 1)).instants["opened: mail_a"] == (hour(1),)
    assert sheet((kind, "mail_a", "k1", 1), (kind, "mail_a", "k1", 2)).instants["opened: any"] == (hour(1),)
    assert sheet(("opened", "mail_a", "k1", 1), (kind, "mail_a", "k1", 2)).instants["opened: any"] == (hour(1),)
    assert sheet((kind, "mail_a", "k1", 1), (kind, "mail_a", "k2", 2)).instants["opened: any"] == (hour(1), hour(2))


def test_every_open_told_counts() -> None:
    """Who opens twice has opened twice."""
    facts = sheet(("opened", "mail_a", "k1", 1), ("opened", "mail_a", "k1", 2))
    assert facts.instants["opened: mail_a"] == (hour(1), hour(2))


def test_the_mails_known_to_be_opened_are_bounded() -> None:
    """The newest fifty: a sheet does not grow for years."""
    facts = sheet(*(("clicked", "mail_a", f"k{number}", number) for number in range(KEEP + 10)))
    assert len(facts.opened) == KEEP
    assert facts.opened[-1] == f"k{KEEP + 9}"


def test_other_patterns_from_now_on_keep_what_is_known_of_those_still_wanted() -> None:
    """What no definition asks about any more is dropped."""
    facts = sheet(("visited", "/a", None, 1), ("attended", "seminar", None, 2))
    facts.keep({"visited": 1, "requested: any": 1})
    assert facts.instants == {"visited": (hour(1),)}


def test_a_copy_shares_nothing_that_changes() -> None:
    """Noting in the copy leaves the original alone."""
    facts = sheet(("visited", "/a", None, 1))
    other = facts.copy()
    other.note("visited", "/b", None, hour(2))
    other.keep({})
    assert facts == sheet(("visited", "/a", None, 1))


def test_each_did_asks_for_as_many_instants_as_its_largest_number() -> None:
    """`did: any` has a key of its own; `within` costs nothing."""
    conditions = [
        Did.model_validate({"did": {"visited": "/pricing"}, "at_least": 3}),
        Did.model_validate({"did": {"visited": "/pricing"}, "within": Duration.parse("7d")}),
        Did.model_validate({"did": "any", "within": "180d"}),
    ]
    assert keeps(conditions) == {"any": 1, "visited: /pricing": 3}


def test_a_book_keeps_what_the_current_deployment_and_the_pinned_scenarios_ask() -> None:
    """Conditions of scenarios, of segments, and of older graphs a lead still walks."""
    steps = "steps:\n  a: {wait: 1d, then: b}\n  b: {finish: x}\n"
    text = "scenario: s\nstart: a\nleave: [{when: {did: %s}, finish: x}]\n" + steps
    segments = "customers: {when: {did: {attended: seminar}, at_least: 2}}\n"
    book = Book([define(text % "visited", number=1), define(text % "requested", number=2, segments=segments)])
    assert book.keeps(frozenset(), 1) == {"visited": 1}
    assert book.keeps(frozenset(), 2) == {"attended: seminar": 2, "requested": 1}
    assert book.keeps(frozenset({("s", 1)}), 2) == {"attended: seminar": 2, "requested": 1, "visited": 1}


def test_only_types_that_a_live_definition_names_go_to_workflows() -> None:
    """Besides those that may end an enrolment; who waits for opens hears clicks and replies too."""
    assert named_types(Definitions()) == ALWAYS_DELIVERED
    text = (
        "scenario: s\ntopic: news\nenter: {event: {signed_up: news}}\nstart: a\nsteps:\n"
        "  a: {send: m, wait: {until: [opened], timeout: 1d}, then: [{when: opened, finish: y}, {otherwise: b}]}\n"
        "  b: {finish: x}\n"
    )
    named = named_types(define(text))
    assert named == ALWAYS_DELIVERED | {"signed_up", "opened", "clicked", "replied"}
    everyone = named_types(define(text.replace("when: opened,", "when: {did: any},")))
    assert {"visited", "requested", "attended"} <= everyone
    assert "delivered" not in everyone


events = st.lists(
    st.tuples(
        st.sampled_from(["opened", "clicked", "replied", "visited", "attended", "delivered"]),
        st.sampled_from(["mail_a", "mail_b", "seminar", "seminar/1", "/pricing"]),
        st.sampled_from([None, "k1", "k2"]),
        st.integers(0, 8),
    ),
    max_size=12,
)


@given(events)
def test_a_sheet_made_anew_is_the_sheet_that_was_told_in_the_order_of_time(
    told: list[tuple[str, str, str | None, int]],
) -> None:
    """Rebuilding after a deploy changes nothing for a lead whose events came in order."""
    told = sorted(told, key=lambda event: event[3])
    assert gathered(ALL, [(kind, subject, send, hour(at)) for kind, subject, send, at in told]) == sheet(*told)


@given(events, st.randoms(use_true_random=False))
def test_plain_patterns_do_not_depend_on_the_order_told(
    told: list[tuple[str, str, str | None, int]], random: object
) -> None:
    """Except for the open that a click stands for, a sheet is a function of the set of events."""
    shuffled = list(told)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    plain = ("visited", "attended: seminar", "clicked: any", "any")
    one, other = sheet(*told).instants, sheet(*shuffled).instants
    assert [one.get(key) for key in plain] == [other.get(key) for key in plain]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["opened", "clicked", "replied", "visited", "attended", "delivered"]),
            st.sampled_from(["mail_a", "mail_b", "seminar", "seminar/a", "/"]),
            st.sampled_from([None, "k1", "k2", "k3"]),
            st.integers(0, 12),
        ),
        max_size=30,
    ),
    st.integers(1, 4),
)
def test_a_sheet_made_at_once_is_the_sheet_made_one_by_one(
    told: list[tuple[str, str, str | None, int]], room: int
) -> None:
    """Whatever comes in the order of time, several at the same instant too: patterns, items, opens proved by clicks."""
    opens, visits = EventPattern(type="opened", subject="any"), EventPattern(type="visited")
    items = {counting_key([opens, visits], per_subject=each): room for each in (True, False)}
    wanted = {**ALL, **items, counting_key([EventPattern(type="clicked")], per_subject=True): room}
    events = [(kind, subject, send, hour(at)) for kind, subject, send, at in sorted(told, key=lambda each: each[3])]
    assert Gathering(wanted)(events) == gathered(wanted, events)
