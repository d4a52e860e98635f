"""Tells the path of a simulated lead, or the forecast of many, as tables or as data; refuses to walk anybody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from cli.console import out
from nurture.records import Line
from nurture.simulate import Forecast, Path, SimulatedEvent

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T[0-9:.]+\+00:00")
_STYLES = {"mail": "blue", "event": "magenta", "finished": "bold green", "entered": "bold"}


def tell_path(
    scenario: str, lead: str, path: Path, events: Sequence[SimulatedEvent], *, start: datetime, zone: str
) -> None:
    """Everything that happened, by time, and how it ended."""
    table = Table(title=f"{scenario}: {lead}", title_justify="left", box=None, pad_edge=False)
    for name, justify in (("when", "left"), ("day", "right"), ("step", "left"), ("what", "left"), ("", "left")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    rows = [(line.at, 2, _step(line), line.what, _about(line, ZoneInfo(zone))) for line in path.lines]
    rows += [(mail.at, 1, f"{mail.step} ({mail.visit})", "mail", mail.template) for mail in path.mails]
    rows += [
        (event.at, 0, "", "event", f"{event.type}: {event.subject}" if event.subject else event.type)
        for event in events
        if start <= event.at <= path.until
    ]
    for at, _, step, what, about in _in_order(rows):
        local = at.astimezone(ZoneInfo(zone))
        days = (at - start) / timedelta(days=1)
        table.add_row(
            f"{local:%Y-%m-%d %a %H:%M}",
            f"{days:.1f}",
            Text(step),
            Text(what, style=_STYLES.get(what, "")),
            Text(about),
        )
    out.print(table)
    mails = f"{len(path.mails)} mail(s), times in {zone}"
    if path.end is not None:
        out.print(Text(f"finished: {path.end} after {(path.until - start) / timedelta(days=1):.1f} days, {mails}"))
    else:
        out.print(Text(f"stands at {path.step} and waits for something that does not come by itself, {mails}"))


def _in_order(rows: list[tuple[datetime, int, str, str, str]]) -> list[tuple[datetime, int, str, str, str]]:
    """By time; lines keep their order, and what a lead does stands before what follows from it."""
    return sorted(rows, key=lambda row: (row[0], row[1] if row[1] == 0 else 1))


def _step(line: Line) -> str:
    return f"{line.step} ({line.visit})" if line.step else ""


def _about(line: Line, zone: ZoneInfo) -> str:
    reason = line.reason
    if line.what == "deferred" and reason is not None:
        reason = _INSTANT.sub(lambda at: f"{datetime.fromisoformat(at[0]).astimezone(zone):%Y-%m-%d %a %H:%M}", reason)
    target = f"→ {line.subject}" if line.subject and line.what in ("reaction", "skipped", "anywhere") else line.subject
    return " ".join(part for part in (target, f"({reason})" if reason else None) if part)


def path_data(scenario: str, lead: str, path: Path, *, start: datetime) -> dict[str, Any]:
    """The path as JSON data: `lines` and `mails` by time; `end` is null where the lead still stands at `step`."""
    kept = {"at", "kind", "what", "subject", "step", "visit", "reason"}
    return {
        "scenario": scenario,
        "lead": lead,
        "start": start.isoformat(),
        "lines": [line.model_dump(mode="json", include=kept) for line in path.lines],
        "mails": [
            {"at": mail.at.isoformat(), "template": mail.template, "step": mail.step, "visit": mail.visit}
            for mail in path.mails
        ],
        "end": path.end,
        "step": path.step,
        "until": path.until.isoformat(),
    }


def tell_forecast(scenario: str, forecast: Forecast) -> None:
    """Where they end and when, how often each step is visited, and how many mails go out."""
    ends = Table(title=f"{scenario}: {forecast.leads} leads", title_justify="left", box=None, pad_edge=False)
    ends.add_column("end")
    for name in ("leads", "%", "days (half)", "days (9 of 10)"):
        ends.add_column(name, justify="right")
    for word, number in forecast.ends.most_common():
        days = forecast.days.get(word, [])
        ends.add_row(
            Text(word.replace("step:", "still at ")),
            str(number),
            f"{100 * number / forecast.leads:.1f}",
            f"{quantile(days, 0.5):.1f}",
            f"{quantile(days, 0.9):.1f}",
        )
    out.print(ends)
    for title, counts in (("visits by step", forecast.visits), ("mails by template", forecast.mails)):
        table = Table(title=f"\n{title}", title_justify="left", box=None, pad_edge=False)
        table.add_column("name")
        table.add_column("number", justify="right")
        table.add_column("per lead", justify="right")
        for name, number in counts.most_common():
            table.add_row(Text(name), str(number), f"{number / forecast.leads:.2f}")
        out.print(table)
    out.print(f"\n{sum(forecast.mails.values())} mails in all")


def forecast_data(scenario: str, forecast: Forecast, *, seed: int, start: datetime) -> dict[str, Any]:
    """The forecast as JSON data; `ends` by finish word, `step:NAME` where leads still stand after a year."""
    return {
        "scenario": scenario,
        "leads": forecast.leads,
        "seed": seed,
        "start": start.isoformat(),
        "ends": {
            word: {
                "leads": number,
                "share": number / forecast.leads,
                "days": {
                    name: round(quantile(forecast.days.get(word, []), at), 2)
                    for name, at in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9))
                },
            }
            for word, number in forecast.ends.most_common()
        },
        "last_steps": dict(forecast.last_steps.most_common()),
        "visits": dict(forecast.visits.most_common()),
        "mails": dict(forecast.mails.most_common()),
    }


def quantile(ascending: Sequence[float], at: float) -> float:
    """The value below which the share `at` of the values lies; 0 without values."""
    if not ascending:
        return 0.0
    return ascending[min(len(ascending) - 1, int(len(ascending) * at))]
