"""What must hold for every scenario that passes the checks, and for everything that may come at a lead."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.definitions import Definitions
from nurture.entries import Happening
from nurture.walk import advance
from tests.core.random_scenarios import Weather, checked
from tests.core.stage import START, Lead, later

WAIT = """
scenario: wait
topic: news
start: a
steps:
  a:
    send: [mail_a, mail_b]
    max_visits: 3
    when_exhausted: over
    wait: {until: [opened, {signed_up: any}], timeout: 5d}
    then: [{when: {signed_up: any}, go: signed}, {when: opened, go: read}, {otherwise: a}]
  read: {wait: 60d, then: over}
  signed: {wait: 60d, then: over}
  over: {finish: over}
"""
minutes = st.integers(0, 60 * 24 * 8).map(lambda number: timedelta(minutes=number))
DEADLINE = timedelta(days=5)


def step(lead: Lead) -> str | None:
    """Where the lead stands."""
    return lead.where()[1]


# --- the sentences of the design about time -------------------------------------------------------------------------


@given(minutes, minutes, st.sampled_from(["opened", "clicked", "replied"]))
def test_an_open_that_reaches_us_before_the_wait_starts_counts(one: timedelta, other: timedelta, kind: str) -> None:
    """However long the answer of the send takes, and whenever in that time its mail is opened."""
    opened, accepted = sorted((one, other))
    lead = Lead(WAIT)
    lead.enrol(answered=False)
    lead.give(lead.event(kind, mail=lead.mails[0], at=START + opened))
    lead.give(lead.sent("accepted", at=START + accepted), now=START + accepted)
    assert step(lead) == "read"


@given(minutes, st.booleans())
def test_an_open_of_an_older_mail_does_not_count(after: timedelta, answered: bool) -> None:
    """Neither while the next mail is on its way nor while its wait runs."""
    lead = Lead(WAIT)
    lead.enrol()
    lead.give(now=START + DEADLINE)
    if answered:
        lead.give(lead.sent("accepted"))
    lead.give(lead.event("opened", mail=lead.mails[0], at=START + DEADLINE + min(after, timedelta(days=4))))
    if not answered:
        lead.give(lead.sent("accepted", at=START + DEADLINE))
    assert lead.where()[1:] == ("a", 2)


@given(minutes, minutes)
def test_an_event_not_after_the_deadline_that_is_there_when_the_timer_fires_wins(
    event: timedelta, sleep: timedelta
) -> None:
    """Time ≤ deadline: its branch; later: the timeout's. How late the timer rings does not matter."""
    lead = Lead(WAIT)
    lead.enrol()
    now = START + DEADLINE + sleep
    lead.give(lead.event("opened", mail=lead.mails[0], at=min(START + event, now)), now=now)
    timed_out = any(line.what == "timeout" and line.visit == 1 for line in lead.lines)
    assert timed_out == (event > DEADLINE)
    assert (step(lead) == "read") == (event <= DEADLINE)


@given(st.integers(1, 60 * 24 * 5), st.integers(1, 60 * 24 * 4), st.sampled_from(["opened", "clicked"]))
def test_an_event_older_than_a_decision_is_kept_marked_and_runs_no_second_branch(
    before: int, after: int, kind: str
) -> None:
    """Whenever it comes after the deadline was decided without it."""
    text = WAIT.replace("{when: {signed_up: any}, go: signed}", "{when: {did: {opened: any}, at_least: 2}, go: signed}")
    lead = Lead(text.replace("opened, {signed_up: any}", "opened"))
    lead.enrol()
    lead.until("5d")
    late = lead.event(kind, mail=lead.mails[0], at=START + DEADLINE - timedelta(minutes=before))
    lead.give(late, now=START + DEADLINE + timedelta(minutes=after))
    assert lead.where() == ("waiting", "a", 2)
    assert lead.late == [late.id]
    assert lead.state.facts.times("opened: any", None) == 1


