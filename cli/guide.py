"""`nurture guide`: leads a team through the five steps of the method, and shows what the data says at each.

The texts are cli/templates/guide; the figures are those of the commands for each step. Refuses to change anything, and
to let one step hide the others: what is wrong with the input of a step is said there, and by the exit code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markdown import Markdown
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from adapters.scenario_folder import check_folder
from cli import journey, segments_report
from cli.console import Ended, code_of, err, out
from cli.guide_team import Missing, Team
from cli.opening import definitions_in
from cli.pages import page
from cli.pasts import FOLDER, Columns, Events
from cli.rates import audience_in
from nurture.backtest import Backtest, Comparison, capacity_of, usually
from nurture.errors import NurtureError
from nurture.four_r import four_r
from nurture.reality_check import reality_check
from nurture.score_bands import Band, score_bands
from nurture.shares import Share, median
from nurture.simulate import walk_many
from nurture.wording.conditions import Language, language_of
from nurture.wording.four_r import worded as four_r_worded
from nurture.wording.journeys import LABELS as JOURNEY_LABELS
from nurture.wording.journeys import worded as journey_worded

WALKERS = 1000
SEED = 1
LOOK_BACK = timedelta(days=180)
DEALS = Path("history") / "deals.csv"
"""Where a folder keeps its past deals."""
SIMPLE = frozenset({"many-items", "odd-points", "many-conditions", "one-axis", "segment-out-of-reach", "out-of-reach"})
"""Rules of the check about beginning simply; the guide repeats what they say."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    examples = (
        "Examples: nurture guide · nurture guide --language en · "
        "nurture guide --step 4 --history scenarios/history/deals.csv"
    )
    app.command("guide", epilog=examples)(guide)


def guide(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of definitions.")] = FOLDER,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history",
            metavar="FILE.csv",
            help="Past deals to judge by; default: DIR/history/deals.csv where it exists, else the database.",
        ),
    ] = None,
    columns: Columns = None,
    events: Events = None,
    language: Annotated[
        Language | None, typer.Option("--language", help="`ja` or `en`; default: the language of most scenarios.")
    ] = None,
    step: Annotated[
        int | None, typer.Option("--step", metavar="N", min=1, max=5, help="Only this one of the five steps.")
    ] = None,
) -> None:
    """Segment, journey map, scenario, score, hot lead: five steps, each with what your data says about it.

    Ends with 1 where a step could not be told since its input is wrong; what is only missing yet is no error.
    """
    definitions = definitions_in(directory, may_be_empty=True)  # whom it leads begins with nothing
    deals = history or (directory / DEALS if (directory / DEALS).is_file() else None)
    team = Team(directory, definitions, deals, columns, language or language_of(definitions), events).with_table()
    if team.refused is not None and history is not None:
        raise team.refused
    source = str(deals) if deals is not None else team.labels["database"]
    code = 0
    out.print(Text(f"{team.labels['judged_by']}: {source}", style="dim"))
    wanted = STEPS if step is None else STEPS[step - 1 : step]
    for number, figures in wanted:
        if step is None and number > 1 and not _goes_on(team):
            break
        code = max(code, _tell(team, number, figures))
    else:
        if step in (None, len(STEPS)):
            _tell_simple(team)
    if code:
        raise Ended(code)


def _goes_on(team: Team) -> bool:
    """Wait for the reader at a terminal; elsewhere everything is told at once."""
    if not (sys.stdin.isatty() and out.is_terminal):
        return True
    out.print()
    return out.input(Text(team.labels["next"], style="dim")).strip().lower() not in ("q", "quit")


def _tell(team: Team, number: int, figures: Callable[[Team], None]) -> int:
    """One step; the exit code of what was wrong with its input, else 0."""
    scenario, code = team.scenario, 0
    shown: dict[str, Any] = {"leads": WALKERS, "lead": "lead_001", "backtest": team.backtest}
    shown["scenario"] = scenario.scenario if scenario else "SCENARIO"
    before, _, after = page(f"guide/{number}.{team.language}.md", team.language, **shown).partition("\n---\n")
    out.print()
    out.print(Markdown(before))
    out.print()
    try:
        figures(team)
    except NurtureError as error:  # the other steps have something to say all the same
        out.print(Text(str(error), style="yellow"))
        code = 0 if isinstance(error, Missing) else code_of(error)
    out.print()
    out.print(Markdown(after))
    return code


def _segments(team: Team) -> None:
    if not team.definitions.segments:
        raise Missing(team.labels["no_segment"])
    with team.pasts() as pasts:
        found = four_r(pasts.leads, pasts.definitions, pasts.now)
    segments_report.tell(four_r_worded(found, team.words))


def _journey(team: Team) -> None:
    if team.definitions.journey_map is None:
        raise Missing(team.labels["no_map"])
    with team.pasts() as pasts:
        found = reality_check(pasts.leads, pasts.definitions, pasts.now)
    if found is not None:
        journey.tell_check(journey_worded(found, team.words), JOURNEY_LABELS[team.language])


