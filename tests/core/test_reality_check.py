"""The journey map against what leads did, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nurture.conditions import EventPattern
from nurture.definitions import Definitions
from nurture.history import PastEvent, PastLead, Result
from nurture.map_steps import askings, overlap, served
from nurture.reality_check import ActionCheck, JourneyCheck, reality_check
from nurture.shares import Share
from tests.core.stage import define

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DAY = timedelta(days=1)
MAP = """
phases:
  - {phase: research, actions: [{downloaded: any}]}
  - {phase: comparison, reached_when: {did: {visited: /pricing}}, actions: [{visited: /pricing}, {signed_up: seminar}]}
  - {phase: decision, reached_when: {did: {requested: any}}, actions: [{requested: demo}, {requested: consultation}]}
"""
SCENARIO = """
scenario: walk
topic: news
start: letter
steps:
  letter:
    phase: research
    send: letter
    wait: {until: [clicked, {downloaded: any}], timeout: 5d}
    then: [{when: clicked, go: invite}, {when: {downloaded: any}, go: invite}, {otherwise: done}]
  invite:
    phase: comparison
    wait: {until: [{any: [{signed_up: seminar/2026-12}, {attended: fair}]}], timeout: 5d}
    then: [{when: {any: [{signed_up: seminar/2026-12}, {attended: fair}]}, go: done}, {otherwise: done}]
  done: {finish: done}
