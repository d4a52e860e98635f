"""What `nurture check` finds in definitions that can be read: one module per kind of mistake."""

from __future__ import annotations

from nurture.checks.attributes import check_attributes
from nurture.checks.companions import check_companions
from nurture.checks.cycles import check_cycles
from nurture.checks.desk import check_desk
from nurture.checks.findings import Findings
from nurture.checks.hot_lead import check_hot_lead
from nurture.checks.lawful import check_lawful
from nurture.checks.names import check_names
from nurture.checks.segments import check_segments
from nurture.checks.simplicity import check_simplicity
from nurture.checks.spans import check_spans
from nurture.checks.steps import check_steps
from nurture.errors import Problem
from nurture.folder import Folder

__all__ = ["check"]


def check(folder: Folder) -> tuple[Problem, ...]:
    """Everything that is wrong with what the files mean, whatever was wrong with their form."""
    found = Findings(folder)
    check_names(found)
    check_attributes(found)
    check_steps(found)
    check_cycles(found)
    check_companions(found)
    check_segments(found)
    check_spans(found)
    check_hot_lead(found)
    check_simplicity(found)
    check_desk(found)
    check_lawful(found)
    return tuple(found.problems)