def _scenario(team: Team) -> None:
    """Where many leads would end, and the steps on which they do."""
    scenario, file = team.scenario, team.folder / "audience.yaml"
    if scenario is None:
        raise Missing(team.labels["no_scenario"])
    if not file.exists():
        raise Missing(team.labels["no_audience"])
    audience = audience_in(file, "save it as a text file in UTF-8")
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("walking", total=WALKERS)
        forecast = walk_many(
            team.definitions, scenario.scenario, audience, WALKERS, seed=SEED, now=datetime.now(UTC),
            progress=lambda done: progress.update(task, completed=done),
        )  # fmt: skip
    table = Table(title=Text(scenario.title or scenario.scenario), title_justify="left", box=None, pad_edge=False)
    table.add_column(team.labels["end"])
    table.add_column(team.labels["share"], justify="right")
    table.add_column(team.labels["days"], justify="right")
    for word, number in forecast.ends.most_common():
        days = forecast.days.get(word, [])
        said = word.replace("step:", team.labels["still_at"])
        table.add_row(
            Text(said), f"{100 * number / forecast.leads:.1f} %", f"{days[len(days) // 2]:.0f}" if days else ""
        )
    out.print(table)
    mails = sum(forecast.mails.values()) / forecast.leads
    out.print(Text(team.labels["mails"].format(mails=mails), style="dim"))


def _score(team: Team) -> None:
    """Points against results, highest first."""
    with team.pasts() as pasts:
        bands = score_bands(pasts.leads, pasts.definitions, pasts.now)
    if not bands:
        raise Missing(team.labels["no_result"])
    table = Table(box=None, pad_edge=False)
    for name in ("points", "deals", "won", "interval", ""):
        table.add_column(team.labels[name] if name else "", justify="right" if name else "left")
    digits = _digits(bands)
    for band in bands:
        low, high = f"{band.low:.{digits}f}", f"{band.high:.{digits}f}"
        points = f"{low}–{high}" if low != high else low
        sure = f"{100 * band.won.low:.0f}–{100 * band.won.high:.0f} %"
        broken = Text(team.labels["out_of_order"] if band.out_of_order else "", style="yellow")
        table.add_row(points, str(band.won.of), _percent(band.won), sure, broken)
    out.print(table)
    score = team.definitions.score
    said = team.labels["items"].format(attributes=len(score.attributes), behaviours=len(score.behaviours))
    out.print(Text(said, style="dim"))


def _digits(bands: Sequence[Band]) -> int:
    """How many decimals part the bands, of which the highest stands first: none in a card of round points."""
    pairs = tuple(pairwise(bands))
    return next((each for each in (0, 1) if all(round(up.low, each) > round(low.high, each) for up, low in pairs)), 2)


def _percent(share: Share) -> str:
    return f"{100 * share.value:.0f} %" if share.of else "–"


def _hot(team: Team) -> None:
    """The definition in words, who agreed to it, and what it would have done."""
    hot = team.definitions.hot_lead
    if hot is None:
        raise Missing(team.labels["no_hot"])
    for rule in hot.any or ():
        out.print(Text(f"・{team.words.condition(rule)}"))
    for rule in hot.all or ():
        out.print(Text(f"+ {team.words.condition(rule)}"))
    for rule in hot.not_:
        out.print(Text(f"− {team.words.condition(rule)}"))
    agreed = hot.agreed
    said = team.labels["agreed"].format(date=agreed.date, by=", ".join(agreed.by)) if agreed else team.labels["nobody"]
    out.print(Text(said, style="dim" if agreed else "yellow"))
    out.print()
    found = _backtest(team)
    limit = capacity_of(team.definitions.sales, (), hot.queue)
    ahead = median(each.ahead for each in found.won if each.ahead is not None)
    say = team.labels
    room = ""
    if limit is not None:
        room = say["at_least" if limit.at_least else "capacity"].format(limit=limit.per_week)
    rows = [
        (say["per_week"], f"{found.hot / found.span:.1f}", room),
        (say["hot_won"], _percent(found.rate), say["all_won"].format(all=_percent(found.base))),
        (say["found"], f"{len(found.won) - len(found.missed)} / {len(found.won)}",
         say["ahead"].format(days=ahead / timedelta(days=1)) if ahead is not None else ""),
    ]  # fmt: skip
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, figure, beside in rows:
        table.add_row(Text(name), Text(figure, style="bold"), Text(beside, style="dim"))
    out.print(table)
    if not found.hot:
        out.print(Text(say["nobody_hot"].format(backtest=team.backtest), style="yellow"))


def _backtest(team: Team) -> Backtest:
    """What today's definition would have done in the last half year that is known."""
    with team.pasts() as pasts:
        compared = Comparison(pasts.definitions, None, pasts.now - LOOK_BACK, pasts.now, usually(()))
        several = [(lead, compared.case(lead)) for lead in pasts.leads]
    return compared.summed([case for _, case in several if case is not None], len(several))


def _tell_simple(team: Team) -> None:
    """What the check has to say about beginning simply."""
    loaded, _ = check_folder(team.folder)
    several = [problem for problem in loaded.problems if problem.rule in SIMPLE]
    out.print()
    if not several:
        out.print(Text(team.labels["simple"], style="green"))
    for problem in several:
        out.print(Text(str(problem), style="yellow"))


STEPS: tuple[tuple[int, Callable[[Team], None]], ...] = (
    (1, _segments), (2, _journey), (3, _scenario), (4, _score), (5, _hot),
)  # fmt: skip
"""The five steps of the article's section 5, in its order."""
