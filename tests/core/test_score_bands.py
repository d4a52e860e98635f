"""Points against results: who has more of them should have been won more often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from nurture.definitions import Definitions
from nurture.history import PastEvent, PastLead, Result
from nurture.score_bands import Band, score_bands
from nurture.shares import Share
from tests.core.stage import define

NOW = datetime(2026, 11, 2, tzinfo=UTC)
SCORE = """\
attributes:
  - {item: large, when: {attribute: employees, at_least: 100}, points: 15}
behaviours:
  - {item: demo, when: {requested: demo}, points: 50}
  - {item: pricing, when: {visited: /pricing}, points: 10, repeat: each, cap: 30}
"""


def definitions() -> Definitions:
    """Three items."""
    return define(score=SCORE)


def past(
    number: int, result: Result | None, *, employees: int = 10, visits: int = 0, after_closing: int = 0
) -> PastLead:
    """A lead that was closed a day ago."""
    closed = NOW - timedelta(days=1)
    times = [closed - timedelta(hours=index + 1) for index in range(visits)]
    times += [closed + timedelta(hours=index + 1) for index in range(after_closing)]
    events = tuple(PastEvent(at, "visited", "/pricing") for at in sorted(times))
    return PastLead(f"lead_{number}", {"employees": employees}, events, None, result, closed if result else None)


def test_more_points_more_deals() -> None:
    """Ten leads of 0, ten of 10 and ten of 45 points, of which none, three and nine were won."""
    leads = [past(n, "lost") for n in range(10)]
    leads += [past(10 + n, "won" if n < 3 else "lost", visits=1) for n in range(10)]
    leads += [past(20 + n, "won" if n < 9 else "lost", visits=9, employees=200) for n in range(10)]
    assert score_bands(leads, definitions(), NOW) == (
        Band(45, 45, Share(9, 10), out_of_order=False),
        Band(10, 10, Share(3, 10), out_of_order=False),
        Band(0, 0, Share(0, 10), out_of_order=False),
    )


def test_a_band_that_breaks_the_order_says_so() -> None:
    """Who came to the prices was lost, who did not was won: the item misleads."""
    leads = [past(n, "won") for n in range(5)] + [past(5 + n, "lost", visits=2) for n in range(5)]
    assert [(band.low, band.out_of_order) for band in score_bands(leads, definitions(), NOW)] == [
        (20, True),
        (0, False),
    ]


def test_what_came_after_the_deal_and_who_has_none_does_not_count() -> None:
    """A customer reads the prices after buying; a lead that nobody has decided on is no evidence."""
    (band,) = score_bands([past(1, "won", after_closing=3), past(2, None, visits=3)], definitions(), NOW)
    assert band == Band(0, 0, Share(1, 1), out_of_order=False)


def test_nobody_gives_no_bands() -> None:
    """An empty history is no error."""
    assert score_bands([], definitions(), NOW) == ()


def test_many_scores_fall_into_five_bands_of_about_the_same_size() -> None:
    """A hundred leads with 0 to 3 visits and two sizes: no band parts equal points."""
    leads = [past(n, "won" if n % 3 else "lost", visits=n % 4, employees=50 * (n % 5)) for n in range(100)]
    bands = score_bands(leads, definitions(), NOW)
    assert sum(band.won.of for band in bands) == 100
    assert 3 <= len(bands) <= 5
    assert all(higher.low > lower.high for higher, lower in pairwise(bands))
