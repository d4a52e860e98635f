"""Puts a back-test into words of one language; refuses to lay them out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from nurture.backtest import Backtest, Capacity, Case
from nurture.conditions import ScoreIs
from nurture.definitions import Definitions
from nurture.history import Result
from nurture.nearness import Lack, Missed
from nurture.rehearsal import Crossing
from nurture.shares import Share, median
from nurture.wording.conditions import Language, Words, rules_in

DAY = timedelta(days=1)
LABELS: dict[Language, dict[str, str]] = {
    "en": {
        "heading": "back-test {since} to {now}, {leads:,} leads", "source": " of {source}",
        "nobody_hot": "nobody would have become hot in this time",
        "week": "week of", "hot": "hot", "won": "won", "lost": "lost", "none_yet": "neither yet",
        "won_lead": "won lead", "closed": "closed", "hot_from": "hot from", "days_before": "days before",
        "lacked": "lacked", "result": "result", "by": "by", "never": "never", "more": "… and {more} more",
        "only_new": "hot under the new only", "only_old": "hot under the current only",
        "sampled": "judged by a sample of {leads} of {of} leads; the numbers of a week are scaled up",
        "often": "hot: {hot} time(s) in {weeks:.0f} weeks, {rate:.1f} a week",
        "limit": "; sales can take {takes} a week ({why}); {over} week(s) were above",
        "takes": "{limit:.1f}", "takes_at_least": "at least {limit:.1f}",
        "no_limit": "; what sales can take is not known: name it with --capacity N",
        "why_named": "as named with --capacity",
        "why_median": "{reps} rep(s) hold {held} tasks, each open for {days:.1f} days: the median of {tasks}",
        "why_close_within": "{reps} rep(s) hold {held} tasks, each open for at most {days:g} days: "
        "close_within of {queue}",
        "rate": "won of those closed afterwards: {share}", "base": "won of all closed in this time: {share}",
        "share": "{hits} of {of}, {value:.0%} ({low:.0%} to {high:.0%})", "no_share": "nobody",
        "ahead": "won leads: {won}; hot before: {hot}{half}; never hot: {missed}",
        "half": ", half of them {days:.0f} days or more before they closed",
        "none_won": "won leads: none in this time, so nothing says whether these are the right ones",
        "undated": "{leads} lead(s) were won or lost nobody knows when and count for neither side: name the column "
        "with the day (`closed`)",
        "against": "against the current deployment: {new} hot under the new only, {old} under the current only",
        "counted": "{leads} ({won} won, {lost} lost)",
        "kept_out": "kept out: {rule}", "points": "{rule}: {has:.4g}", "times": "{rule}: {has:.0f}",
        "nobody_looked": "anything that workflows hear of: before that nobody looks", "joint": "; ",
    },
    "ja": {
        "heading": "バックテスト {since} 〜 {now}、リード {leads:,} 件", "source": "({source})",
        "nobody_hot": "この期間にホットになるリードは一人もいません",
        "week": "週の初め", "hot": "ホット", "won": "受注", "lost": "失注", "none_yet": "未決",
        "won_lead": "受注したリード", "closed": "決着", "hot_from": "ホットになる日", "days_before": "何日前か",
        "lacked": "足りなかったもの", "result": "結果", "by": "理由", "never": "なし", "more": "… ほか {more} 件",
        "only_new": "新しい定義でだけホット", "only_old": "今の定義でだけホット",
        "sampled": "リード {of} 件から {leads} 件を抜き出して判定しました。週の件数は全体に換算しています",
        "often": "ホット: {weeks:.0f} 週で {hot} 回、週 {rate:.1f} 件",
        "limit": "。営業が受けられるのは週 {takes}({why})。超えた週は {over} 週",
        "takes": "{limit:.1f} 件", "takes_at_least": "{limit:.1f} 件以上",
        "no_limit": "。営業が受けられる件数が分かりません。--capacity N で指定してください",
        "why_named": "--capacity の指定",
        "why_median": "担当 {reps} 名で {held} 件、1 件につき {days:.1f} 日: 終わったタスク {tasks} 件の中央値",
        "why_close_within": "担当 {reps} 名で {held} 件、1 件につき最長 {days:g} 日: {queue} の close_within",
        "rate": "ホットになった後に決着したリードの受注率: {share}",
        "base": "期間中に決着した全リードの受注率: {share}",
        "share": "{value:.0%} ({low:.0%}〜{high:.0%}, {hits}/{of})", "no_share": "該当なし",
        "ahead": "受注したリード: {won} 件。先にホットになっていた {hot} 件{half}、一度もならなかった {missed} 件",
        "half": "(半数は決着の {days:.0f} 日以上前)",
        "none_won": "受注したリード: この期間にはいません。正しい人を選べているかは、まだ分かりません",
        "undated": "受注・失注の日が分からないリード {leads} 件は、どちらにも数えていません。"
        "その日付の列を `closed` に書きます",
        "against": "デプロイ済みの定義との違い: 新しい定義でだけホット {new}、今の定義でだけホット {old}",
        "counted": "{leads} 件(受注 {won}、失注 {lost})",
        "kept_out": "除外の条件: {rule}", "points": "{rule}(実際は {has:.4g} 点)",
        "times": "{rule}(実際は {has:.0f} 回)",
        "nobody_looked": "判定のきっかけになる行動(何かするまで、誰も判定しません)", "joint": " / ",
    },
}  # fmt: skip
"""The sentences and headings of a back-test."""
_NONE: dict[Language, str] = {"en": "0", "ja": "0 件"}


class Saying:
    """What a back-test says, in the words of its definitions; `old` are the deployed ones it is compared with."""

    def __init__(self, language: Language, new: Definitions, old: Definitions | None = None) -> None:
        self.language, self.labels = language, LABELS[language]
        self._new = Words(new, language)
        self._rules = {**rules_in(old, language), **rules_in(new, language)}

    def say(self, label: str, **shown: object) -> str:
        """One of the labels, filled in."""
        return self.labels[label].format(**shown)

    def summary(self, found: Backtest, limit: Capacity | None, *, sampled_of: int | None = None) -> list[str]:
        """The whole in a few sentences; `sampled_of`: so many leads there are, of which some were looked at."""
        told = []
        scale = sampled_of / found.leads if sampled_of and found.leads else 1.0
        if scale > 1:
            told.append(self.say("sampled", leads=found.leads, of=sampled_of))
        often = self.say("often", hot=found.hot, weeks=found.span, rate=found.hot * scale / found.span)
        told.append(f"{often}{self._against(found, limit, scale)}")
        told.append(self.say("rate", share=self._share(found.rate)))
        told.append(self.say("base", share=self._share(found.base)))
        told.append(self._ahead(found) if found.won else self.say("none_won"))
        if found.undated:
            told.append(self.say("undated", leads=found.undated))
        if found.compared:
            new, old = self._counted(found.only_new), self._counted(found.only_old)
            told.append(self.say("against", new=new, old=old))
        return told

    def why(self, limit: Capacity) -> str:
        """How it is known what sales can take."""
        return self.say(
            f"why_{limit.by}",
            reps=limit.reps, held=limit.held, days=limit.days, tasks=limit.tasks, queue=limit.queue,
        )  # fmt: skip

    def lacked(self, missed: Missed | None) -> str:
        """What a won lead lacked to be hot; empty where it was."""
        if missed is None:
            return ""
        if missed.kept_out is not None:
            return self.say("kept_out", rule=self._new.condition(missed.kept_out))
        if missed.rule is None:
            return self.labels["nobody_looked"]
        return self.labels["joint"].join(self._lack(each) for each in missed.lacked)

    def reasons(self, crossing: Crossing) -> str:
        """The rules by which a lead became hot."""
        return self.labels["joint"].join(self._rules.get(each, each) for each in crossing.reasons)

    def result(self, result: Result | None) -> str:
        """Won, lost, or neither yet."""
        return self.labels[result or "none_yet"]

    def _lack(self, lack: Lack) -> str:
        rule = self._new.condition(lack.condition)
        if lack.has is None:
            return rule
        return self.say("points" if isinstance(lack.condition, ScoreIs) else "times", rule=rule, has=lack.has)

    def _ahead(self, found: Backtest) -> str:
        """How many of the won leads would have been hot, and how long before."""
        missed, middle = len(found.missed), median(each.ahead for each in found.won if each.ahead is not None)
        half = self.say("half", days=middle / DAY) if middle is not None else ""
        return self.say("ahead", won=len(found.won), hot=len(found.won) - missed, half=half, missed=missed)

    def _against(self, found: Backtest, limit: Capacity | None, scale: float) -> str:
        if limit is None:
            return self.labels["no_limit"]
        over = sum(each.hot * scale > limit.per_week for each in found.weeks)
        takes = self.say("takes_at_least" if limit.at_least else "takes", limit=limit.per_week)
        return self.say("limit", takes=takes, why=self.why(limit), over=over)

    def _share(self, share: Share) -> str:
        if not share.of:
            return self.labels["no_share"]
        return self.say(
            "share", hits=share.hits, of=share.of, value=share.value, low=share.low, high=share.high
        )  # fmt: skip

    def _counted(self, cases: Sequence[Case]) -> str:
        won, lost = (sum(each.result == result for each in cases) for result in ("won", "lost"))
        return self.say("counted", leads=len(cases), won=won, lost=lost) if cases else _NONE[self.language]
