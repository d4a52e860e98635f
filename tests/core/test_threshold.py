"""The threshold is found and changed in the text of hot_lead.yaml, and nothing else of it."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from nurture.agreement import read_hot_lead
from nurture.definitions import HotLead
from nurture.errors import NurtureError
from nurture.threshold import threshold_of, with_threshold

SAMPLE = Path("scenarios/hot_lead.yaml").read_text(encoding="utf-8")


def read(text: str) -> HotLead:
    """The definition of a text."""
    found = read_hot_lead(text)
    assert found is not None
    return found


def test_one_number_of_the_sample_changes() -> None:
    """With every comment beside it; the agreement is another matter."""
    after = with_threshold(SAMPLE, 100)
    changed = [each for each in difflib.ndiff(SAMPLE.splitlines(), after.splitlines()) if each[0] in "+-"]
    assert changed == ["-   - {score: total, at_least: 120}", "+   - {score: total, at_least: 100}"]
    assert (threshold_of(read(SAMPLE)), threshold_of(read(after))) == (120, 100)
    assert read(after).agreed == read(SAMPLE).agreed
    assert with_threshold(after, 120) == SAMPLE


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("all:\n  - at_least: 60.0   # 点\n    score: total\nqueue: q\n",
         "all:\n  - at_least: 45   # 点\n    score: total\nqueue: q\n"),
        ("{any: [{score: total, at_least: 60}, {score: total, at_least: 90}], queue: q}\n",
         "{any: [{score: total, at_least: 45}, {score: total, at_least: 90}], queue: q}\n"),
        ("any: [{score: total, at_least: 60, at_most: 200}, {score: behaviours, at_least: 60}]\r\nqueue: q\r\n",
         "any: [{score: total, at_least: 45, at_most: 200}, {score: behaviours, at_least: 60}]\r\nqueue: q\r\n"),
    ],
)  # fmt: skip
def test_only_the_lowest_total_that_is_asked_for_alone_is_the_threshold(text: str, after: str) -> None:
    """In whatever style it is written; the score of something else is none."""
    assert with_threshold(text, 45) == after
    assert threshold_of(read(after)) == 45


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("any: [{did: {requested: demo}}]\nqueue: q\n", "no threshold"),
        ("any:\n  - all: [{score: total, at_least: 60}, {did: {requested: demo}}]\nqueue: q\n", "no threshold"),
        ("any: [{score: total, at_least: 45}]\nqueue: q\n", "is 45 already"),
        ("any: [", "no hot lead definition"),
    ],
)
def test_what_cannot_be_changed_is_refused(text: str, what: str) -> None:
    """With what to do instead."""
    with pytest.raises(NurtureError, match=what) as refused:
        with_threshold(text, 45)
    assert refused.value.do
