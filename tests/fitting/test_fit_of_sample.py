"""The sample of past deals is worth fitting: its card has items enough and is better than what is simpler."""

from __future__ import annotations

import pytest

from adapters.fitting.study import study_of
from adapters.fitting.thresholds import Capacity
from adapters.history_file import open_history
from adapters.scenario_folder import check_folder
from tests.samples.past_deals import FILE


@pytest.mark.timeout(180)
def test_the_card_of_the_sample_is_better_than_recency_one_item_and_the_card_it_has() -> None:
    """On the latest leads and on leads drawn by lot; nothing in it knows the outcome, and no warning is due."""
    present = check_folder(FILE.parents[1])[0].definitions
    study = study_of(open_history(FILE), against=present, capacity=Capacity(None, 3.0))
    assert 10 <= len(study.evidence) <= 15
    for trial in study.trials:
        card = trial.contenders[0].auc.value
        assert 0.75 < card < 0.9
        for name in ("recency", "single", "current"):
            other = trial.of(name)
            assert other is not None
            assert card > other.auc.value, (trial.kind, name)
        recency = trial.of("recency")
        assert recency is not None
        assert recency.auc.high < trial.contenders[0].auc.low
    assert (study.suspects, study.warnings) == ((), ())
