"""Says the report of hot leads in one language: questions of notes, tables and advice; refuses to judge, and to draw.

The terminal and the page show the same sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from nurture import calendar
from nurture.conditions import EventPattern
from nurture.definitions import Definitions
from nurture.review.advice import Advice
from nurture.review.number import Number
from nurture.review.paths import Paths
from nurture.review.quality import Quality
from nurture.review.report import Review
from nurture.review.results import Results
from nurture.review.shortfall import Shortfall
from nurture.review.tasks import ENOUGH, Group, Grouping, Outcomes
from nurture.review.thresholds import Thresholds
from nurture.review.timing import NEVER, Spans, Timing
from nurture.shares import Share
from nurture.wording.backtests import Saying
from nurture.wording.conditions import Language, Words, reason_of, rules_in
from nurture.wording.hot import ADVICE, COMPARED, LABELS, QUESTIONS, VERDICTS
from nurture.wording.sheet import Bar, Column, Grid, Note, Question, Row, Sheet

_WORDS = frozenset({"name", "verdict", "ended", "rather", "asks", "fits"})
"""Columns that hold words."""
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def worded(found: Review, definitions: Definitions, language: Language, *, most: int, over: bool = False) -> Sheet:
    """Everything, from how much there is to judge by to what stands in the way; tables of at most so many rows.

    `over`: the time ended before today, so that what reps hold now says nothing about it.
    """
    return _Wording(found, definitions, language, most, over).sheet()


class _Wording:
    def __init__(self, found: Review, definitions: Definitions, language: Language, most: int, over: bool) -> None:
        self.found, self.definitions, self.language, self.most, self.over = found, definitions, language, most, over
        self.labels, self.zone = LABELS[language], calendar.zone_of(None, definitions)
        self._words, self._rules = Words(definitions, language), rules_in(definitions, language)
        self._saying = Saying(language, definitions)

    def sheet(self) -> Sheet:
        found = self.found
        since, now = (self._day(each) for each in (found.since, found.now))
        questions: list[Question] = []
        if found.results.all.tasks:
            questions += [
                self._question("paths", found.paths, self._paths(found.paths)),
                self._question("timing", found.timing, self._timing(found.timing)),
                self._question("results", found.results, self._results(found.results)),
                self._question("quality", found.quality, self._quality(found.quality)),
            ]
        questions += [
            self._question("number", found.number, self._number(found.number)),
            self._question("thresholds", found.thresholds, self._thresholds(found.thresholds)),
            self._question("shortfall", found.shortfall, self._shortfall(found.shortfall)),
        ]
        return Sheet(
            f"{self.say('heading', since=since, now=now)} – {self.say('leads', leads=found.leads)}",
            self._pace() if found.pace.state != "enough" else "",
            tuple(questions),
            self.say("about", enough=ENOUGH),
        )

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

    def _paths(self, paths: Paths) -> Iterator[Note | Grid]:
        for each in (paths.rules, paths.scenarios, paths.phases, paths.last):
            yield from self._grouping(each)
        if paths.to_hot is not None:
            yield Note(self.say("to_hot", span=self._span(paths.to_hot)))

    def _timing(self, timing: Timing) -> Iterator[Note | Grid]:
        several = (("accept", timing.to_call), ("close", timing.to_close), ("win", timing.to_win))
        rows = [(self.labels[label], f"{spans.number:,}", *self._quarters(spans)) for label, spans in several]
        yield self._grid(("span", "number", "quarter", "middle", "three_quarters"), rows)
        yield from self._grouping(Grouping("accepted_within", False, timing.speeds))

    def _results(self, results: Results) -> Iterator[Note | Grid]:
        total = Group("", results.all, Share(results.all.tasks, results.all.tasks), results.verdict)
        yield from self._grouping(Grouping("all", False, (total,)), whole=True)
        yield Note(self.say("before", share=self._share(results.before.won_rate)))
        for each in results.by:
            yield from self._grouping(each, whole=True)

    def _quality(self, quality: Quality) -> Iterator[Note | Grid]:
        yield Note(self.say("returned_of", share=self._share(quality.returned)))
        if quality.reasons:
            rows = [
                Row(
                    (each.text or self.labels["no_reason"], f"{each.share.hits:,}", self._cell(each.share)),
                    faint=each.text is None,
                )
                for each in quality.reasons[: self.most]
            ]
            yield self._grid(("reason", "number", "share"), rows)
        yield from self._grouping(Grouping("points", False, quality.bands))
        if quality.upper.of:
            yield Note(self.say("halves", lower=self._share(quality.lower), upper=self._share(quality.upper)))

    def _number(self, number: Number) -> Iterator[Note | Grid]:
        told = self.say("per_week", rate=number.per_week, closed=number.closed_per_week)
        if number.limit is not None:
            least = self.labels["at_least"] if number.limit.at_least else ""
            why = self._saying.why(number.limit)
            limit = self.say("limit", limit=number.limit.per_week, why=why, over=number.over)
            told += self.say("takes", limit=least + limit)
        yield Note(told)
        if number.reps:
            rows = [
                (
                    self._name("rep", each.rep), str(each.capacity) if each.capacity is not None else "–",
                    *(() if self.over else (str(each.holds),)), f"{each.outcomes.tasks:,}",
                    f"{each.closed_per_week:.1f}",
                    *self._counts(each.outcomes)[1:],
                )
                for each in number.reps
            ]  # fmt: skip
            holds = () if self.over else ("holds",)
            columns = ("name", "capacity", *holds, "made", "closed_week", "won", "lost", "returned", "expired")
            yield self._grid(columns, rows)
        weeks = number.weeks[-self.most :]
        yield self._grid(
            ("week_of", "made", "closed"),
            [(each.begins.isoformat(), str(each.made or "·"), str(each.closed or "·")) for each in weeks],
            plot=self.labels["week"],
            bars=(Bar(each.begins.isoformat(), each.made, str(each.made)) for each in weeks),
        )

    def _thresholds(self, thresholds: Thresholds) -> Iterator[Note | Grid]:
        if thresholds.now is None:
            yield Note(self.labels["no_definition"], faint=True)
        rows = []
        for each in thresholds.steps:
            marks = (("now", thresholds.now), ("recommended", thresholds.recommended))
            marked = ", ".join(self.labels[name] for name, total in marks if total == each.total)
            fits = self.labels[{True: "yes", False: "no", None: "unknown"}[each.fits]]
            cells = (self._cell(each.won), self._cell(each.below), fits, marked)
            rows.append((str(each.total), f"{each.hot:,}", f"{each.per_week:.1f}", *cells))
        if rows:
            yield self._grid(
                ("threshold", "made", "a_week", "won_rate", "below", "fits", "name"),
                rows,
                plot=self.labels["a_week"],
                bars=(Bar(str(each.total), each.per_week, f"{each.per_week:.1f}") for each in thresholds.steps),
            )
        if thresholds.unseen.hits:
            yield Note(self.say("caveat", unseen=self._share(thresholds.unseen)), faint=True)

    def _shortfall(self, shortfall: Shortfall) -> Iterator[Note | Grid]:
        yield Note(self.say("handed_over", share=self._share(shortfall.handed_over)))
        if shortfall.steps:
            lossy = [each for each in shortfall.steps if each.lost.hits or each.silent.hits][: self.most]
            yield self._grid(
                ("step", "arrived", "lost_here", "silent", "ended"),
                [
                    (
                        f"{flow.scenario}/{flow.step}", f"{flow.arrived:,}", self._cell(flow.lost),
                        self._cell(flow.silent), " ".join(f"{word} {times:,}" for word, times in flow.ended[:3]),
                    )
                    for flow in lossy
                ],
                plot=self.labels["lost_here"],
                bars=(self._bar(f"{flow.scenario}/{flow.step}", flow.lost) for flow in lossy if flow.lost.of),
            )  # fmt: skip
        if shortfall.asked_early:
            yield self._grid(
                ("asked", "asks", "did", "rather", "share"),
                [
                    (
                        f"{asked.scenario}/{asked.step}", self._words.event(asked.action), self._cell(asked.did),
                        self._words.event(asked.rather) if asked.rather is not None else "",
                        self._cell(asked.rather_did),
                    )
                    for asked in shortfall.asked_early[: self.most]
                ],
            )  # fmt: skip
        if shortfall.uncaught:
            rows = [
                (self._words.event(each.action), self._cell(each.won), self._cell(each.others))
                for each in shortfall.uncaught
            ]
            yield self._grid(("action", "of_won", "of_others"), rows)

    # --- pieces -----------------------------------------------------------------------------------------------------

    def _question(
        self,
        name: str,
        answer: Paths | Timing | Results | Quality | Number | Thresholds | Shortfall,
        parts: Iterable[Note | Grid],
    ) -> Question:
        said = VERDICTS[self.language][answer.verdict]
        return Question(
            name, QUESTIONS[self.language][name], answer.verdict, said, tuple(parts), self._advised(answer.advice)
        )

    def _grouping(self, grouping: Grouping, *, whole: bool = False) -> Iterator[Grid]:
        """The groups with their shares and how often they were won; `whole`: with every outcome."""
        if not grouping.groups:
            return
        by, groups = grouping.by, grouping.groups[: self.most]
        steps = by == "scenario" and not whole and any(each.steps is not None for each in grouping.groups)
        counts = ("open", "won", "lost", "returned", "expired", "amount") if whole else ("share",)
        columns = ("name", "tasks", *counts, "won_rate", *(["steps"] if steps else []), "verdict")
        rows = []
        for each in groups:
            amount = f"{each.outcomes.amount:,}" if each.outcomes.amount else "·"
            cells = (*self._counts(each.outcomes), amount) if whole else (f"{each.share.value:.0%}",)
            middle = [f"{each.steps:g}" if each.steps is not None else ""] if steps else []
            alone = each.share.hits == each.share.of  # there is nothing to compare it with
            verdict = "" if alone else COMPARED[self.language][each.verdict]
            name, tasks, won = self._name(by, each.name), f"{each.outcomes.tasks:,}", each.outcomes.won_rate
            rows.append(Row((name, tasks, *cells, self._cell(won), *middle, verdict), each.verdict))
        drawn = groups if len(grouping.groups) > 1 else ()
        yield self._grid(
            columns, rows,
            title=self.labels[by],
            more=len(grouping.groups) - len(groups),
            plot=self.labels["won_rate"],
            bars=(
                self._bar(self._name(by, each.name), each.outcomes.won_rate)
                for each in drawn
                if each.outcomes.won_rate.of
            ),
        )  # fmt: skip

    def _grid(
        self,
        columns: Sequence[str],
        rows: Iterable[tuple[str, ...] | Row],
        *,
        title: str = "",
        more: int = 0,
        plot: str = "",
        bars: Iterable[Bar] = (),
    ) -> Grid:
        """A table with these columns, numbers to the right."""
        headings = (Column(self.labels[each], index == 0 or each in _WORDS) for index, each in enumerate(columns))
        given = (each if isinstance(each, Row) else Row(each) for each in rows)
        return Grid(title, tuple(headings), tuple(given), more, plot, tuple(bars))

    def _bar(self, label: str, share: Share) -> Bar:
        return Bar(label, share.value, self._cell(share), share.low, share.high)

    def _advised(self, several: Sequence[Advice]) -> tuple[str, ...]:
        told = []
        for each in several:
            names = [self._said(each.what, index, name) for index, name in enumerate(each.names)]
            shares = {"share": self._share(each.share), "against": self._share(each.against)}
            told.append(ADVICE[self.language][each.what].format(*names, number=each.number, **shares))
        return tuple(told)

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
                return self._rules.get(name) or reason_of(name, self.definitions, self.language)
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