"""
FORMS = """
demo: {event: {requested: demo}, fields: {email: required}}
fair: {event: {signed_up: fair}, fields: {email: required}}
"""


def folder(map: str = MAP, *scenarios: str, **beside: Any) -> Definitions:
    """Definitions with a journey map."""
    return define(*scenarios, journey_map=map, **beside)


def lead(*events: tuple[str, str, float], result: Result | None = None, closed: float = 100) -> PastLead:
    """A lead that did (type, subject, days after it became known), decided `closed` days after."""
    since = NOW - 200 * DAY
    did = sorted((PastEvent(since + day * DAY, kind, subject) for kind, subject, day in events), key=lambda one: one.at)
    return PastLead("lead", {}, tuple(did), since, result, since + closed * DAY if result is not None else None)


def checked(leads: list[PastLead], definitions: Definitions | None = None) -> JourneyCheck:
    """The check of a map that is there."""
    found = reality_check(leads, definitions or folder(), NOW)
    assert found is not None
    return found


def action(check: JourneyCheck, written: str) -> ActionCheck:
    """One action of the map, as it is written."""
    return next(each for phase in check.phases for each in phase.actions if str(each.action) == written)


def test_an_action_counts_once_a_lead_with_the_time_to_it_and_from_it() -> None:
    """Of 4 won leads 3 looked at the prices, 10, 20 and 60 days in and 90, 80, 40 before closing; of 6 leads 4."""
    leads = [
        lead(("visited", "/pricing", 10), ("visited", "/pricing/plans", 99), result="won"),
        lead(("visited", "/pricing", 20), result="won"),
        lead(("visited", "/pricing", 60), result="won"),
        lead(result="won"),
        lead(("visited", "/pricing", 1), result="lost"),
        lead(),
    ]
    check = checked(leads)
    found = action(check, "visited: /pricing")
    assert (found.won, found.all, found.phase) == (Share(3, 4), Share(4, 6), "comparison")
    assert (found.after, found.before_won) == (20 * DAY, 80 * DAY)
    assert [(each.phase, each.all, each.won) for each in check.phases] == [
        ("research", Share(6, 6), Share(4, 4)),
        ("comparison", Share(4, 6), Share(3, 4)),
        ("decision", Share(0, 6), Share(0, 4)),
    ]


def test_what_hardly_any_won_lead_did_is_wishful() -> None:
    """1 of 20 asked for a consultation, 2 of 20 for a demo: one tenth is not rare."""
    leads = [lead(result="won") for _ in range(17)]
    leads += [lead(("requested", "consultation", 5), result="won")]
    leads += [lead(("requested", "demo", 5), result="won") for _ in range(2)]
    check = checked(leads)
    assert action(check, "requested: consultation").reality == "wishful"
    assert action(check, "requested: demo").reality == "real"
    assert action(check, "downloaded: any").reality == "unrecorded"


def test_what_no_lead_has_ever_done_is_not_recorded() -> None:
    """Nobody is said to have looked at prices: nothing reports it. One lost lead, or one after its deal, would do."""
    won = [lead(("requested", "demo", 5), result="won") for _ in range(20)]
    assert action(checked(won), "visited: /pricing").reality == "unrecorded"
    assert (
        action(checked([*won, lead(("visited", "/pricing/a", 3), result="lost")]), "visited: /pricing").reality
        == "wishful"
    )
    late = lead(("visited", "/pricing", 101), result="won")
    assert action(checked([*won, late]), "visited: /pricing").reality == "wishful"
    assert action(checked(won[1:]), "visited: /pricing").reality == "too_few"


def test_of_few_won_leads_nothing_is_called_wishful() -> None:
    """19 won: too few to say, and nothing is said to be missing."""
    check = checked([lead(("attended", "fair", 3), result="won") for _ in range(19)])
    assert {each.reality for phase in check.phases for each in phase.actions} == {"too_few"}
    assert check.missing == ()


def test_what_most_did_in_another_phase_stands_elsewhere() -> None:
    """They signed up before they saw the prices, by which comparison is reached; a few afterwards."""
    early = [("signed_up", "seminar", 5.0), ("visited", "/pricing", 20.0)]
    late = [("signed_up", "seminar", 30.0), ("visited", "/pricing", 20.0)]
    check = checked([lead(*(early if index < 11 else late), result="won") for index in range(20)])
    found = action(check, "signed_up: seminar")
    assert (found.reality, found.phase) == ("elsewhere", "research")
    assert found in check.wishful
    half = checked([lead(*(early if index < 10 else late), result="won") for index in range(20)])
    assert (action(half, "signed_up: seminar").reality, action(half, "signed_up: seminar").phase) == ("real", None)


def test_what_came_after_the_closing_was_not_the_way_to_it() -> None:
    """A demo a day after the deal is not counted; on the day it is."""
    after = checked([lead(("requested", "demo", 101), result="won")])
    assert action(after, "requested: demo").all == Share(0, 1)
    assert after.phases[2].won == Share(0, 1)
    assert action(checked([lead(("requested", "demo", 100), result="won")]), "requested: demo").won == Share(1, 1)


def test_a_frequent_action_that_the_map_lacks_is_named_by_the_first_part_of_its_subject() -> None:
    """5 of 20 won leads read some story, 4 attended a fair; what leads away, or no person does, is no action."""
    leads = [lead(("visited", f"/cases/{index}", 3), ("unsubscribed", "letter", 9), result="won") for index in range(5)]
    leads += [lead(("attended", "fair", 3), ("delivered", "letter", 1), result="won") for _ in range(4)]
    leads += [lead(("delivered", "letter", 1), result="won") for _ in range(11)]
    leads += [lead(("visited", "/cases", 3), result="lost"), lead(result="lost")]
    (missing,) = checked(leads).missing
    assert (str(missing.action), missing.won, missing.lost, missing.phase) == (
        "visited: /cases", Share(5, 20), Share(1, 2), "research",
    )  # fmt: skip


def test_a_click_is_an_open_where_the_map_expects_opens() -> None:
    """A reader who clicked has opened: nothing is missing."""
    definitions = folder("phases: [{phase: research, actions: [{opened: any}]}]")
    check = checked([lead(("clicked", "letter", 3), result="won") for _ in range(20)], definitions)
    assert (action(check, "opened: any").won, check.missing) == (Share(20, 20), ())


def counted(times: int, of: int, *others: PastLead) -> ActionCheck:
    """The check of the price page, which so many of so many won leads looked at, nobody knows when."""
    seen = replace(lead(result="won"), undated=frozenset({("visited", "/pricing/plans")}))
    past = [seen if number < times else lead(result="won") for number in range(of)]
    return action(checked([*past, *others]), "visited: /pricing")


def test_what_is_only_counted_is_judged_as_far_as_that_goes() -> None:
    """It happened, maybe after the deal: no verdict on a frequent action. Of a rare one the count tells enough."""
    found = counted(15, 20, replace(lead(result="lost"), undated=frozenset({("visited", "/pricing")})))
    assert (found.reality, found.won, found.all) == ("undated", Share(15, 20), Share(16, 21))
    assert (found.after, found.before_won, found.phase) == (None, None, None)
    assert counted(1, 20).reality == "wishful"
    assert counted(0, 20).reality == "unrecorded"
    assert counted(1, 1).reality == "too_few"


def test_days_are_believed_where_most_are_known() -> None:
    """Eight with a day and five without; a lead that has both is one with a day."""
    with_day = [lead(("visited", "/pricing", 5), result="won") for _ in range(8)]
    both = replace(with_day[0], undated=frozenset({("visited", "/pricing")}))
    assert counted(5, 12, *with_day).reality == "real"
    assert counted(8, 12, *with_day[:7], both).reality == "real"
    assert counted(9, 12, *with_day).reality == "undated"


# --- scenarios ------------------------------------------------------------------------------------------------------


def test_steps_that_ask_for_what_no_phase_expects_are_named() -> None:
    """The fair is on no map; the seminar of December is a seminar; a click is not expected where opens are not."""
    found = {(each.step, str(each.action), each.expected) for each in askings(folder(MAP, SCENARIO))}
    assert found == {("letter", "clicked", ()), ("invite", "attended: fair", ())}


def test_a_mail_asks_for_what_its_forms_make() -> None:
    """The letter of research links to the demo, which the map expects two phases later: a leap; the fair is nowhere."""
    definitions = folder(MAP, SCENARIO, forms=FORMS)
    body = '{{ link("/forms/demo") }} {{ link(\'/forms/fair\') }} {{ link("/forms/nowhere") }} {{ link("/pricing") }}'
    letter = replace(definitions.templates["letter", "ja"], body=body)
    definitions = replace(definitions, templates={("letter", "ja"): letter})
    found = {(str(each.action), each.expected) for each in askings(definitions) if each.by == "links"}
    assert found == {("requested: demo", ("decision",)), ("signed_up: fair", ())}


def test_phases_that_no_scenario_serves_are_named() -> None:
    """Nothing leads on to the decision."""
    definitions = folder(MAP, SCENARIO)
    assert served(definitions) == {"research": ("walk/letter",), "comparison": ("walk/invite",), "decision": ()}
    assert checked([], definitions).unserved == ("decision",)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({"attended": "seminar"}, {"attended": "seminar/2026-12"}, True),
        ({"attended": "seminar"}, {"attended": "seminars"}, False),
        ({"attended": "any"}, {"attended": "fair"}, True),
        ({"attended": "seminar"}, {"signed_up": "seminar"}, False),
        ("opened", {"opened": "any"}, True),
        ("clicked", {"opened": "any"}, True),
        ("clicked", "replied", False),
    ],
)
def test_two_patterns_overlap_where_one_event_is_meant_by_both(
    one: str | dict[str, str], other: str | dict[str, str], both: bool
) -> None:
    """A subject and what lies below it; every subject; an open and what proves one."""
    first, second = EventPattern.model_validate(one), EventPattern.model_validate(other)
    assert overlap(first, second) == overlap(second, first) == both


def test_without_a_map_there_is_nothing_to_check() -> None:
    """No map, no opinion."""
    assert reality_check([lead()], Definitions(), NOW) is None
