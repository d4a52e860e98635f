"""The sample of past deals is what the module makes, invented, and each report finds something good and bad in it."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from adapters.history_file import open_history
from adapters.scenario_folder import check_folder
from nurture.backtest import Backtest, Comparison, usually
from nurture.four_r import four_r
from nurture.reality_check import reality_check
from nurture.score_bands import score_bands
from nurture.shares import median
from tests.samples.past_deals import FILE, HEADER, LEADS, text

FOLDER = Path(__file__).parents[2] / "scenarios"
NOW = datetime(2026, 10, 31, tzinfo=UTC)
DEFINITIONS = check_folder(FOLDER)[0].definitions


def backtest(days: int) -> Backtest:
    """What the sample's own definition would have done with the sample's own deals."""
    compared = Comparison(DEFINITIONS, None, NOW - timedelta(days=days), NOW, usually(()))
    leads = list(open_history(FILE).leads())
    return compared.summed([case for lead in leads if (case := compared.case(lead)) is not None], len(leads))


def test_the_committed_file_is_current() -> None:
    """`python -m tests.samples.past_deals` would write nothing new."""
    assert FILE.read_text(encoding="utf-8") == text()


def test_every_column_has_its_meaning_and_no_row_is_bad() -> None:
    """The mapping names every column; what cannot be read would be told. Rows without an outcome are undecided."""
    found = open_history(FILE)
    assert {problem.rule for problem in found.problems} == {"no-outcome"}
    assert sorted(found.columns.named()) == sorted(HEADER)
    declared = yaml.safe_load((FOLDER / "attributes.yaml").read_text(encoding="utf-8"))
    assert set(found.columns.attributes()) <= set(declared)


def test_two_years_with_enough_won_deals_to_learn_from() -> None:
    """Nobody is known before it did something, or does anything once it is decided about; outcomes of all kinds."""
    leads = list(open_history(FILE).leads())
    results = Counter(each.result for each in leads)
    assert len(leads) == LEADS
    assert results["won"] >= 300
    assert results["lost"] > results["won"]
    assert results[None] > 200
    for each in leads:
        assert each.since is not None
        assert all(each.since <= event.at for event in each.events)
        assert each.closed_at is None or all(event.at <= each.closed_at for event in each.events)


def test_values_are_those_that_the_attributes_know() -> None:
    """Choices by their keys, flags as true or false, no address and no name of a person."""
    attributes = yaml.safe_load((FOLDER / "attributes.yaml").read_text(encoding="utf-8"))
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for name in ("title", "industry", "relation"):
            assert row[name] in {"", *attributes[name]["values"]}
        assert row["uses_competitor"] in {"", "true", "false"}
        assert "@" not in "".join(row.values())


def test_every_segment_has_verdicts_and_one_of_each_kind_is_found() -> None:
    """The 4R have an opinion on both segments: one is worth being first, the other is not."""
    found = {each.name: each for each in four_r(open_history(FILE).leads(), DEFINITIONS, NOW).segments}
    assert found["midsize_infrastructure"].rank.verdict == "good"
    assert found["midsize_infrastructure"].realistic.verdict == "fair"
    assert (found["dormant"].rank.verdict, found["dormant"].response.verdict) == ("weak", "good")


def test_the_map_is_right_in_part_wishful_in_part_and_lacks_something() -> None:
    """People come to consultations and do not ask for them; most who were won read customers' stories."""
    found = reality_check(open_history(FILE).leads(), DEFINITIONS, NOW)
    assert found is not None
    said = {str(each.action): each.reality for phase in found.phases for each in phase.actions}
    assert said["requested: consultation"] == "wishful"
    assert said["requested: demo"] == said["attended: seminar"] == "real"
    assert {str(each.action) for each in found.missing} == {"visited: /cases", "attended: consultation"}


def test_more_points_were_won_more_often() -> None:
    """The sample's score puts the sample's deals in order, from one fifth to the next."""
    bands = score_bands(open_history(FILE).leads(), DEFINITIONS, NOW)
    assert len(bands) == 5
    assert not any(band.out_of_order for band in bands)


def test_the_definition_finds_about_as_many_as_sales_can_take_and_better_ones_than_chance() -> None:
    """Two to four a week, not every week the same; their win rate lies above that of all, interval by interval."""
    found = backtest(365)
    assert 2 <= found.hot / found.span <= 4
    assert found.rate.low > found.base.high + 0.1
    assert 0 < len(found.missed) < len(found.won)


def test_hot_came_before_anybody_in_sales_took_the_lead_up() -> None:
    """Of the won leads that sales had taken up on a known day, in the median by two weeks and more."""
    with FILE.open(encoding="utf-8", newline="") as file:
        taken_up = {row["lead"]: row["taken_up_on"] for row in csv.DictReader(file)}
    ahead = [
        datetime.fromisoformat(taken_up[each.lead]).replace(tzinfo=UTC) - each.first
        for each in backtest(730).won
        if each.first is not None and taken_up[each.lead]
    ]
    assert len(ahead) > 100
    assert (median(ahead) or timedelta()) >= timedelta(days=14)
    assert sum(each > timedelta() for each in ahead) > 0.9 * len(ahead)
