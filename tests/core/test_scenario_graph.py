"""The picture of a scenario: what is drawn, where, and that nothing lies over anything."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from nurture.definitions import Scenario
from nurture.flow import read_flow
from nurture.graph import mermaid, svg
from nurture.layout import Placed, lay_out

SAMPLE = Path("scenarios/seminar_to_demo.yaml")

BRANCHES = """
scenario: trial_care
title: Trial & care
language: en
enter: {event: {signed_up: trial}}
start: welcome
on_hot: sales
leave:
  - {when: {attribute: relation, is: customer}, finish: customer}
  - {when: {did: {requested: cancel}, within: 3d}, finish: cancelled}
steps:
  welcome:
    send: {split: {welcome_short: 45, welcome_long: 45, none: 10}}
    wait: {until: [{created_project: any}, clicked], timeout: 2d}
    then:
      - {when: {created_project: any}, go: tips}
      - {when: clicked, split: {help_call: 50, help_mail: 50}}
      - {otherwise: nudge}
  nudge:
    send: [nudge_1, nudge_2]
    max_visits: 2
    when_exhausted: quiet
    when_refused: tell
    wait: {until: [clicked], timeout: 5bd}
    then: [{when: clicked, go: tips}, {otherwise: nudge}]
  help_call: {notify: {to: rep_1, text: call}, wait: 3d, then: tips}
  help_mail: {send: help_mail, wait: {by: {attribute: trial_ends, offset: -3d, at: "09:00"}}, then: tips}
  tips:
    set: {attribute: engaged, to: true}
    wait: 1d
    then:
      - {when: {all: [{attribute: employees, at_least: 50}, {not: {attribute: region, in: [a, b]}}]}, go: sales}
      - {when: {score: total, at_least: 20}, finish: self_service}
      - {otherwise: nudge}
  tell: {notify: {to: rep_1, text: x}, then: quiet}
  sales: {handoff: {queue: q}, then: [{when: {outcome: [returned, lost]}, go: tips}, {otherwise: done}]}
  quiet: {wait: 90d, then: welcome}
  done: {finish: handed_over}
"""

GOLDEN = """%% trial_care: Trial & care
flowchart TD
  n0(["start<br/>signed_up: trial"])
  n1["welcome<br/>welcome_short 45 %<br/>welcome_long 45 %<br/>no mail 10 %<br/>wait for {what}<br/>at most 2d"]
  n2["nudge<br/>nudge_1 → nudge_2<br/>wait for clicked<br/>at most 5bd<br/>at most 2 visits"]
  n3[["help_call<br/>notify rep_1<br/>wait 3d"]]
  n4["help_mail<br/>help_mail<br/>until trial_ends -3d 09:00"]
  n5[["tips<br/>set engaged to true<br/>wait 1d"]]
  n6[["tell<br/>notify rep_1"]]
  n7{{"sales<br/>to sales: q"}}
  n8("quiet<br/>wait 90d")
  n9(["done<br/>finish: handed_over"])
  n10[/"at every step"/]
  n11(["finish: customer"])
  n12(["finish: cancelled"])
  n13(["finish: self_service"])
  n0 --> n1
  n10 -.->|"relation = customer"| n11
  n10 -.->|"requested: cancel within 3d"| n12
  n10 -.->|"becomes hot"| n7
  n1 -->|"created_project: any"| n5
  n1 -->|"clicked: 50 %"| n3
  n1 -->|"clicked: 50 %"| n4
  n1 -->|"otherwise"| n2
  n2 -->|"clicked"| n5
  n2 -->|"otherwise"| n2
  n2 -->|"after 2 visits"| n8
  n2 -.->|"cannot be sent"| n6
  n3 --> n5
  n4 --> n5
  n5 -->|"employees ≥ 50 and not region = a / b"| n7
  n5 -->|"score total at least 20"| n13
  n5 -->|"otherwise"| n2
  n6 --> n8
  n7 -->|"outcome returned or lost"| n5
  n7 -->|"otherwise"| n9
  n8 --> n1
  class n7 handoff
  class n9,n11,n12,n13 finish
  class n10 anywhere
  classDef handoff stroke:#c2410c,stroke-width:3px
  classDef finish stroke:#64748b,stroke-width:2px
  classDef anywhere stroke-dasharray:4 3
