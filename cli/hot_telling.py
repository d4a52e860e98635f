"""Tells the report of hot leads on the terminal, question by question; refuses to judge, and to find the words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.table import Table
from rich.text import Text

from cli.console import out
from nurture import calendar
from nurture.conditions import EventPattern
from nurture.definitions import Definitions
from nurture.review.advice import Advice
from nurture.review.report import Review
from nurture.review.tasks import ENOUGH, Group, Grouping, Outcomes, Verdict
from nurture.review.timing import NEVER, Spans
from nurture.shares import Share
from nurture.wording.backtests import Saying
from nurture.wording.conditions import Language, Words, rules_in
from nurture.wording.hot import ADVICE, COMPARED, LABELS, QUESTIONS, VERDICTS

MOST = 12
"""How many rows a table shows; CSV and JSON have them all."""
_STYLES: dict[Verdict, str] = {"good": "green", "fair": "", "weak": "yellow", "too_few": "dim"}
_WORDS = frozenset({"name", "verdict", "ended", "rather", "asks", "fits"})
"""Columns that hold words."""
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def tell(found: Review, definitions: Definitions, language: Language) -> None:
    """Everything, from how much there is to judge by to what stands in the way."""
    _Telling(found, definitions, language).tell()


class _Telling:
    def __init__(self, found: Review, definitions: Definitions, language: Language) -> None:
        self.found, self.definitions, self.language = found, definitions, language
        self.labels, self.zone = LABELS[language], calendar.zone_of(None, definitions)
        self._words, self._rules = Words(definitions, language), rules_in(definitions, language)
        self._saying = Saying(language, definitions)

    def tell(self) -> None:
        found = self.found
        since, now = (self._day(each) for each in (found.since, found.now))
        heading = f"{self.say('heading', since=since, now=now)} – {self.say('leads', leads=found.leads)}"
        out.print(Text(heading, style="bold"))
        if found.pace.state != "enough":
            out.print(Text(self._pace(), style="yellow"))
        if found.results.all.tasks:
            self._paths()
            self._timing()
            self._results()
            self._quality()
        self._number()
        self._thresholds()
        self._shortfall()
        out.print()
        out.print(Text(self.say("about", enough=ENOUGH), style="dim"))

    def say(self, label: str, **shown: object) -> str:
        return self.labels[label].format(**shown)

    def _pace(self) -> str:
        pace = self.found.pace
        told = {"decided": pace.decided, "needed": pace.needed, "tasks": self.found.results.all.tasks}
        if pace.until is not None:
            until = self.say("until", pace=pace.per_week, day=self._day(pace.until))
        else:
            until = self.say("never")
        return self.say(pace.state, until=until, **told)

    # --- the questions ----------------------------------------------------------------------------------------------

    def _paths(self) -> None:
        paths = self.found.paths
        self._question("paths", paths.verdict)
        for each in (paths.rules, paths.scenarios, paths.phases, paths.last):
            self._grouping(each)
        if paths.to_hot is not None:
            out.print(self.say("to_hot", span=self._span(paths.to_hot)))
        self._advise(paths.advice)

    def _timing(self) -> None:
        timing = self.found.timing
        self._question("timing", timing.verdict)
        table = self._table("span", "number", "quarter", "middle", "three_quarters")
        several = (("accept", timing.to_call), ("close", timing.to_close), ("win", timing.to_win))
        for label, spans in several:
            table.add_row(self.labels[label], f"{spans.number:,}", *self._quarters(spans))
        out.print(table)
        self._grouping(Grouping("accepted_within", False, timing.speeds))
        self._advise(timing.advice)

    def _results(self) -> None:
        results = self.found.results
        self._question("results", results.verdict)
        total = Group("", results.all, Share(results.all.tasks, results.all.tasks), results.verdict)
        self._grouping(Grouping("all", False, (total,)), whole=True)
        out.print(Text(self.say("before", share=self._share(results.before.won_rate))))
        for each in results.by:
            self._grouping(each, whole=True)
        self._advise(results.advice)

    def _quality(self) -> None:
        quality = self.found.quality
        self._question("quality", quality.verdict)
        out.print(self.say("returned_of", share=self._share(quality.returned)))
        if quality.reasons:
            table = self._table("reason", "number", "share")
            for each in quality.reasons[:MOST]:
                shown = Text(each.text) if each.text is not None else Text(self.labels["no_reason"], style="dim")
                table.add_row(shown, f"{each.share.hits:,}", self._cell(each.share))
            out.print(table)
        self._grouping(Grouping("points", False, quality.bands))
        if quality.upper.of:
            out.print(self.say("halves", lower=self._share(quality.lower), upper=self._share(quality.upper)))
        self._advise(quality.advice)

    def _number(self) -> None:
        number = self.found.number
        self._question("number", number.verdict)
        told = self.say("per_week", rate=number.per_week, closed=number.closed_per_week)
        if number.limit is not None:
            least = self.labels["at_least"] if number.limit.at_least else ""
            why = self._saying.why(number.limit)
            limit = self.say("limit", limit=number.limit.per_week, why=why, over=number.over)
            told += self.say("takes", limit=least + limit)
        out.print(Text(told))
        if number.reps:
            table = self._table(
                "name", "capacity", "holds", "made", "closed_week", "won", "lost", "returned", "expired"
            )
            for each in number.reps:
                counts, most = each.outcomes, str(each.capacity) if each.capacity is not None else "–"
                table.add_row(
                    Text(self._name("rep", each.rep)), most, str(each.holds), f"{counts.tasks:,}",
                    f"{each.closed_per_week:.1f}", *self._counts(counts)[1:],
                )  # fmt: skip
            out.print(table)
        table = self._table("week_of", "made", "closed")
        for week in number.weeks[-MOST:]:
            table.add_row(week.begins.isoformat(), str(week.made or "·"), str(week.closed or "·"))
        out.print(table)
        self._advise(number.advice)

    def _thresholds(self) -> None:
        thresholds = self.found.thresholds
        self._question("thresholds", thresholds.verdict)
        if thresholds.now is None:
            out.print(Text(self.labels["no_definition"], style="dim"))
        table = self._table("threshold", "made", "a_week", "won_rate", "below", "fits", "name")
        for each in thresholds.steps:
            marks = (("now", thresholds.now), ("recommended", thresholds.recommended))
            marked = ", ".join(self.labels[name] for name, total in marks if total == each.total)
            fits = self.labels[{True: "yes", False: "no", None: "unknown"}[each.fits]]
            cells = (self._cell(each.won), self._cell(each.below), fits, marked)
            table.add_row(str(each.total), f"{each.hot:,}", f"{each.per_week:.1f}", *cells)
        if thresholds.steps:
            out.print(table)
        if thresholds.unseen.hits:
            out.print(Text(self.say("caveat", unseen=self._share(thresholds.unseen)), style="dim"))
        self._advise(thresholds.advice)

    def _shortfall(self) -> None:
        shortfall = self.found.shortfall
        self._question("shortfall", shortfall.verdict)
        out.print(self.say("handed_over", share=self._share(shortfall.handed_over)))
        if shortfall.steps:
            table = self._table("step", "arrived", "lost_here", "silent", "ended")
            for flow in [each for each in shortfall.steps if each.lost.hits or each.silent.hits][:MOST]:
                words = " ".join(f"{word} {times:,}" for word, times in flow.ended[:3])
                shares = (self._cell(flow.lost), self._cell(flow.silent))
                table.add_row(Text(f"{flow.scenario}/{flow.step}"), f"{flow.arrived:,}", *shares, Text(words))
            out.print(table)
        if shortfall.asked_early:
            table = self._table("asked", "asks", "did", "rather", "share")
            for asked in shortfall.asked_early[:MOST]:
                rather = self._words.event(asked.rather) if asked.rather is not None else ""
                names = (Text(f"{asked.scenario}/{asked.step}"), Text(self._words.event(asked.action)))
                table.add_row(*names, self._cell(asked.did), Text(rather), self._cell(asked.rather_did))
            out.print(table)
        if shortfall.uncaught:
            table = self._table("action", "of_won", "of_others")
            for each in shortfall.uncaught:
                shares = (self._cell(each.won), self._cell(each.others))
                table.add_row(Text(self._words.event(each.action)), *shares)
            out.print(table)
        self._advise(shortfall.advice)

    # --- pieces -----------------------------------------------------------------------------------------------------

    def _question(self, name: str, verdict: Verdict) -> None:
        out.print()
        question = Text(QUESTIONS[self.language][name], style="bold")
        out.print(question.append(f"  {VERDICTS[self.language][verdict]}", style=_STYLES[verdict] or "not bold"))

    def _grouping(self, grouping: Grouping, *, whole: bool = False) -> None:
        """The groups with their shares and how often they were won; `whole`: with every outcome."""
        if not grouping.groups:
            return
        by = grouping.by
        steps = by == "scenario" and not whole and any(each.steps is not None for each in grouping.groups)
        counts = ("open", "won", "lost", "returned", "expired", "amount") if whole else ("share",)
        table = self._table("name", "tasks", *counts, "won_rate", *(["steps"] if steps else []), "verdict", title=by)
        for each in grouping.groups[:MOST]:
            amount = f"{each.outcomes.amount:,}" if each.outcomes.amount else "·"
            cells = (*self._counts(each.outcomes), amount) if whole else (f"{each.share.value:.0%}",)
            middle = [f"{each.steps:g}" if each.steps is not None else ""] if steps else []
            alone = each.share.hits == each.share.of  # there is nothing to compare it with
            verdict = Text("" if alone else COMPARED[self.language][each.verdict], style=_STYLES[each.verdict])
            name, tasks = Text(self._name(by, each.name)), f"{each.outcomes.tasks:,}"
            table.add_row(name, tasks, *cells, self._cell(each.outcomes.won_rate), *middle, verdict)
        out.print(table)
        if len(grouping.groups) > MOST:
            out.print(Text(self._saying.say("more", more=len(grouping.groups) - MOST), style="dim"))

    def _table(self, *labels: str, title: str | None = None) -> Table:
        """A table with these columns, numbers to the right."""
        table = Table(box=None, pad_edge=False, title=self.labels[title] if title else None, title_justify="left")
        for index, label in enumerate(labels):
            words = index == 0 or label in _WORDS
            table.add_column(self.labels[label], justify="left" if words else "right", overflow="fold")
        return table

    def _advise(self, several: Sequence[Advice]) -> None:
        for each in several:
            names = [self._said(each.what, index, name) for index, name in enumerate(each.names)]
            shares = {"share": self._share(each.share), "against": self._share(each.against)}
            text = ADVICE[self.language][each.what].format(*names, number=each.number, **shares)
            out.print(Text(f"→ {text}", style="yellow"))

    def _said(self, what: str, index: int, name: str) -> str:
        if what in ("asks_early", "uncaught") and (index or what == "uncaught"):
            return self._event(name)
        if what in ("tighten_rule", "more_of"):
            named = self._name("rule", name)
            return named if named != name else self._name("segment", self._name("scenario", name))
        return name

    def _name(self, by: str, name: str) -> str:
        """What people call a group."""
        if name in ("(none)", "(unknown)", "replied"):
            return self.labels[name]
        match by:
            case "rule":
                return self._rules.get(name, name)
            case "last":
                return self._event(name)
            case "phase":
                return self._words.phase(name)
            case "accepted_within":
                label = "never_" if name == NEVER else name
                return self.say(label, hours=self.found.timing.open_day / _HOUR)
            case "scenario" if self.language == "ja" and name in self.definitions.scenarios:
                return self.definitions.scenarios[name].title or name
            case "segment" if self.language == "ja" and name in self.definitions.segments:
                return self.definitions.segments[name].title or name
        return name

    def _event(self, written: str) -> str:
        kind, _, subject = written.partition(": ")
        return self._words.event(EventPattern(type=kind, subject=subject or None))

    def _counts(self, counts: Outcomes) -> tuple[str, ...]:
        several = (counts.open, counts.won, counts.lost, counts.returned, counts.expired)
        return tuple(f"{each:,}" if each else "·" for each in several)

    def _cell(self, share: Share) -> str:
        if not share.of:
            return "–"
        return self.say("share_cell", value=share.value, low=share.low, high=share.high)

    def _share(self, share: Share | None) -> str:
        if share is None or not share.of:
            return self.labels["nobody"]
        return self.say("of", hits=share.hits, of=share.of, cell=self._cell(share))

    def _quarters(self, spans: Spans) -> tuple[str, ...]:
        several = (spans.quarter, spans.middle, spans.three_quarters)
        return tuple(self._span(each) if each is not None else "–" for each in several)

    def _span(self, span: timedelta) -> str:
        unit, length = ("d", _DAY) if span >= 2 * _DAY else ("h", _HOUR) if span >= 2 * _HOUR else ("m", _MINUTE)
        return self.say(unit, value=span / length)

    def _day(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%Y-%m-%d}"
