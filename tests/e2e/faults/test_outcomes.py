"""The judge of the fault suite sees what it is there for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy

import pytest

from tests.e2e.faults.outcome import Outcome, Person, _untrue


def outcome(*people: Person) -> Outcome:
    """Of so many people, with nothing wrong."""
    return Outcome(dict(enumerate(people)), wrong=[], mails=0, events=0, unknown=0, late=0)


def person() -> Person:
    """Somebody who was mailed twice and bought."""
    return Person(
        path=[("arrived", "newsletter", "1", ""), ("finished", "done", "", "handed_over")],
        mails=Counter({("1", "newsletter", "1"): 1}),
        score={"demo_request": 50},
        tasks=["won"],
    )


def another_path(one: Person) -> None:
    """One step more."""
    one.path.insert(1, ("arrived", "newsletter_again", "1", ""))


def another_mail(one: Person) -> None:
    """The same mail twice."""
    one.mails["1", "newsletter", "1"] += 1


def another_score(one: Person) -> None:
    """Three points more."""
    one.score = {"demo_request": 50, "newsletter_open": 3}


def another_task(one: Person) -> None:
    """One task more."""
    one.tasks.append("won")


@pytest.mark.parametrize("change", [another_path, another_mail, another_score, another_task])
def test_whatever_differs_is_found_and_names_the_person(change: Callable[[Person], None]) -> None:
    """Each part alone; and a person whose mail was lost is left out, in either of both runs."""
    calm, other = outcome(person(), person()), outcome(person(), person())
    assert other.differs_from(calm) == []
    change(other.people[1])
    assert [each.partition(":")[0] for each in other.differs_from(calm)] == ["person 1"]
    lost = deepcopy(other)
    lost.people[1].lost.add("a key")
    assert lost.differs_from(calm) == []
    assert lost.lost == {1}


@pytest.mark.parametrize(
    ("stored", "tried", "good"),
    [(1, 1, True), (0, 1, False), (2, 1, False), (2, 2, True), (3, 2, False)],
)
def test_what_was_acknowledged_is_there_and_no_more_often_than_it_was_done(stored: int, tried: int, good: bool) -> None:
    """An open whose acknowledgement was lost is done again; an event has an id, so it is there once."""
    found = _untrue(Counter(["open k"]), Counter({"open k": tried}), Counter({"open k": stored}))
    assert (found == []) == good
    of_the_web = _untrue(Counter(["event e"]), Counter({"event e": tried}), Counter({"event e": stored}))
    assert (of_the_web == []) == (stored == 1)
