"""Times a segment over all four axes and what leads did, against reading every lead's row once."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import yaml
from pydantic import TypeAdapter
from sqlalchemy import Engine, Text, cast, func, select

from adapters.database.engine import reading
from adapters.database.members import fitting
from adapters.database.schema import leads
from nurture.conditions import AnyCondition, Condition
from nurture.definitions import Definitions
from nurture.membership import Membership
from tests.bench.population import NOW

CONDITION: TypeAdapter[AnyCondition] = TypeAdapter(Condition)
FOUR_AXES = """\
all:
  - {attribute: employees, at_least: 50, at_most: 1000}
  - {attribute: industry, in: [telecom, broadcasting, utilities]}
  - {attribute: region, in: [東京都, 神奈川県]}
  - {attribute: values, contains: サポート}
  - {attribute: relation, is: prospect}
  - {did: {opened: any}, within: 180d}
  - any: [{did: {visited: /pricing}}, {did: {attended: seminar}, at_least: 2}]
  - {not: {did: {requested: demo}, within: 90d}}
"""
"""Demographic, geographic, psychographic and behavioural attributes, and behaviour."""
SLEEPERS = """\
all: [{did: any}, {not: {did: any, within: 180d}}, {not: {attribute: relation, in: [customer, competitor]}}]
"""
"""The dormant leads of the sample folder: what everybody did is looked at."""


CONDITIONS = {"four axes and behaviour": FOUR_AXES, "behaviour of all": SLEEPERS}


def measure(engine: Engine) -> str:
    """A table of figures, one line for each condition."""
    floor, count = timed(lambda: _every_row(engine))
    lines = [
        "| segment | fitting | seconds | reading every lead, seconds | ratio | memory, MiB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, written in CONDITIONS.items():
        asked = Membership.of(CONDITION.validate_python(yaml.safe_load(written)), Definitions())

        def ask(asked: Membership = asked) -> int:
            with reading(engine) as conn:
                return len(fitting(conn, asked, NOW))

        seconds, fit = timed(ask)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        lines.append(
            f"| {name} | {fit} of {count} | {seconds:.1f} | {floor:.1f} | {seconds / floor:.1f} | {peak:.0f} |"
        )
    return "\n".join(lines) + "\n"


def timed(act: Callable[[], int]) -> tuple[float, int]:
    """Seconds, and what it gave."""
    began = time.perf_counter()
    found = act()
    return time.perf_counter() - began, found


def _every_row(engine: Engine) -> int:
    """How many leads there are, told by a question that has to read what is known of each."""
    with reading(engine) as conn:
        known = func.length(cast(leads.c.attributes, Text))
        count: int = conn.execute(select(func.count(), func.sum(known)).where(leads.c.status != "erased")).one()[0]
        return count
