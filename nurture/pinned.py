"""Says what a running scenario would lack under other files; refuses to know who runs in it.

The steps of an enrolment stay those of its deployment, but what they name (templates, segments, attributes, queues) is
always current: a deployment that takes such a name away, or gives it another type, would leave leads standing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nurture.errors import Problem
from nurture.loading import load

_BESIDE = "the pinned scenario.yaml"
"""Its name among the new files: one that none of them has."""


def lacking(pinned: Mapping[str, str], scenario: str, files: Mapping[str, str]) -> tuple[Problem, ...]:
    """What is wrong with a scenario of the files `pinned` once everything else is as in `files`.

    The check of the new folder is asked about it, so that one rule decides; what was wrong with it before is left out.
    Nothing is lacking where the pinned files do not have that scenario.
    """
    old = load(pinned)
    file = old.folder.scenario_files.get(scenario)
    if file is None:
        return ()
    own = load(files).folder.scenario_files.get(scenario)
    mixed = {name: text for name, text in files.items() if name != own}
    known = {(each.message, each.rule) for each in old.problems if each.file == file}
    return tuple(
        replace(each, file=file)
        for each in load({**mixed, _BESIDE: pinned[file]}).problems
        if each.file == _BESIDE and each.severity == "error" and (each.message, each.rule) not in known
    )
