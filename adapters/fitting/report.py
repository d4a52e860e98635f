"""Writes the report of a fit as one page of HTML that needs nothing else; computes nothing that the study has not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapters.fitting.measures import Reliability
from adapters.fitting.plots import Plot, Row, intervals
from adapters.fitting.study import Study
from adapters.fitting.trials import Trial
from adapters.fitting.words import WORDS
from nurture.definitions import AttributeItem, BehaviourItem

_STYLES = {"card": "s0", "current": "s1", "single": "s2", "recency": "s3", "regression": "s4", "boosting": "s5"}


def report_of(
    study: Study,
    table: str,
    problems: Sequence[str],
    *,
    language: str = "en",
    said_of: Callable[[AttributeItem | BehaviourItem], str] = lambda item: str(item.when),
) -> str:
    """The page, in English or Japanese; `table`: the name of the file, `problems`: what was wrong with its rows.

    `said_of` puts into words when an item gives points.
    """
    words = WORDS[language]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("report.html.jinja").render(
        language=language,
        w=words,
        study=study,
        said_of=said_of,
        table=table,
        problems=problems,
        notes=[each.within(language) for each in study.notes],
        warnings=[each.within(language) for each in study.warnings],
        chosen=next(each for each in study.steps if each.threshold == study.threshold),
        steps=_some(study),
        items=_items(study, words),
        distribution=_distribution(study, words),
        trials=[
            {
                "trial": trial,
                "roc": _roc(trial, words),
                "gains": _gains(trial, study.share, words),
                "calibration": _calibration(trial.reliability, words),
            }
            for trial in study.trials
        ],
    )


def _some(study: Study) -> list[object]:
    """At most a dozen thresholds, the chosen one among them."""
    every = max(1, len(study.steps) // 11)
    return [each for index, each in enumerate(study.steps) if not index % every or each.threshold == study.threshold]


def _items(study: Study, words: dict[str, str]) -> str:
    rows = [
        Row(
            f"{each.item.points:+d}  {each.item.item}", each.rate.value, each.rate.low, each.rate.high,
            f"{each.item.when}: {each.wins} / {each.leads}",
        )
        for each in study.evidence
    ]  # fmt: skip
    return intervals(words["items_plot"], rows, study.wins / study.leads, words["mean"])


def _distribution(study: Study, words: dict[str, str]) -> str:
    won = study.sample.won
    bands = (study.scores // 5 * 5).astype(int)
    lowest, highest = int(bands.min()), int(bands.max()) + 5
    shares: dict[bool, list[tuple[float, float]]] = {}
    for side in (False, True):
        values, counts = np.unique(bands[won == side], return_counts=True)
        shares[side] = list(zip(values.astype(float).tolist(), (counts / counts.sum()).tolist(), strict=True))
    top = max((share for several in shares.values() for _, share in several), default=1.0) * 1.1
    plot = Plot(words["distribution"], words["score"], words["share"], highest, top, per_cent=False, left=lowest)
    plot.bars([(value + 0.3, value + 2.5, share) for value, share in shares[False]], "f3", words["lost"])
    plot.bars([(value + 2.5, value + 4.7, share) for value, share in shares[True]], "f0", words["won"])
    plot.upright(study.threshold, f"{words['threshold']} {study.threshold}")
    return plot.svg()


def _roc(trial: Trial, words: dict[str, str]) -> str:
    plot = Plot(words["roc"], words["false"], words["true"])
    plot.line([(0, 0), (1, 1)], "even")
    for each in reversed(trial.contenders):
        plot.line(each.roc, _STYLES[each.name], f"{words[each.name]} {each.auc.value:.3f}")
    return plot.svg()


def _gains(trial: Trial, share: float, words: dict[str, str]) -> str:
    plot = Plot(words["gains"], words["handed"], words["true"])
    plot.line([(0, 0), (1, 1)], "even")
    for each in reversed(trial.contenders):
        plot.line(each.gains, _STYLES[each.name], words[each.name])
    plot.upright(share, words["capacity"])
    return plot.svg()


def _calibration(bands: Sequence[Reliability], words: dict[str, str]) -> str:
    top = min(1.0, max([each.true.high for each in bands] + [each.foretold for each in bands], default=1.0) * 1.1)
    plot = Plot(words["calibration"], words["foretold"], words["came_true"], top, top)
    plot.line([(0, 0), (top, top)], "even")
    for each in bands:
        said = f"{each.leads}: {each.foretold:.1%} → {each.true.value:.1%} ({each.true.low:.1%}–{each.true.high:.1%})"
        plot.point(each.foretold, each.true.value, each.true.low, each.true.high, said)
    return plot.svg()
