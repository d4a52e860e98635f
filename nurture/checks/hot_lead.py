"""Finds rules of the hot lead definition that no lead can ever meet.

A rule is split into its alternatives (segments and phases are replaced by what they mean), and each alternative is
asked three things: does anything produce the events, is there a lead with these attributes, are the points enough?
Where something cannot be told, it is taken to be possible: what is reported is certainly out of reach.
"""

from __future__ import annotations

from datetime import date

from nurture.checks.clauses import every, split
from nurture.checks.findings import At, Findings
from nurture.checks.reach import Reach
from nurture.conditions import AnyCondition
from nurture.definitions import HotLead
from nurture.folder import Folder


def check_hot_lead(found: Findings) -> None:
    """The hot lead definition against score, journey map, segments, scenarios, forms and events."""
    hot = found.folder.definitions.hot_lead
    if hot is not None:
        _agreed(found, hot)
    if hot is None or not _readable(found.folder):
        return
    reach = Reach(found.folder)
    at = At("hot_lead.yaml")
    if hot.any is None:
        _rule(found, reach, at.key("all"), hot, ())
    for index, rule in enumerate(hot.any or ()):
        _rule(found, reach, at.to("any", index), hot, (rule,))


def _agreed(found: Findings, hot: HotLead) -> None:
    """The day of the agreement: one of the calendar. The model takes any, since deployments are stored with others."""
    at = At("hot_lead.yaml", ("agreed", "date"))
    if hot.agreed is None or not found.folder.sound(at.file, at.path):
        return
    try:
        date.fromisoformat(hot.agreed.date)
    except ValueError:
        found.error(at, f"the calendar has no {hot.agreed.date}: write a day such as 2026-11-01", "wrong-value")


def _readable(folder: Folder) -> bool:
    """False where a file that the definition builds on has mistakes of its own."""
    needed = ("hot_lead", "score", "journey_map", "segments", "attributes", "events", "forms")
    sources = [folder.sources[f"{kind}.yaml"] for kind in needed if folder.present(kind)]
    return all(source.model is not None and not source.damaged for source in sources)


def _rule(found: Findings, reach: Reach, at: At, hot: HotLead, rule: tuple[AnyCondition, ...]) -> None:
    definitions = found.folder.definitions
    clauses = every(
        [*(split(part, definitions) for part in (*rule, *(hot.all or ()))),
         *(split(part, definitions, wanted=False) for part in hot.not_)]
    )  # fmt: skip
    if clauses is None:
        return
    reasons = []
    for clause in clauses:
        reason = reach.why_not(clause)
        if reason is None:
            return
        reasons.append(reason)
    what = f"`{rule[0]}`" if rule else "the definition"
    why = reasons[0] if reasons else "it holds for no lead"
    found.error(at, f"no lead can become hot by {what}: {why}", "hot-out-of-reach")
