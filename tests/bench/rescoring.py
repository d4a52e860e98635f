"""Measures how long it takes to say who becomes hot by a changed model, of all leads there are.

The floor is one plain pass: one process that fetches the same rows in the same order and does nothing with them.
The server of PostgreSQL is not counted in the memory: it has what its settings give it.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from adapters.database.engine import reading
from adapters.database.foresight import hot_by
from adapters.database.rescoring import _EVERYBODY, Question, _Judge, _leads
from adapters.database.schema import leads
from adapters.scenario_folder import read_folder
from nurture.definitions import Definitions
from nurture.loading import definitions_of
from tests.bench.population import NOW
from tests.bench.stage import say

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


def definitions() -> tuple[Definitions, Definitions]:
    """The sample folder, and one in which points and threshold have changed."""
    old = read_folder(SCENARIOS)
    new = {
        **old,
        "score.yaml": old["score.yaml"].replace("points: 50", "points: 60"),
        "hot_lead.yaml": old["hot_lead.yaml"].replace("at_least: 120", "at_least: 110"),
    }
    return definitions_of(old), definitions_of(new)


def peak() -> float:
    """MiB at most: of this process, and of two others that judge, each as large as the largest ever was.

    Its own is not what `getrusage` says, which begins with what the process had that started it.
    """
    told = Path("/proc/self/status").read_text(encoding="ascii").partition("VmHWM:")[2]
    return int(told.split()[0]) / 1024 + 2 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def pass_over(conn: Connection, question: Question) -> int:
    """Fetch all that is asked for, and do nothing with it; how many events that were."""
    judge = _Judge(question)
    fetched = sum(1 for _ in judge._did(conn, _EVERYBODY))
    for _ in conn.execute(_leads(conn, _EVERYBODY)):
        pass
    return fetched


def cpu() -> float:
    """Seconds of processors so far, of this process and of those that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


def measure(engine: Engine, rounds: int) -> str:
    """Both, taking turns; the best of the rounds as a table."""
    old, new = definitions()
    rows, became = [], 0
    for _ in range(rounds):
        began = time.perf_counter()
        with reading(engine) as conn:
            fetched = pass_over(conn, Question.of(new, old, NOW))
        floor, began, worked = time.perf_counter() - began, time.perf_counter(), cpu()
        with reading(engine) as conn:
            several = conn.execute(select(func.count()).select_from(leads)).scalar_one()
            became = len(hot_by(conn, old, new, NOW).becoming)
        taken = time.perf_counter() - began
        say(f"{fetched} rows fetched in {floor:.1f} s; {several} leads judged in {taken:.1f} s, {became} become hot")
        rows.append((taken, floor, cpu() - worked))
    taken, floor, worked = min(rows)
    return (
        "| | seconds | of processors | leads/s | times the floor | MiB at most |\n|---|---|---|---|---|---|\n"
        f"| {several:,} leads, {fetched:,} events that count | {taken:.0f} | {worked:.0f} | {several / taken:,.0f} | "
        f"{taken / floor:.2f} | {peak():.0f} |\n"
    )
