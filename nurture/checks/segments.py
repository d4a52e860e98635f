"""Warns of segments that choose leads along one axis only: a coarse choice (section 2-1 of the article)."""

from __future__ import annotations

from nurture.axes import AXES, axes_of
from nurture.checks.findings import At, Findings
from nurture.checks.spots import spots
from nurture.conditions import InSegment


def check_segments(found: Findings) -> None:
    """Every segment that stands for itself; one that is only a part of other conditions is combined there."""
    definitions = found.folder.definitions
    entered = {scenario.enter.segment for scenario in definitions.scenarios.values()}
    a_part = {part.segment for spot in spots(found.folder) for _, part in spot.parts() if isinstance(part, InSegment)}
    for name, segment in definitions.segments.items():
        at = At("segments.yaml").key(name)
        if name in a_part - entered or not found.folder.sound("segments.yaml", (name,)):
            continue
        axes = axes_of(segment.when, definitions)
        if len(axes) == 1:
            others = ", ".join(axis for axis in AXES if axis not in axes)
            message = f"the segment {name!r} asks along one axis only, {axes[0]}: combine it with another ({others})"
            found.warning(at, message, "one-axis")