"""


def scenario_in(text: str) -> Scenario:
    """The scenario that a YAML text says."""
    return Scenario.model_validate(yaml.safe_load(text))


@pytest.fixture(params=["sample", "branches"])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    """The sample, and one with every kind of step."""
    return scenario_in(SAMPLE.read_text(encoding="utf-8") if request.param == "sample" else BRANCHES)


def test_mermaid_says_every_step_and_every_way() -> None:
    """The text form of a scenario with every kind of step and edge is exactly this."""
    golden = GOLDEN.replace("{what}", "created_project: any or clicked")
    assert mermaid(scenario_in(BRANCHES)) == golden


def test_mermaid_does_not_let_a_title_end_its_text() -> None:
    """Signs that mean something to Mermaid are written as codes."""
    text = mermaid(
        scenario_in(
            '{scenario: s, start: a, steps: {a: {notify: {to: "x\\"]#<b>", text: t}, then: b}, b: {finish: end}}}'
        )
    )
    assert "x#quot;]#35;#lt;b#gt;" in text


def test_a_picture_is_well_formed_and_the_same_every_time(scenario: Scenario) -> None:
    """The SVG parses, says what it shows to those who cannot see it, and drawing it again changes nothing."""
    picture = svg(read_flow(scenario))
    root = ET.fromstring(picture)  # noqa: S314 - our own text
    space = {"s": "http://www.w3.org/2000/svg"}
    assert root.findtext("s:title", namespaces=space) == scenario.title
    assert scenario.scenario in (root.findtext("s:desc", namespaces=space) or "")
    assert root.get("role") == "img"
    assert svg(read_flow(scenario)) == picture


def test_a_picture_names_every_step(scenario: Scenario) -> None:
    """Each step stands in the picture by its name."""
    picture = svg(read_flow(scenario))
    texts = {element.text for element in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314
    assert set(scenario.steps) <= texts


def test_nothing_is_drawn_over_anything(scenario: Scenario) -> None:
    """No box or label covers another, and all of them are inside the picture."""
    layout = lay_out(read_flow(scenario))
    labels = [route.labelled for route in layout.routes if route.labelled is not None]
    things: list[Placed] = [*layout.boxes, *labels]
    for one, other in combinations(things, 2):
        apart = one.right <= other.left or other.right <= one.left or one.bottom <= other.top or other.bottom <= one.top
        assert apart, (one, other)
    assert all(thing.left >= 0 and thing.right <= layout.width and thing.bottom <= layout.height for thing in things)


def test_what_comes_later_stands_lower(scenario: Scenario) -> None:
    """An arrow leads down unless it leads back to a step written earlier."""
    layout = lay_out(read_flow(scenario))
    place = {placed.box.id: placed for placed in layout.boxes if placed.box is not None}
    for route in layout.routes:
        source, target = place[route.arrow.source], place[route.arrow.target]
        assert (source.bottom < target.top) != route.back


def test_full_width_signs_take_two_places() -> None:
    """A box with a Japanese text is wide enough for it: wider than one with as many Latin letters."""

    def width(text: str) -> float:
        flow = read_flow(
            scenario_in(f"{{scenario: s, start: a, steps: {{a: {{send: {text}, then: b}}, b: {{finish: end}}}}}}")
        )
        return next(box.width for box in lay_out(flow).boxes if box.box is not None and box.box.title == "a")

    assert width("お申し込みのお礼とご案内のメール") > width("abcdefghijklmnop")
