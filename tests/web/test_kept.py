"""What is dear to compute is computed once for all who look at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from web import kept as keeping
from web.kept import Kept
from web.session import templates


def test_many_who_look_at_once_cost_one_look() -> None:
    """The others wait for it; another key is another look."""
    kept, looks = Kept[int](seconds=60), [0]

    def look() -> int:
        time.sleep(0.05)
        looks[0] += 1
        return looks[0]

    with ThreadPoolExecutor(8) as threads:
        assert {each.result() for each in [threads.submit(kept.get, "a", look) for _ in range(8)]} == {1}
    assert kept.get("b", look) == 2


def test_what_is_old_is_made_anew_and_a_failure_is_not_kept() -> None:
    """Nothing outlives its seconds."""
    kept = Kept[int](seconds=0)
    assert (kept.get("a", lambda: 1), kept.get("a", lambda: 2)) == (1, 2)
    with pytest.raises(ZeroDivisionError):
        kept.get("c", lambda: 1 // 0)
    assert kept.get("c", lambda: 3) == 3


def test_no_more_keys_are_kept_than_may_be() -> None:
    """The oldest gives way, so that nobody fills the memory by asking for ever new spans."""
    kept = Kept[int](seconds=60, most=2)
    for number, key in enumerate("abc"):
        kept.get(key, lambda number=number: number)  # type: ignore[misc]
    assert kept.get("a", lambda: 9) == 9


def test_what_is_old_is_shown_at_once_while_it_is_made_anew() -> None:
    """Nobody waits for what takes its time but the first; how old it is is told, and one thread makes it anew."""
    kept, going, looks = Kept[int](seconds=0), threading.Event(), [0]

    def look() -> int:
        looks[0] += 1
        if looks[0] > 1:
            going.wait(10)
        return looks[0]

    assert kept.seen("a", look).value == 1
    began = time.monotonic()
    old = [kept.seen("a", look) for _ in range(3)]
    assert time.monotonic() - began < 5, "the new one is still being made"
    assert {each.value for each in old} == {1}
    assert all(0 < each.age < 5 for each in old)
    assert looks == [2]
    going.set()
    assert kept.get("b", lambda: 7) == 7
    _until(lambda: kept.seen("a", lambda: 9).value != 1)


def test_what_is_made_quickly_is_never_shown_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small database is counted while somebody looks."""
    monkeypatch.setattr(keeping, "PATIENCE", 10)
    kept, looks = Kept[int](seconds=0), [0]

    def look() -> int:
        looks[0] += 1
        return looks[0]

    assert [kept.seen("a", look).value for _ in range(3)] == [1, 2, 3]


def test_a_failure_behind_leaves_the_old_value_and_the_next_tries_again() -> None:
    """What went wrong costs nobody a page."""
    kept = Kept[int](seconds=0)
    kept.seen("a", lambda: 1)
    assert kept.seen("a", lambda: 1 // 0).value == 1
    _until(lambda: kept.seen("a", lambda: 2).value == 2)


def test_news_that_comes_while_it_is_made_makes_it_old_at_once() -> None:
    """It was begun without them, however young it is; whoever is shown it is told so."""
    kept, going, begun = Kept[str](seconds=60), threading.Event(), threading.Event()

    def slowly() -> str:
        begun.set()
        going.wait(10)
        return "with a"

    kept.seen("k", lambda: "old")
    assert (kept.seen("k", slowly, news="a").value, begun.wait(10)) == ("old", True)
    shown = kept.seen("k", lambda: "with b", news="b")
    assert (shown.value, shown.other) == ("old", True)
    going.set()
    _until(lambda: kept.peek("k") == "with a")
    _until(lambda: kept.seen("k", lambda: "with b", news="b").value == "with b")
    assert not kept.seen("k", lambda: "again", news="b").other


def test_the_age_of_a_value_runs_from_when_its_making_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was told while it was made may be missing in it."""
    now = [1000.0]
    monkeypatch.setattr(keeping, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def slowly() -> int:
        now[0] += 40
        return 1

    kept = Kept[int](seconds=60)
    kept.get("a", slowly)
    assert kept.seen("a", slowly).age == 40
    now[0] += 25
    assert kept.peek("a") is None


def test_where_no_thread_can_be_started_the_old_value_is_shown_and_the_next_tries_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that is full of threads has none for this."""

    def full(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    kept = Kept[int](seconds=0)
    kept.seen("a", lambda: 1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", full)
        assert kept.seen("a", lambda: 2).value == 1
    _until(lambda: kept.seen("a", lambda: 3).value == 3)


def test_whoever_does_not_want_to_wait_looks_whether_there_is_any() -> None:
    """Nothing is made by it."""
    kept = Kept[int](seconds=60)
    assert kept.peek("a") is None
    assert kept.get("a", lambda: 1) == kept.peek("a")


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_page_says_that_something_has_come_since_however_young_its_figures_are() -> None:
    """Else a task that somebody has just closed seems lost; what is young and whole needs no word."""
    figures: Any = templates.env.get_template("console/figures.html").module
    assert "1 seconds ago" in figures.as_of(False, 1.5, True)
    assert "集計" in figures.as_of(True, 0.2, True)
    assert not figures.as_of(False, 1.5, False)
