"""Warns of scenarios that take leads in by a segment along one axis: a coarse choice (section 2-1 of the article)."""

from __future__ import annotations

from nurture.axes import AXES, axes_of
from nurture.checks.findings import At, Findings


def check_segments(found: Findings) -> None:
    """Every segment that leads into a scenario; one that is only asked about elsewhere is combined there."""
    definitions = found.folder.definitions
    if found.folder.names("attributes") is None:
        return  # the axes of attributes that cannot be read are not known
    entered = {scenario.enter.segment for scenario in definitions.scenarios.values()}
    for name, segment in definitions.segments.items():
        if name not in entered or not found.folder.sound("segments.yaml", (name,)):
            continue
        axes = axes_of(segment.when, definitions)
        if len(axes) == 1:
            others = ", ".join(axis for axis in AXES if axis not in axes)
            message = f"the segment {name!r} asks along one axis only, {axes[0]}: combine it with another ({others})"
            found.warning(At("segments.yaml").key(name), message, "one-axis")
