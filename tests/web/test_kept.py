"""What is dear to compute is computed once for all who look at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from web.kept import Kept


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
