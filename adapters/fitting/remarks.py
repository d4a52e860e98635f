"""What is said of a fit besides its figures, in the languages of the report; decides nothing."""

from __future__ import annotations

from typing import NamedTuple


class Said(NamedTuple):
    """One sentence in English and Japanese."""

    en: str
    ja: str

    def within(self, language: str) -> str:
        """The sentence in a language."""
        return self.ja if language == "ja" else self.en


def suspect(name: str, why: Said, *, out: bool, by_time: bool) -> Said:
    """A column that is too good, or moves with time, and what was done about it."""
    if by_time:
        done = (
            Said("left out", "使っていません")
            if out
            else Said("used, for later leads are told better by it", "後のリードに効くため使用")
        )
        return Said(
            f"moves with time, {done.en}: {name}: {why.en}", f"時期とともに動く列「{name}」({done.ja}): {why.ja}"
        )
    done = Said("left out", "使っていません") if out else Said("used", "使っています")
    return Said(
        f"suspected leak, {done.en}: {name}: {why.en}", f"結果が漏れている疑いのある列「{name}」({done.ja}): {why.ja}"
    )


def filled_for(outcome: str) -> Said:
    """It is known of one outcome only."""
    word = "受注" if outcome == "won" else "失注"
    return Said(f"it is there nearly only for leads that were {outcome}", f"ほぼ{word}のリードにしか値がありません")


def alone(auc: float) -> Said:
    """It tells nearly everything."""
    return Said(
        f"alone it tells won from lost with an AUC of {auc:.3f}",
        f"この列だけで AUC {auc:.3f} と、ほぼ結果を言い当てています",
    )


def valuable(value: float, limit: float) -> Said:
    """It tells more than is usual."""
    return Said(
        f"its information value is {value:.2f}, above {limit}: was it known before the outcome?",
        f"情報量(IV)が {value:.2f} と {limit} を超えています。結果が出る前に分かっていた値ですか",
    )


def moves(index: float) -> Said:
    """Its values go with the time."""
    return Said(
        f"later leads have other values (PSI {index:.1f}): it tells when a lead came rather than who it is",
        f"後のリードでは値の分布が別物です(PSI {index:.1f})。リードの性質ではなく時期を表しています",
    )


def few_wins(wins: int, items: int, full: int) -> Said:
    """The card is kept small."""
    return Said(
        f"only {wins} wins: the card is held to {items} items; from {full} wins on it may grow",
        f"受注が {wins} 件しかないため、項目を {items} 個までに絞りました。{full} 件以上になれば増やせます",
    )


WHERE = {
    "time": Said("later leads", "後から来たリード"),
    "random": Said("leads drawn by lot", "無作為に選んだリード"),
}


def worse_than_one(kind: str, mine: float, single: float, item: str) -> Said:
    """One item alone does better."""
    where = WHERE[kind]
    return Said(
        f"on {where.en} the card (AUC {mine:.3f}) is worse than its best item alone ({item}, {single:.3f}): "
        "look at that item before you use it",
        f"{where.ja}では、カード(AUC {mine:.3f})が最良の 1 項目({item}、{single:.3f})に及びません。"
        "使う前にその項目を確かめてください",
    )


def behind(kind: str, mine: float, regression: float, margin: float) -> Said:
    """A regression does much better."""
    where = WHERE[kind]
    return Said(
        f"on {where.en} the card (AUC {mine:.3f}) stays more than {margin} behind a regression on the same columns "
        f"({regression:.3f}): what tells is spread over more columns than the card has items",
        f"{where.ja}では、カード(AUC {mine:.3f})が同じ列のロジスティック回帰({regression:.3f})に "
        f"{margin} 以上劣ります。"
        "手がかりがカードの項目数より多くの列に散らばっています",
    )


def no_better(kind: str, mine: float, current: float) -> Said:
    """What is there is as good."""
    where = WHERE[kind]
    return Said(
        f"on {where.en} the card (AUC {mine:.3f}) is no better than the one you have ({current:.3f}): keep yours",
        f"{where.ja}では、カード(AUC {mine:.3f})は今のスコア({current:.3f})を上回りません。"
        "今のものを使い続けてください",
    )


def chance(kind: str, mine: float) -> Said:
    """Nothing is known."""
    where = WHERE[kind]
    return Said(
        f"on {where.en} the card cannot be told from chance (AUC {mine:.3f}): do not use it",
        f"{where.ja}では、カードの当たり方は偶然と区別できません(AUC {mine:.3f})。使わないでください",
    )


def drift(first: float, last: float) -> Said:
    """The win rate is another one now."""
    return Said(
        f"the win rate went from {first:.1%} to {last:.1%}: order leads by the score, and do not believe its chances",
        f"受注率が {first:.1%} から {last:.1%} へ変わっています。スコアは順位付けに使い、"
        "受注確率の値は信じないでください",
    )


def hands_over(threshold: int, share: float) -> Said:
    """The threshold keeps hardly anybody back."""
    return Said(
        f"threshold {threshold} would hand over {share:.1%} of the leads, which is no choice: make no rule of it, and "
        "say with --capacity how many sales can take",
        f"しきい値 {threshold} ではリードの {share:.1%} を渡すことになり、選んだことになりません。"
        "そのままルールにせず、営業が受け取れる件数を --capacity で指定してください",
    )


UNORDERED = Said(
    "which leads came first is not known, so that nothing says how the card does on later ones",
    "リードが来た順番が分からないため、後から来るリードでの成績は評価できていません",
)
