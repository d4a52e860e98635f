"""The sample of past deals is what the module makes, invented, and has something to find."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import yaml

from adapters.history_file import open_history
from tests.samples.past_deals import FILE, HEADER, LEADS, text

FOLDER = Path(__file__).parents[2] / "scenarios"


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
    assert results["won"] >= 150
    assert results["lost"] > results["won"]
    assert results[None] > 100
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