@given(
    st.lists(st.tuples(st.sampled_from(["opened", "signed_up", "visited"]), st.integers(0, 4)), min_size=1, max_size=5)
)
def test_the_earliest_awaited_event_ends_the_wait_and_reactions_see_facts_up_to_it(told: list[tuple[str, int]]) -> None:
    """A sign-up after the open is not seen by the reaction to the open; one before it is."""
    lead = Lead(WAIT.replace("opened, {signed_up: any}", "opened"))
    lead.enrol()
    batch = [
        lead.event(kind, at=later(f"{hour}h"), mail=lead.mails[0] if kind == "opened" else None) for kind, hour in told
    ]
    lead.give(*batch, now=later("1d"))
    in_order = sorted(batch, key=lambda event: (event.at, event.seq))
    first = next((index for index, event in enumerate(in_order) if event.type == "opened"), None)
    if first is None:
        assert step(lead) == "a"
    else:
        signed = any(event.type == "signed_up" for event in in_order[:first])
        assert step(lead) == ("signed" if signed else "read")


# --- for every scenario ---------------------------------------------------------------------------------------------


def entered(definitions: Definitions) -> Lead:
    """A lead that has just entered a random scenario; its first commands are answered."""
    lead = Lead(definitions)
    lead.enrol("random")
    return lead


@given(checked(), st.data())
def test_neither_order_nor_repeats_inside_a_delivery_matter(definitions: Definitions, data: st.DataObject) -> None:
    """Any order, any repeats: the same state, the same record, the same commands."""
    lead = entered(definitions)
    batch: list[Happening] = []
    for _ in range(data.draw(st.integers(1, 5))):
        mail = data.draw(st.sampled_from([None, *lead.mails]))
        kind = data.draw(st.sampled_from(["opened", "clicked", "visited", "signed_up", "requested"]))
        at = START + timedelta(hours=data.draw(st.integers(0, 80)))
        batch.append(lead.event(kind, "" if mail else "/a", at=at, mail=mail))
    shuffled = data.draw(st.permutations(batch))
    repeated = [*shuffled, *data.draw(st.lists(st.sampled_from(batch), max_size=3))]
    now = max(event.at for event in batch) + timedelta(hours=data.draw(st.integers(0, 100)))
    straight = advance(lead.book, lead.state, batch, now)
    assert advance(lead.book, lead.state, shuffled, now) == straight
    assert advance(lead.book, lead.state, repeated, now) == straight
    again = advance(lead.book, straight.state, batch, now)
    assert again.state == straight.state
    assert again.commands == ()
    assert again.record is None


@settings(max_examples=400)
@given(checked(), st.data())
def test_nothing_that_may_come_makes_a_lead_fail_stop_silently_or_loop(
    definitions: Definitions, data: st.DataObject
) -> None:
    """The stage watches every advance; in the end, with every answer given, the lead comes to an end."""
    weather = Weather(Lead(definitions), data.draw)
    lead = weather.lead
    weather.give(lead.profile(), lead.enrolment("random"))
    for _ in range(data.draw(st.integers(1, 14))):
        weather.happen()
    weather.clear_up()
    assert lead.where() == ("idle", None, None)
    changes = [change for record in lead.records for change in record.enrolments]
    began = [change.enrolment for change in changes if change.state == "running"]
    ended = [change.enrolment for change in changes if change.state == "ended"]
    dropped = sum(line.what == "not_begun" for line in lead.lines)
    assert set(began) <= set(ended), "every enrolment that began has ended with a word"
    assert len(ended) == len(began) + dropped, "each once; some never began, their mail forbidden"
    for key, issue in weather.gone:
        assert issue == max(mail.issue for mail in lead.mails if mail.key == key), "a mail that had gone went again"
    assert len({key for key, _ in weather.gone}) == len(weather.gone)


@given(checked(), st.data())
def test_the_same_inputs_give_the_same_path(definitions: Definitions, data: st.DataObject) -> None:
    """A path is a function of the definitions and the inputs in the order applied: replaying them gives it again."""
    weather = Weather(Lead(definitions), data.draw)
    lead = weather.lead
    weather.give(lead.profile(), lead.enrolment("random"))
    for _ in range(data.draw(st.integers(1, 8))):
        weather.happen()
    state = Lead(definitions).state
    records = []
    for inputs, now in weather.told:
        done = advance(lead.book, state, inputs, now)
        state = done.state
        if done.record is not None:
            records.append(done.record)
    assert state == lead.state
    assert records == lead.records
