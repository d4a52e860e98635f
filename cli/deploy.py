"""`nurture deploy`: makes a checked folder the current deployment and says what changed; moves no lead by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.progress import Progress
from rich.text import Text
from sqlalchemy import Connection

from adapters.database import audit, deployments
from adapters.database.desk_foresight import tasks_under
from adapters.database.engine import reading, writing
from adapters.database.foresight import HotBy, arriving, hot_by, leaving, standing, stirred
from adapters.enrolling import Enrolment, enrol
from adapters.scenario_folder import check_folder, holidays_of
from cli.agreeing import warn_of_no_agreement
from cli.backtest import foretold
from cli.check import report, summary
from cli.console import INPUT_IS_WRONG, Ended, err, out
from cli.folder import Folder
from cli.opening import Data, opened, opened_if_there
from cli.plan import say_hot, show_arriving, show_hot, show_leaving, show_past, show_standing, show_tasks, show_told
from cli.who import who
from nurture.definitions import Definitions
from nurture.loading import Loaded


def register(app: typer.Typer) -> None:
    """Add the command."""
    examples = "Examples: nurture deploy · nurture deploy scenarios --plan · nurture deploy --enroll-existing"
    app.command("deploy", epilog=examples)(deploy)


def deploy(
    directory: Folder = Path("scenarios"),
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would change, with counts.")] = False,
    enroll_existing: Annotated[
        bool, typer.Option("--enroll-existing", help="Also enrol the leads that fit the segment of an `enter` already.")
    ] = False,
    hand_over: Annotated[
        bool, typer.Option("--hand-over", help="Also hand over to sales the leads that a deployment makes hot.")
    ] = False,
) -> None:
    """Make a folder the current deployment. Nothing is deployed where it has errors.

    Running leads keep the steps of their deployment; texts, sender, sales, segments, score and hot lead definition are
    current for all at once. Whom they make hot is listed, and handed over only with --hand-over (also later).
    """
    loaded, files = check_folder(directory)
    for text in report(loaded.problems, files, directory):
        err.print(text)
    if not loaded.ok:
        read = (len(files), len(loaded.definitions.scenarios), len(loaded.definitions.templates))
        err.print(summary(loaded.problems, *read))
        err.print(Text("nothing was deployed: mend the errors first", style="bold red"))
        raise Ended(INPUT_IS_WRONG)
    if not loaded.definitions.scenarios:
        err.print(
            Text(f"there is no scenario in {directory}: is this the folder? Nothing was deployed", style="bold red")
        )
        raise Ended(INPUT_IS_WRONG)
    if plan:
        with opened_if_there() as there:
            _plan(there, loaded.definitions, files, enroll_existing=enroll_existing, hand_over=hand_over)
        return
    with opened() as data:
        put_in_place(data, loaded, files, hand_over=hand_over)
        if enroll_existing:
            _enroll_existing(data)


def _plan(
    data: Data | None, new: Definitions, files: Mapping[str, str], *, enroll_existing: bool, hand_over: bool
) -> None:
    if data is None:
        _tell_changes({}, files)
        out.print("plan: this would be the first deployment; there is no lead yet that would hear of it")
        return
    before = data.store.refresh()
    old = data.store.files(before) if before else {}
    _tell_changes(old, files)
    with reading(data.engine) as connection:
        without = deployments.stranded(connection, files)
        if without:
            _refuse(deployments.DeployRefused(without), "plan: this would be refused")
        warn_of_no_agreement(connection, data.store.current(), new)
        show_standing(standing(connection, data.store, new))
        show_arriving(arriving(connection, new, data.clock.now()), enroll=enroll_existing)
        hot = _hot_by(data, connection, new)
        show_hot(hot.becoming, hot.held, hand_over=hand_over)
        show_leaving(leaving(connection, data.store, data.store.current(), new, data.clock.now()))
        if old == files and set(holidays_of(new, datetime.now(UTC).year)) == data.store.current().holidays:
            out.print("plan: no file differs from the current deployment: deploying would do nothing")
        else:
            show_told(len({*deployments.affected(connection), *hot.becoming}), stirred(connection))
            show_tasks(tasks_under(connection, new, data.clock.now()), before="plan: ")
    show_past(foretold(data, new))


def _hot_by(data: Data, connection: Connection, new: Definitions) -> HotBy:
    """Whom the new files make hot, with a progress bar: every lead is looked at."""
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("judging leads", total=None)

        def tell(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of)

        return hot_by(connection, data.store.current(), new, data.clock.now(), tell)


def put_in_place(data: Data, loaded: Loaded, files: Mapping[str, str], *, hand_over: bool = False) -> None:
    """Deploy checked files and say what changed and who hears of it; ends with 1 where leads would lack something.

    Whom it makes hot is listed; with `hand_over` they go to sales, and with them those of earlier deployments.
    """
    before = data.store.refresh()
    old = data.store.files(before) if before else {}
    real_now, now = datetime.now(UTC), data.clock.now()
    with reading(data.engine) as connection:
        warn_of_no_agreement(connection, data.store.current(), loaded.definitions)
        hot = _hot_by(data, connection, loaded.definitions)
        tasks = tasks_under(connection, loaded.definitions, now)
    try:
        with writing(data.engine) as connection:
            deployments.number_before(connection, data.store)
            made = deployments.deploy(
                connection,
                files,
                holidays_of(loaded.definitions, real_now.year),
                by=who(),
                now=now,
                real_now=real_now,
                hot=hot.becoming,
                hand_over=hand_over,
            )
            if hand_over:
                deployments.release(connection, hot.held, now)
                _note_handed_over(connection, made, hot, now)
    except deployments.DeployRefused as refused:
        _refuse(refused, "nothing was deployed")
    if made.created:
        out.print(Text(f"deployment {made.number} is current", style="bold green"))
        _tell_changes(old, files)
        out.print(f"{made.told} lead(s) hear of it")
        show_tasks(tasks)
        say_hot(hot.becoming, hand_over=hand_over)
    else:
        out.print(f"deployment {made.number} is current already: nothing changed")
    if hand_over and hot.held:
        out.print(f"{len(hot.held)} lead(s) that were hot already and with nobody are handed over")
    warnings = sum(problem.severity == "warning" for problem in loaded.problems)
    if warnings:
        out.print(Text(f"{warnings} warning(s), see above", style="yellow"))


def _note_handed_over(connection: Connection, made: deployments.Deployment, hot: HotBy, now: datetime) -> None:
    handed_over = len(hot.held) + (len(hot.becoming) if made.created else 0)
    if handed_over:
        audit.note(connection, "hand_over", str(made.number), at=now, details={"leads": handed_over})


def _refuse(refused: deployments.DeployRefused, what: str) -> NoReturn:
    """Say which running scenario would lack what, at its place in the older files, and for how many leads."""
    for each in refused.stranded:
        err.print(Text(f"{each.leads} lead(s) in {each.scenario} of deployment {each.deployment}:", style="bold"))
        for text in report(each.problems, each.files):
            err.print(text)
    err.print(Text(f"{what}: {refused.do}", style="bold red"))
    raise Ended(INPUT_IS_WRONG)


def _tell_changes(old: Mapping[str, str], new: Mapping[str, str]) -> None:
    changes = (
        ("added", "green", sorted(set(new) - set(old))),
        ("changed", "yellow", sorted(name for name in set(new) & set(old) if new[name] != old[name])),
        ("removed", "red", sorted(set(old) - set(new))),
    )
    for word, style, names in changes:
        for name in names:
            out.print(Text(f"  {word:8} {name}", style=style))
    if not any(names for _, _, names in changes):
        out.print("  no file differs")


def _enroll_existing(data: Data) -> None:
    data.store.refresh()
    definitions = data.store.current()
    with reading(data.engine) as connection:
        found = arriving(connection, definitions, data.clock.now())
    show_arriving(found, enroll=True)
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("enrolling", total=sum(len(each.leads) for each in found))
        done = 0
        for each in found:
            begun = done

            def tell(decided: int, begun: int = begun) -> None:
                progress.update(task, completed=begun + decided)

            made = enrol(data.engine, definitions, each.scenario, each.leads, now=data.clock.now, progress=tell)
            done += len(each.leads)
            if each.leads:
                _note_enrolled(data, each.scenario, made)
            out.print(
                f"{each.scenario}: {len(made.enrolled)} enrolled, {len(made.queued)} queued, "
                f"{len(made.refused)} refused (each on its lead's timeline)"
            )


def _note_enrolled(data: Data, scenario: str, made: Enrolment) -> None:
    details = {"enrolled": len(made.enrolled), "queued": len(made.queued), "refused": len(made.refused)}
    with writing(data.engine) as connection:
        audit.note(connection, "enrol", scenario, at=data.clock.now(), details=details)
