"""Lets 300 leads walk the shipped scenario under each trouble, and writes the table to docs/reliability.md.

    python -m tests.e2e.faults sqlite
    python -m tests.e2e.faults postgresql --troubles drop kills --leads 100 --dry
    python -m tests.e2e.faults sqlite --keep runs

A run without any trouble comes first, and every other is compared with it. Each has a home and a database of its own.
With `--keep` what came out of each run stays in a folder, and what is there is not run again: these are hours.
The exit code is 1 where anything did not hold; the table is written all the same, and says so.
"""

from __future__ import annotations

import argparse
import pickle
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from adapters.database.engine import open_database
from tests.bench.report import write
from tests.bench.stage import free_port, say
from tests.databases import Databases, PostgresqlDatabases
from tests.e2e.faults import folder
from tests.e2e.faults.outcome import Outcome, few
from tests.e2e.faults.people import People
from tests.e2e.faults.run import Told, Trouble, run
from tests.e2e.faults.troubles import NONE, TROUBLES
from tests.e2e.whole import ROOT, Whole
from tests.postgresql import DURABLE, PostgresqlServer

PAGE = ROOT / "docs" / "reliability.md"
ENTER_WITHIN = 45.0
PATIENCE = 1800.0
HEAD = (
    "| trouble | what was done | struck | mails | most for one key | unknown | acknowledged, not applied once "
    "| paths and scores that differ |\n|---|---|---|---|---|---|---|---|"
)


def perform(trouble: Trouble, database: Callable[[Path], str], leads: int) -> tuple[Outcome, Told]:
    """One run in a home of its own."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nurture-faults-")))
        home = scratch / "home"
        home.mkdir()
        nurture = Whole(home, (free_port(), free_port(), free_port()), database(home), speed=trouble.speed)
        stack.callback(lambda: nurture.process and nurture.stop())  # also where it is ended before it is ready
        nurture.start()
        deployed = nurture.run("deploy", str(folder.write(scratch / "scenarios")))
        if deployed.returncode:
            raise SystemExit(deployed.stderr)
        engine = open_database(nurture.database_url)
        stack.callback(engine.dispose)
        people = People("person", leads)
        return run(nurture, engine, people, trouble, enter_within=ENTER_WITHIN, patience=PATIENCE, say=say)


def kept(path: Path | None, run_now: Callable[[], tuple[Outcome, Told]]) -> tuple[Outcome, Told]:
    """What an earlier call left at the path, else what comes out now, left there."""
    if path is not None and path.exists():
        found: tuple[Outcome, Told] = pickle.loads(path.read_bytes())  # noqa: S301 - written below
        return found
    found = run_now()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(found))
    return found


def row(trouble: Trouble, found: Outcome, told: Told, different: list[str]) -> str:
    """One line of the table."""
    struck = [f"{name} {count}" for name, count in told.struck.items() if count]
    if any(each["fault"] == "late" for each in trouble.faults):
        struck.append(f"late {found.late}")
    if told.killed:
        struck.append(f"{told.killed} kills")
    most = max((count for person in found.people.values() for count in person.mails.values()), default=0)
    not_once = [each for each in found.wrong if "mails with the key" not in each]
    others = f" (of {len(found.people) - len(found.lost)})" if found.lost else ""
    return (
        f"| {trouble.name} | {trouble.says} | {', '.join(struck) or '–'} | {found.mails} | {most} | {found.unknown} "
        f"| {len(not_once)} | {len({each.split(':')[0] for each in different})}{others} |"
    )


def measure(asked: argparse.Namespace, database: Callable[[Path], str]) -> bool:
    """All troubles asked for; whether everything held."""
    wanted = [each for each in TROUBLES if not asked.troubles or each.name in asked.troubles]
    calm: Outcome | None = None
    rows, good, seconds = [], True, 0.0
    for trouble in (NONE, *wanted):
        say(f"{asked.kind}, {trouble.name}: {trouble.says}")
        path = asked.keep and asked.keep / f"{asked.kind}, {asked.leads} leads, {trouble.name}.pickle"
        found, told = kept(path, lambda trouble=trouble: perform(trouble, database, asked.leads))  # type: ignore[misc]
        calm = calm or found
        different = found.differs_from(calm)
        seconds += told.seconds
        rows.append(row(trouble, found, told, different))
        say(f"{rows[-1]} {told.seconds:.0f} s")
        for wrong in (found.wrong, different):
            if wrong:
                good = False
                say(few(wrong))
    if not asked.dry:
        how = f"{asked.leads} leads, a day in 12 s (24 s with kills), {len(rows)} runs in {seconds / 60:.0f} minutes"
        say(f"written to {write('faults', asked.kind, how, HEAD + chr(10) + chr(10).join(rows) + chr(10), PAGE)}")
    return good


def main() -> int:
    """Run what was asked for; the exit code."""
    say_how = argparse.ArgumentParser(
        prog="python -m tests.e2e.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    say_how.add_argument("kind", choices=("sqlite", "postgresql"))
    say_how.add_argument(
        "--troubles", nargs="+", choices=[each.name for each in TROUBLES], metavar="NAME",
        help=f"default: all of {', '.join(each.name for each in TROUBLES)}",
    )  # fmt: skip
    say_how.add_argument("--leads", type=int, default=300)
    say_how.add_argument("--dry", action="store_true", help="write nothing into docs/reliability.md")
    say_how.add_argument("--keep", type=Path, metavar="FOLDER", help="take up what is there, and add to it")
    asked = say_how.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before it was done"))  # what was started is stopped
    if asked.kind == "sqlite":
        return 0 if measure(asked, lambda home: f"sqlite:///{home / 'nurture.db'}") else 1
    with PostgresqlServer(free_port(), DURABLE) as server:
        databases: Databases = PostgresqlDatabases(server)
        return 0 if measure(asked, databases.empty) else 1


if __name__ == "__main__":
    sys.exit(main())
