"""`nurture graph` and `nurture simulate`: a scenario is looked at and tried before it is deployed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Nurture


def test_graph_prints_mermaid_and_writes_a_picture(nurture: Nurture) -> None:
    """Next to the working directory by default, or where it is told."""
    said = nurture("graph", "seminar_to_demo")
    assert said.code == 0
    assert said.out.startswith("%% seminar_to_demo")
    assert "flowchart TD" in said.out
    assert Path("seminar_to_demo.svg").read_text(encoding="utf-8").startswith("<svg")
    assert nurture("graph", "seminar_to_demo", "--svg", "other.svg").code == 0
    assert Path("other.svg").is_file()


def test_an_unknown_scenario_is_said_with_the_known_ones(nurture: Nurture) -> None:
    """Code 1 for both commands."""
    for word in ("graph", "simulate"):
        said = nurture(word, "seminar_to_dem")
        assert said.code == 1
        assert "seminar_to_demo" in said.err


def test_a_folder_with_errors_is_neither_drawn_nor_walked(nurture: Nurture) -> None:
    """The errors are told instead."""
    Path("scenarios/seminar_to_demo.yaml").write_text("scenario: seminar_to_demo\n")
    for word in ("graph", "simulate"):
        said = nurture(word, "seminar_to_demo")
        assert said.code == 1
        assert "seminar_to_demo.yaml:1:1" in said.err


def test_without_events_the_path_of_silence_is_shown(nurture: Nurture) -> None:
    """To the end, without making any data."""
    said = nurture("simulate", "seminar_to_demo")
    assert said.code == 0, said.err
    assert "newsletter_03" in said.out
    assert "finished: exhausted" in said.out
    assert not Path("var").exists()


def test_events_take_the_lead_another_way(nurture: Nurture) -> None:
    """The body of POST /events, the lead left out; an event of somebody else is not this lead's."""
    events = [
        {"id": "e1", "type": "requested", "subject": "demo"},
        {"id": "e2", "lead": "somebody", "type": "attended", "subject": "seminar"},
    ]
    Path("events.json").write_text(json.dumps({"events": events}))
    said = nurture("simulate", "seminar_to_demo", "--lead", "l1", "--events", "events.json", "--json")
    assert said.code == 0, said.err
    path = json.loads(said.out)
    assert path["lead"] == "l1"
    assert path["step"] == "to_sales"
    assert path["end"] is None
    assert {line["what"] for line in path["lines"]} >= {"entered", "anywhere"}


def test_bad_events_are_named_by_their_place(nurture: Nurture) -> None:
    """With near names; code 1."""
    Path("events.json").write_text('{"events": [{"type": "opend"}, {"type": "opened", "at": "soon"}]}')
    said = nurture("simulate", "seminar_to_demo", "--events", "events.json")
    assert said.code == 1
    assert "events[0]" in said.err
    assert "events[1]" in said.err
    assert "opened" in said.err


def test_the_attributes_of_a_stored_lead_are_used(deployed: Nurture) -> None:
    """A customer leaves at once."""
    Path("leads.csv").write_text("id,relation\nl1,customer\n")
    deployed("leads", "import", "leads.csv")
    path = json.loads(deployed("simulate", "seminar_to_demo", "--lead", "l1", "--json").out)
    assert (path["end"], path["mails"]) == ("not_a_prospect", [])


def test_many_leads_give_a_forecast(nurture: Nurture) -> None:
    """Every lead ends once; shown as tables, or as data with the seed it came from."""
    said = nurture("simulate", "seminar_to_demo", "--leads", "60", "--seed", "7", "--json")
    assert said.code == 0, said.err
    forecast = json.loads(said.out)
    assert (forecast["leads"], forecast["seed"]) == (60, 7)
    assert sum(end["leads"] for end in forecast["ends"].values()) == 60
    assert forecast["visits"]["newsletter"] == 60
    table = nurture("simulate", "seminar_to_demo", "--leads", "20")
    assert table.code == 0
    assert "mails in all" in table.out


def test_options_that_do_not_go_together_are_refused(nurture: Nurture) -> None:
    """One lead or many; rates are of many."""
    assert nurture("simulate", "seminar_to_demo", "--leads", "3", "--lead", "l1").code == 1
    assert nurture("simulate", "seminar_to_demo", "--rates", "scenarios/audience.yaml").code == 1
    assert nurture("simulate", "seminar_to_demo", "--leads", "3", "--rates", "nowhere.yaml").code == 1
