"""Tells on the terminal what a fit found, in words of one language; computes nothing that the study has not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from cli.console import err, out
from nurture.definitions import AttributeItem, BehaviourItem
from nurture.wording.conditions import Language, Words

if TYPE_CHECKING:
    from adapters.fitting.measures import Interval
    from adapters.fitting.proposal import Proposal
    from adapters.fitting.study import Study
    from adapters.fitting.trials import Trial

LABELS: dict[Language, dict[str, str]] = {
    "en": {
        "counted": "{leads} leads, {wins} won ({rate:.1%})",
        "points": "points", "item": "item", "when": "when", "leads": "leads", "won": "won",
        "of_100": "of 100, with interval", "score": "score", "interval": "{value} ({low} to {high})",
        "trial": "fitted to {fitted} leads ({fitted_wins} won), judged by {judged} others ({judged_wins} won): {kind}",
        "time": "the latest leads", "random": "leads drawn by lot",
        "won_of": "won of the best {share:.0%}", "lift_of": "lift of the best {share:.0%}",
        "card": "this card", "current": "the card you have", "single": "its best item alone", "recency": "recency",
        "regression": "logistic regression", "boosting": "gradient boosting",
        "drift": "win rate of five parts, the first leads first: {rates}",
        "threshold": "threshold {threshold} (by {by}): {share:.1%} of {kind}{week}", "week": ", {week:.1f} a week",
        "capacity": "capacity", "capacity, which no threshold keeps": "capacity, which no threshold keeps", "F1": "F1",
        "hit": "of as many, chosen by the card that has not seen them: {rate:.1%} of them were won, "
        "{recall:.0%} of all wins",
        "careful": "careful: {warning}", "written": "written: {files}",
        "lacking": "{folder}/attributes.yaml does not have like this: {names}; take their lines over with the score",
        "next": "look at {report}, change {score}, then: nurture check {folder}",
        "once": "once", "each": "each", "each_subject": "each_subject", "half": "half after {half}",
        "expires": "gone after {expires}", "joint": ", ",
        "guessed": "This is a guess; it is kept in {file}.",
        "not_kept": "the guess cannot be kept in {file} ({why}): save it and name it with --columns",
        "right": "Is it right? (n: change the file, then run the command again)",
        "look": "Look it over, change what is wrong, and run the command again (--yes goes on with the guess).",
        "more": "… and {more} more (a report, where one is made, has them all)",
    },
    "ja": {
        "counted": "リード {leads} 件、うち受注 {wins} 件({rate:.1%})",
        "points": "点", "item": "項目", "when": "条件", "leads": "件数", "won": "受注",
        "of_100": "受注率(95% 信頼区間)",
        "score": "スコアの作り方", "interval": "{value} ({low}〜{high})",
        "trial": "学習 {fitted} 件(受注 {fitted_wins})、評価は別の {judged} 件(受注 {judged_wins}): {kind}",
        "time": "後から来たリード", "random": "無作為に選んだリード",
        "won_of": "上位 {share:.0%} の受注率", "lift_of": "上位 {share:.0%} のリフト",
        "card": "このカード", "current": "今のスコア", "single": "最良の 1 項目だけ", "recency": "直近の行動からの日数",
        "regression": "ロジスティック回帰", "boosting": "勾配ブースティング",
        "drift": "受注率の推移(古い順に 5 等分): {rates}",
        "threshold": "しきい値 {threshold}({by}): {kind}の {share:.1%}{week}", "week": "、週 {week:.1f} 件",
        "capacity": "営業の対応枠による",
        "capacity, which no threshold keeps": "営業の対応枠に収まるしきい値はありません",
        "F1": "F1 が最大",
        "hit": "評価用のカードで上から同じ件数を選ぶと、受注率 {rate:.1%}、全受注の {recall:.0%}",
        "careful": "注意: {warning}", "written": "書き出したファイル: {files}",
        "lacking": "{folder}/attributes.yaml に足りない属性: {names}。スコアと一緒に、その行を書き足してください",
        "next": "{report} を見て {score} を直し、次を実行します: nurture check {folder}",
        "once": "1 回だけ", "each": "毎回", "each_subject": "対象ごとに 1 回", "half": "{half}で半減",
        "expires": "{expires}で消滅", "joint": "、",
        "guessed": "列の意味を推測しました。{file} に書いてあります。",
        "not_kept": "推測した内容を {file} に書き込めません({why})。保存してから --columns で指定してください",
        "right": "これで正しいですか(n: ファイルを直してから、もう一度実行します)",
        "look": "確かめて、違うところを直し、もう一度実行してください(--yes を付けると、推測のまま進みます)。",
        "more": "… ほか {more} 件(レポートができれば、すべて載ります)",
    },
}  # fmt: skip
"""The sentences and headings of a fit; `threshold_by` and the names of trials and contenders are keys of it."""


def tell_study(study: Study, words: Words) -> None:
    """The items, how the card does against others, the threshold, and what to be careful about."""
    language, labels = words.language, LABELS[words.language]

    def say(label: str, **shown: object) -> str:
        return labels[label].format(**shown)

    out.print(Text(say("counted", leads=study.leads, wins=study.wins, rate=study.wins / study.leads)))
    out.print(_items(study, words, labels))
    for trial in study.trials:
        out.print()
        _tell_trial(trial, study.share, labels)
    if study.rates:
        rates = " → ".join(f"{rate.value:.1%}" for _, rate in study.rates)
        out.print(Text("\n" + say("drift", rates=rates)))
    chosen = next(each for each in study.steps if each.threshold == study.threshold)
    week = say("week", week=chosen.per_week) if chosen.per_week is not None else ""
    kind, by = labels[study.trials[0].kind], labels[study.threshold_by]
    out.print(Text(say("threshold", threshold=study.threshold, by=by, share=chosen.share, kind=kind, week=week)))
    out.print(Text(say("hit", rate=chosen.precision.value, recall=chosen.recall)))
    for note in study.notes:
        err.print(Text(note.within(language), style="dim"))
    for warning in study.warnings:
        err.print(Text(say("careful", warning=warning.within(language)), style="yellow"))


def tell_files(proposal: Proposal, directory: Path, against: Path | None, language: Language) -> None:
    """What was written, what the folder lacks for it, and what to do next."""
    labels = LABELS[language]
    out.print(Text("\n" + labels["written"].format(files=", ".join(str(directory / name) for name in proposal.files))))
    if proposal.new_attributes and against is not None:
        out.print(Text(labels["lacking"].format(folder=against, names=", ".join(proposal.new_attributes))))
    report, score = directory / "report.html", directory / "score.yaml"
    out.print(Text(labels["next"].format(report=report, score=score, folder=directory)))


def said_of(item: AttributeItem | BehaviourItem, words: Words) -> str:
    """When an item gives points, how often, and how they fade."""
    labels = LABELS[words.language]
    told = [words.condition(item.when)]
    if isinstance(item, BehaviourItem):
        told.append(labels[item.repeat])
        if item.fades is not None and item.fades.half_life is not None:
            told.append(labels["half"].format(half=words.span(item.fades.half_life)))
        if item.fades is not None and item.fades.expires is not None:
            told.append(labels["expires"].format(expires=words.span(item.fades.expires)))
    return labels["joint"].join(told)


def _items(study: Study, words: Words, labels: dict[str, str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name, numeric in (("points", True), ("item", False), ("when", False), ("leads", True), ("won", True)):
        table.add_column(labels[name], justify="right" if numeric else "left", overflow="fold")
    table.add_column(labels["of_100"])
    for each in study.evidence:
        table.add_row(
            f"{each.item.points:+d}", Text(each.item.item), Text(said_of(each.item, words)), str(each.leads),
            str(each.wins), _figure(each.rate, labels, "{:.1f}", scale=100),
        )  # fmt: skip
    return table


def _tell_trial(trial: Trial, share: float, labels: dict[str, str]) -> None:
    judged = labels["trial"].format(
        fitted=trial.fitted_leads, fitted_wins=trial.fitted_wins, judged=trial.judged_leads,
        judged_wins=trial.judged_wins, kind=labels[trial.kind],
    )  # fmt: skip
    out.print(Text(judged))
    best = (labels[name].format(share=share) for name in ("won_of", "lift_of"))
    table = Table(labels["score"], "AUC", "Brier", *best, box=None, pad_edge=False)
    for each in trial.contenders:
        table.add_row(
            labels[each.name], _figure(each.auc, labels, "{:.3f}"), _figure(each.brier, labels, "{:.3f}"),
            _figure(each.precision, labels, "{:.1%}"), _figure(each.lift, labels, "{:.2f}"),
        )  # fmt: skip
    out.print(table)


def _figure(found: Interval, labels: dict[str, str], form: str, *, scale: float = 1) -> str:
    value, low, high = (form.format(scale * each) for each in (found.value, found.low, found.high))
    return labels["interval"].format(value=value, low=low, high=high)
