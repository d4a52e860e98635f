"""How many came by each box of a scenario and took each arrow: by hand, and whatever may happen to a lead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.as_data import as_data
from nurture.definitions import Definitions
from nurture.flow import read_flow
from nurture.footfall import COUNTED, Footfall, Lines, annotated, footfall, reasons_of
from nurture.graph import svg
from nurture.records import Line
from nurture.shares import Share
from tests.core.random_scenarios import Weather, checked
from tests.core.stage import Lead, define

ROUND = """
scenario: round
topic: news
start: mail
leave:
  - {when: {attribute: relation, is: customer}, finish: customer}
anywhere:
  - {when: {requested: demo}, go: sales}
steps:
  mail:
    send: mail_a
    max_visits: 2
    when_exhausted: over
    wait: {until: [opened], timeout: 5d}
    then: [{when: opened, go: sales}, {otherwise: mail}]
  sales: {handoff: {queue: inside}, then: over}
  over: {finish: over}
"""


def counted(lines: Iterable[Line], scenario: str) -> list[Lines]:
    """The lines of a scenario as the database would count them."""
    found = Counter(
        (line.what, line.step or "", line.subject or "", line.reason or "")
        for line in lines
        if line.scenario == scenario and line.what in COUNTED
    )
    return [Lines(*words, count=count) for words, count in found.items()]


def walked(*leads: Lead) -> Footfall:
    """What they did in the scenario above."""
    flow = read_flow(define(ROUND).scenarios["round"])
    standing = Counter(step for lead in leads if (step := lead.where()[1]) is not None)
    return footfall(flow, counted((line for lead in leads for line in lead.lines), "round"), standing)


def ways(found: Footfall) -> dict[tuple[str, str, str], Share]:
    """The arrows by their ends and kind."""
    return {(arrow.source, arrow.target, arrow.kind): arrow.taken for arrow in found.arrows}


def test_every_arrow_says_how_many_took_it_of_all_who_left() -> None:
    """One opens the first mail, one asks for a demo, one lets all lie, one becomes a customer, one still waits."""
    opens, asks, sleeps, buys, waits = leads = [Lead(define(ROUND), id=f"lead_{number}") for number in range(5)]
    for lead in leads:
        lead.enrol()
    opens.give(opens.event("opened", mail=opens.mails[0]))
    asks.give(asks.event("requested", "demo"))
    for _ in range(2):
        sleeps.until("5d")
        if sleeps.where()[1] == "mail":
            sleeps.give(sleeps.sent("accepted"))
        sleeps.now += timedelta(days=5)
        sleeps.give(now=sleeps.now)
    buys.give(buys.profile(relation="customer"))
    found = walked(*leads)
    assert waits.where()[1] == "mail"
    assert found.entered == 5
    assert ways(found) == {
        ("start", "step:mail", "enter"): Share(5, 5),
        ("anywhere", "finish:customer", "leave"): Share(1, 5),
        ("anywhere", "step:sales", "anywhere"): Share(1, 5),
        ("step:mail", "step:sales", "then"): Share(1, 4),
        ("step:mail", "step:mail", "otherwise"): Share(2, 4),
        ("step:mail", "step:over", "exhausted"): Share(1, 4),
        ("step:sales", "step:over", "then"): Share(0, 0),
    }
    boxes = {each.box: (each.visits, each.standing) for each in found.boxes}
    assert boxes["step:mail"] == (6, 1)
    assert boxes["step:sales"] == (2, 2)
    assert boxes["finish:customer"] == (1, 0)
    assert found.finishes == {"over": 1, "customer": 1}
    assert found.elsewhere == 0


def test_ways_of_an_older_deployment_are_counted_elsewhere() -> None:
    """No departure goes missing because an arrow was taken out."""
    flow = read_flow(define(ROUND).scenarios["round"])
    found = footfall(flow, [Lines("reaction", "mail", "gone", "clicked", 7), Lines("entered", count=9)], {})
    assert (found.elsewhere, found.entered) == (7, 9)


def test_more_may_jump_than_have_entered_in_the_time_asked_for() -> None:
    """They came in before it; no share is above one, and the report can be told."""
    flow = read_flow(define(ROUND).scenarios["round"])
    found = footfall(flow, [Lines("anywhere", "mail", "sales", "", 5), Lines("entered", count=2)], {})
    assert ways(found)["anywhere", "step:sales", "anywhere"] == Share(5, 5)
    as_data(found)


def test_a_mail_that_came_too_late_is_counted_where_it_went() -> None:
    """By `when_refused`, else by the last reaction; such a line has no arrow of its own."""
    late = [Lines("send_too_late", "mail", "", "too late", 3)]
    flow = read_flow(define(ROUND).scenarios["round"])
    assert ways(footfall(flow, late, {}))["step:mail", "step:mail", "otherwise"] == Share(3, 3)
    refused = ROUND.replace("when_exhausted: over", "when_exhausted: over\n    when_refused: sales")
    found = footfall(read_flow(define(refused).scenarios["round"]), late, {})
    assert ways(found)["step:mail", "step:sales", "refused"] == Share(3, 3)
    assert found.elsewhere == 0


def test_two_jumps_to_one_step_are_counted_once() -> None:
    """The timeline says where they went, not by which of the two."""
    twice = ROUND.replace(
        "{requested: demo}, go: sales}", "{requested: demo}, go: sales}\n  - {when: clicked, go: sales}"
    )
    flow = read_flow(define(twice).scenarios["round"])
    found = footfall(flow, [Lines("anywhere", "mail", "sales", "", 2), Lines("entered", count=4)], {})
    assert [arrow.taken.hits for arrow in found.arrows if arrow.kind == "anywhere"] == [2, 0]
    assert {each.box: each.visits for each in found.boxes}["anywhere"] == 2


def test_the_picture_shows_the_counts() -> None:
    """In the words of its language, and each box leads where it is told."""
    lead = Lead(define(ROUND))
    lead.enrol()
    flow = read_flow(define(ROUND).scenarios["round"])
    picture = svg(annotated(flow, walked(lead)), {"step:mail": "/leads?step=mail&x=1"})
    assert "いま 1 人 · のべ 1 回" in picture
    assert "1 (100%)" in picture
    assert '<a href="/leads?step=mail&amp;x=1">' in picture


@settings(max_examples=60)
@given(checked(), st.data())
def test_no_departure_goes_missing_and_none_is_counted_twice(definitions: Definitions, data: st.DataObject) -> None:
    """Whatever happens: as many departures stand at the arrows as lines on the timeline, and none elsewhere."""
    weather = Weather(Lead(definitions), data.draw)
    weather.give(weather.lead.profile(), weather.lead.enrolment("random"))
    for _ in range(data.draw(st.integers(1, 10))):
        weather.happen()
    flow = read_flow(definitions.scenarios["random"])
    lines = counted(weather.lead.lines, "random")
    found = footfall(flow, lines, {})
    assert found.elsewhere == 0
    kinds = {"then": "reaction", "otherwise": "reaction", "skip": "skipped", "exhausted": "exhausted", "hot": "on_hot"}
    taken, told = Counter[str](), Counter[str]()
    for arrow in found.arrows:
        taken[kinds.get(arrow.kind, "")] += arrow.taken.hits
    for line in lines:
        told[line.what] += line.count
    assert {what: taken[what] for what in kinds.values()} == {what: told[what] for what in kinds.values()}
    assert reasons_of(flow) >= {line.reason for line in lines if line.what == "reaction"}
