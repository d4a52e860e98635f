"""The fixtures in tests/scenarios are the specification of `nurture check`.

`UPDATE_EXPECTED=1 pytest tests/core/test_checks.py` writes what is printed now into the `.out` files: read the
difference before it is committed.
"""

from __future__ import annotations

import json
import os
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.scenario_folder import check_folder
from cli.check import report
from nurture.errors import DefinitionsRefused
from nurture.loading import AUDIENCE, Loaded, definitions_of, load
from tests.core.fixture_folders import BASE, Fixture, fixtures, texts_of

UPDATE = bool(os.environ.get("UPDATE_EXPECTED"))


def checked(fixture: Fixture, folder: Path) -> tuple[Loaded, str]:
    """A fixture written into a folder and checked there, as `nurture check` does; what it prints."""
    for name, text in fixture.texts().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    loaded, texts = check_folder(folder)
    return loaded, "".join(f"{line.plain}\n" for line in report(loaded.problems, texts))


@pytest.mark.parametrize("fixture", fixtures("ok"), ids=lambda fixture: fixture.name)
def test_what_is_written_correctly_is_not_complained_about(fixture: Fixture, tmp_path: Path) -> None:
    """A sound folder has no error, and no warning but those it is kept for."""
    loaded, printed = checked(fixture, tmp_path)
    expected = fixture.expected.read_text(encoding="utf-8") if fixture.expected.exists() else ""
    assert printed == expected
    assert loaded.ok


@pytest.mark.parametrize("fixture", fixtures("err"), ids=lambda fixture: fixture.name)
def test_every_mistake_is_told_with_its_place(fixture: Fixture, tmp_path: Path) -> None:
    """What is printed of a folder with mistakes is what the fixture says, to the letter."""
    _, printed = checked(fixture, tmp_path)
    if UPDATE:
        fixture.expected.write_text(printed, encoding="utf-8")
    assert printed
    assert printed == fixture.expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("spoilt", [b"\xff", b'"'], ids=["encoding", "syntax"])
