"""`nurture mail`: which mail is stopped and why, and letting it go again; refuses to decide when mail stops."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer
from rich.text import Text

from adapters.database import mail_stops
from adapters.database import sends as ledger
from adapters.database.engine import reading, writing
from adapters.database.gauges import held_mails
from adapters.database.pages import shown
from adapters.database.schema import holds
from cli.console import out
from cli.opening import opened
from cli.who import who
from nurture.errors import NurtureError

_EXAMPLES = (
    "Examples: nurture mail stops · nurture mail resume seminar_to_demo · nurture mail resume --domain example.com"
)
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="`json` for other programs.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(name="mail", help="Which mail is stopped, and letting it go again.", no_args_is_help=True)
    group.command("stops", epilog="Example: nurture mail stops")(stops)
    group.command("resume", epilog=_EXAMPLES)(resume)
    app.add_typer(group, epilog=_EXAMPLES)


def stops(format: Format = "text") -> None:
    """What stops mail now, or is about to: spam reports, dead addresses, domains that turn it away, the provider."""
    with opened() as data, reading(data.engine) as conn:
        now = data.clock.now()
        found = [each for each in mail_stops.listed(conn) if each.holds(now) or each.state == "warned"]
        hold = conn.execute(holds.select().where(holds.c.name == ledger.HOLD)).first()
        waiting = held_mails(conn)
    if format == "json":
        told: list[dict[str, Any]] = [
            {"scope": each.scope, "name": each.name or None, "state": each.state, "since": shown(each.since),
             "until": shown(each.until), "reason": each.reason}
            for each in found
        ]  # fmt: skip
        provider = None if hold is None else {"since": shown(hold.since_real), "reason": hold.reason}
        typer.echo(json.dumps({"stops": told, "provider": provider, "mails": waiting}, ensure_ascii=False, indent=2))
        return
    if hold is not None:
        out.print(Text(f"the provider takes no mail: {hold.reason} (goes on by itself)", style="red"))
    if not found:
        out.print("no mail is stopped" if hold is None else "nothing else is stopped")
        return
    for each in found:
        style = "red" if each.state == "stopped" else "yellow"
        until = "somebody resumes it" if each.until is None else _at(each.until)
        ends = f" until {until}" if each.state == "stopped" else ""
        what = Text.assemble((_whose(each.scope, each.name), "bold"), "  ", (each.state, style))
        out.print(what.append(f" since {_at(each.since)}{ends}"))
        out.print(Text(f"  {each.reason}"))
    out.print(Text(f"{waiting} mail(s) wait; mend the cause, then: nurture mail resume SCENARIO | --all | --domain D"))


def resume(
    scenario: Annotated[str | None, typer.Argument(metavar="SCENARIO", help="Whose mail goes again.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="The stop of all mail.")] = False,
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="DOMAIN", help="Mail to a domain that turned it away.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who decides it; default: who is here.")
    ] = None,
) -> None:
    """Let stopped mail go again, each at its next allowed time. Counting begins anew; the audit says who did it."""
    if (scenario is not None) + all_ + (domain is not None) != 1:
        raise NurtureError(
            "say one thing that is to go again", do="nurture mail resume SCENARIO, or --all, or --domain D"
        )
    scope: mail_stops.Scope = "all" if all_ else "domain" if domain is not None else "scenario"
    name = (domain or "").strip().lower() or scenario or ""
    with opened() as data, writing(data.engine) as conn:
        stop = mail_stops.resume(conn, scope, name, now=data.clock.now(), by=by or who())
        left = [each for each in mail_stops.listed(conn) if each.scope == "all" and each.holds(data.clock.now())]
    out.print(Text(f"{_whose(scope, name)} goes again; it was stopped: {stop.reason}"))
    if left:
        out.print(Text("but all mail is still stopped: nurture mail resume --all", style="yellow"))
        return
    out.print("waiting mails are tried within ten minutes, in their window and under the cap")


def _whose(scope: str, name: str) -> str:
    return {"all": "all mail", "scenario": f"mail of {name}"}.get(scope, f"mail to {name}")


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
