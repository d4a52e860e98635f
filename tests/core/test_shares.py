"""Shares with their intervals, against figures computed by hand and what an interval must be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.shares import Share, median


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (8, 20, 0.2188, 0.6134),  # p = .4, z² = 3.8415: (.4 + .0960 ± 1.96 · √(.012 + .0024)) / 1.1921
        (0, 10, 0.0, 0.2775),  # z² / (n + z²) = 3.8415 / 13.8415
        (10, 10, 0.7225, 1.0),  # its mirror
        (1, 1, 0.2065, 1.0),  # 1 / 4.8415
        (0, 0, 0.0, 1.0),
    ],
)
def test_the_interval_is_that_of_wilson(hits: int, of: int, low: float, high: float) -> None:
    """Small numbers, nobody and everybody, computed by hand."""
    assert Share(hits, of).interval == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 100_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share_and_mirrors_that_of_the_rest(counted: tuple[int, int]) -> None:
    """Within 0 and 1, around the share; who did not is as sure as who did."""
    hits, of = counted
    share, rest = Share(hits, of), Share(of - hits, of)
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert share.interval == pytest.approx((1 - rest.high, 1 - rest.low))


@given(st.integers(1, 200), st.integers(2, 50))
def test_more_of_the_same_is_surer(hits: int, times: int) -> None:
    """With the same share of more, the interval is narrower."""
    few, many = Share(hits, 2 * hits), Share(hits * times, 2 * hits * times)
    assert many.high - many.low < few.high - few.low


def test_the_median_is_the_middle_and_nothing_of_nothing() -> None:
    """Of two the middle between them."""
    assert median([]) is None
    assert median(timedelta(days=each) for each in (9, 1, 2)) == timedelta(days=2)
    assert median(timedelta(days=each) for each in (1, 2)) == timedelta(days=1.5)
