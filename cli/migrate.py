"""`nurture migrate`: moves the leads that walk a scenario of one deployment to another; each at its own workflow."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table
from rich.text import Text
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError

from adapters.database import audit
from adapters.database.engine import reading, writing
from adapters.database.migrating import Walker, walkers
from adapters.relay import connected
from cli.console import INPUT_IS_WRONG, Ended, err, out
from cli.opening import Data, opened
from nurture import protocol
from nurture.definitions import Scenario
from nurture.errors import NurtureError, UnknownName

AT_ONCE = 16


def register(app: typer.Typer) -> None:
    """Add the command."""
    examples = (
        "Examples: nurture migrate seminar_to_demo --from 2 --to 3 --plan · "
        "nurture migrate seminar_to_demo --from 2 --to 3 --map seminar_reminder=seminar_invite"
    )
    app.command("migrate", epilog=examples)(migrate)


def migrate(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario whose leads are moved.")],
    from_: Annotated[int, typer.Option("--from", metavar="N", help="The deployment they walk in.")],
    to: Annotated[int, typer.Option("--to", metavar="M", help="The deployment to go on in.")],
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="OLD=NEW", help="A step and its new name; may be repeated.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say who would go where, with counts.")] = False,
) -> None:
    """Let running leads go on in another deployment. Nobody arrives anywhere, no mail is repeated.

    A step that is not mapped keeps its name; a lead whose step does not exist there stays where it is and is listed.
    Time that has passed counts against the new timeout. Running it again moves whoever is left.
    """
    with opened() as data:
        old, new = _scenario(data, scenario, from_), _scenario(data, scenario, to)
        names = _names(map_ or [], old, new)
        with reading(data.engine) as connection:
            found = walkers(connection, old, new, from_, names)
        going, staying = [each for each in found if each.to], [each for each in found if not each.to]
        out.print(_counts(found))
        for each in staying:
            err.print(Text(f"{each.lead} stays in deployment {from_}: {each.step!r} is not in {to}", style="yellow"))
        if plan:
            out.print(f"plan: {len(going)} lead(s) would go on in deployment {to}, {len(staying)} stay in {from_}")
            return
        failed = asyncio.run(_move(data, going, to))
        with reading(data.engine) as connection:
            left = len(walkers(connection, old, new, from_, names))
        details = {"from": from_, "to": to, "moved": len(found) - left, "left": left}
        if details["moved"]:
            with writing(data.engine) as connection:
                audit.note(connection, "migrate", scenario, at=data.clock.now(), details=details)
    out.print(f"{len(found) - left} lead(s) moved to deployment {to}; {left} of {len(found)} are left in {from_}")
    for lead, why in failed:
        err.print(Text(f"{lead}: {why}", style="red"))
    if failed:
        raise Ended(INPUT_IS_WRONG)


def _scenario(data: Data, name: str, number: int) -> Scenario:
    if number not in data.store.numbers():
        raise UnknownName("deployment", str(number), map(str, data.store.numbers()))
    known = data.store.get(number).scenarios
    if name not in known:
        raise UnknownName("scenario", name, known, where=f"deployment {number}")
    return known[name]


def _names(given: Sequence[str], old: Scenario, new: Scenario) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for each in given:
        before, equals, after = each.partition("=")
        if not equals:
            raise NurtureError(f"--map {each!r} cannot be read", do="write --map old_step=new_step")
        if before not in old.steps:
            raise UnknownName("step", before, old.steps, where="--map, left")
        if after not in new.steps:
            raise UnknownName("step", after, new.steps, where="--map, right")
        found[before] = after
    return found


def _counts(found: Sequence[Walker]) -> Table | str:
    if not found:
        return "nobody walks it there"
    table = Table("from step", "to step", "leads", box=None)
    for (step, to), number in sorted(Counter((each.step, each.to or "(stays)") for each in found).items()):
        table.add_row(step, to, str(number))
    return table


async def _move(data: Data, going: Sequence[Walker], to: int) -> list[tuple[str, str]]:
    """Ask each lead's workflow; whoever could not be moved, and why."""
    client, gate, failed = await connected(data.settings), asyncio.Semaphore(AT_ONCE), list[tuple[str, str]]()
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("moving", total=len(going))

        async def one(each: Walker) -> None:
            async with gate:
                why = await _ask(client, each, to)
            if why is not None:
                failed.append((each.lead, why))
            progress.advance(task)

        await asyncio.gather(*(one(each) for each in going))
    return sorted(failed)


async def _ask(client: Client, each: Walker, to: int) -> str | None:
    asked = {"deployment": to, "step": each.to}
    handle = client.get_workflow_handle(protocol.lead_workflow_id(each.lead))
    try:
        await handle.execute_update("migrate", asked)
    except WorkflowUpdateFailedError as error:
        return str(error.cause)
    except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        return f"its workflow does not answer: {error}"
    return None