@pytest.mark.parametrize("folder", [BASE, Path("scenarios")], ids=["base", "sample"])
def test_a_file_that_cannot_be_read_is_one_problem(folder: Path, spoilt: bytes, tmp_path: Path) -> None:
    """Nothing is said to be missing, unknown or out of reach for the sake of a file that is there."""
    texts = {
        name: text
        for name, text in texts_of(folder).items()
        if ("/" not in name and name.endswith(".yaml")) or (name.startswith("templates/") and name.endswith(".md"))
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, text in texts.items():
        if name == AUDIENCE or name.endswith("README.md"):
            continue
        body = text.encode()
        (tmp_path / name).write_bytes(b"---\n" + spoilt + body[4:] if name.endswith(".md") else spoilt + body)
        problems = check_folder(tmp_path)[0].problems
        (tmp_path / name).write_bytes(body)
        assert [problem.file for problem in problems] == [name], [str(problem) for problem in problems]


def test_a_day_that_the_calendar_lacks_is_no_hindrance_to_what_is_deployed() -> None:
    """The check refuses it; a deployment that was stored with it goes on to load."""
    files = Fixture("err", "agreed_on_no_day").texts()
    with pytest.raises(DefinitionsRefused):
        definitions_of(files)
    hot = definitions_of(files, stored=True).hot_lead
    assert hot is not None
    assert hot.agreed is not None


def test_the_base_of_all_fixtures_is_sound() -> None:
    """Nothing that a fixture is told comes from the files it is laid over."""
    loaded, _ = check_folder(BASE)
    assert loaded.problems == ()


# --- cycles, against every walk there is ----------------------------------------------------------------------------


def scenario_of(draw: st.DataObject) -> dict[str, dict[str, object]]:
    """Steps of a small scenario, with every kind of edge; targets are steps of it."""
    names = ["a", "b", "c", "d"][: draw.draw(st.integers(1, 4))]
    target = st.sampled_from([*names, "end"])
    steps: dict[str, dict[str, object]] = {}
    for name in names:
        step: dict[str, object] = {
            "set": {"attribute": "uses_competitor", "to": True},
            "then": [{"when": {"segment": "midsize"}, "go": draw.draw(target)}, {"otherwise": draw.draw(target)}],
        }
        if draw.draw(st.booleans()):
            step["wait"] = draw.draw(st.sampled_from(["1d", "0d"]))
        if draw.draw(st.booleans()):
            step["skip"] = {"when": {"segment": "midsize"}, "go": draw.draw(target)}
        if draw.draw(st.booleans()):
            step |= {"max_visits": draw.draw(st.integers(1, 2)), "when_exhausted": draw.draw(target)}
        steps[name] = step
    return {**steps, "end": {"finish": "end"}}


def moves(steps: dict[str, dict[str, Any]], name: str, visits: dict[str, int]) -> list[tuple[str, bool, bool]]:
    """Where a lead at a step may go next, as (step, counted as a visit, time may stand still)."""
    step = steps[name]
    if "finish" in step:
        return []
    if "max_visits" in step and visits.get(name, 0) >= step["max_visits"]:
        return [(step["when_exhausted"], False, True)]
    found = [(edge.get("go") or edge["otherwise"], True, step.get("wait") != "1d") for edge in step["then"]]
    if "skip" in step:
        found.append((step["skip"]["go"], True, True))
    return found


def endless(steps: dict[str, dict[str, Any]]) -> bool:
    """True if some walk, from any step with any number of visits made, never ends: it comes back to where it was."""
    counted = [name for name, step in steps.items() if "max_visits" in step]

    def next_states(state: tuple[str, tuple[int, ...]]) -> list[tuple[str, tuple[int, ...]]]:
        name, spent = state
        visits = dict(zip(counted, spent, strict=True))
        found = []
        for target, is_visit, _ in moves(steps, name, visits):
            after = {**visits, name: visits[name] + 1} if is_visit and name in visits else visits
            found.append((target, tuple(after[each] for each in counted)))
        return found

    done: set[tuple[str, tuple[int, ...]]] = set()

    def comes_back(state: tuple[str, tuple[int, ...]], on_the_way: frozenset[tuple[str, tuple[int, ...]]]) -> bool:
        if state in on_the_way:
            return True
        if state in done:
            return False
        result = any(comes_back(each, on_the_way | {state}) for each in next_states(state))
        done.add(state)
        return result

    # `anywhere`, sales and people may bring a lead to any step again, so any number of visits may be spent already.
    spent = list(product(*(range(steps[name]["max_visits"] + 1) for name in counted)))
    return any(comes_back((name, each), frozenset()) for name in steps for each in spent)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_scenario_has_an_endless_walk_exactly_where_the_check_says_so(data: st.DataObject) -> None:
    """`unbounded-cycle` is found if and only if some walk, whatever the conditions say, never ends."""
    steps = scenario_of(data)
    text = json.dumps({"scenario": "t", "start": "a", "steps": steps})
    rules = {problem.rule for problem in load({**texts_of(BASE), "t.yaml": text}).problems}
    assert ("unbounded-cycle" in rules) == endless(steps)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_scenario_that_passes_never_comes_back_to_a_step_at_the_same_instant(data: st.DataObject) -> None:
    """Without `zero-time-cycle` no walk returns to a step without a wait of positive length on the way."""
    steps: dict[str, dict[str, Any]] = scenario_of(data)
    text = json.dumps({"scenario": "t", "start": "a", "steps": steps})
    if "zero-time-cycle" in {problem.rule for problem in load({**texts_of(BASE), "t.yaml": text}).problems}:
        return
    for start in steps:
        ahead, seen = [start], set()
        while ahead:
            name = ahead.pop()
            at_once = [each for each, _, still in moves(steps, name, {}) if still]
            if "max_visits" in steps[name]:
                at_once.append(steps[name]["when_exhausted"])
            assert start not in at_once
            ahead += [each for each in at_once if each not in seen]
            seen.update(at_once)
