"""Rules 6 and 7 of the design: a crossing makes one handoff, and deploying moves nobody unless it was told to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nurture.commands import MakeHandoff, TaskDone
from nurture.definitions import IGNORE, Definitions, HotLead, Scenario
from nurture.entries import HandoffClosed
from nurture.plan import Book
from nurture.state import State
from nurture.walk import advance
from tests.core.random_scenarios import Weather, checked
from tests.core.stage import Lead

EVERYBODY = HotLead.model_validate({"any": [{"not": {"attribute": "tags", "known": True}}], "queue": "other"})


def walked(definitions: Definitions, data: st.DataObject) -> Weather:
    """A lead to which several things have happened."""
    weather = Weather(Lead(definitions), data.draw)
    weather.give(weather.lead.profile(), weather.lead.enrolment("random"))
    for _ in range(data.draw(st.integers(1, 12))):
        weather.happen()
    return weather


def hands_over(scenario: Scenario) -> bool:
    """True unless a scenario says itself that somebody hot is not handed over."""
    step = scenario.steps.get(scenario.on_hot or "")
    return scenario.on_hot != IGNORE and (step is None or (step.skip is None and step.max_visits is None))


def about_hot(lead: Lead) -> list[MakeHandoff]:
    """What sales was told because a lead had become hot."""
    tasks = (task for task in lead.tasks if isinstance(task, MakeHandoff))
    return [task for task in tasks if any(reason.startswith("hot: ") for reason in task.reasons)]


@settings(max_examples=300)
@given(checked(), st.data())
def test_rule_6_a_crossing_makes_exactly_one_handoff(definitions: Definitions, data: st.DataObject) -> None:
    """Whatever fires together with it: as many crossings, as many tasks told of one; never two tasks open at once."""
    assume(all(hands_over(each) for each in definitions.scenarios.values()))
    weather = walked(definitions, data)
    lead = weather.lead
    weather.clear_up()
    assert len(about_hot(lead)) == lead.story.count("hot")
    assert max(open_at_once(definitions, weather), default=0) <= 1


def open_at_once(definitions: Definitions, weather: Weather) -> Iterator[int]:
    """How many tasks are open after each thing that happened, told once more from the start."""
    state, book, tasks = State(lead=weather.lead.state.lead), Book([definitions]), set[str]()
    for inputs, now in weather.told:
        done = advance(book, state, inputs, now)
        state = done.state
        tasks -= {each.handoff for each in inputs if isinstance(each, HandoffClosed)}
        tasks -= {each.key for each in inputs if isinstance(each, TaskDone) and each.error is not None}
        tasks |= {each.handoff for each in done.commands if isinstance(each, MakeHandoff)}
        yield len(tasks)


@settings(max_examples=300)
@given(checked(), st.booleans(), st.data())
def test_rule_7_deploying_moves_mails_and_hands_over_nobody(
    definitions: Definitions, wakes: bool, data: st.DataObject
) -> None:
    """Under a definition that everybody meets the lead stands where it stood; only its latch may change."""
    weather = walked(definitions, data)
    lead = weather.lead
    weather.give()  # what was due is done
    run = lead.state.run
    # a deployment tries a blocked step again, and a mail that was put off: the gate judges both anew
    assume(run is None or not (run.stage == "blocked" or (run.stage == "sending" and not run.issued)))
    second = replace(definitions, number=2, hot_lead=EVERYBODY)
    before, where = len(lead.tasks) + len(lead.mails), lead.where()
    weather.give(lead.deployed(second))
    assert len(lead.tasks) + len(lead.mails) == before
    assert lead.where() == where
    if wakes and run is None and lead.state.hot_unsold and lead.state.handoff is None and lead.state.paused is None:
        weather.give(lead.deployed(second, hand_over=True))
        assert len(lead.tasks) == before - len(lead.mails) + 1
