"""Puts the 4R report into words of one language, for the terminal and for the page; refuses to lay them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nurture.conditions import AttributeIs, Did
from nurture.definitions import Axis
from nurture.four_r import Advice, FourR, Measured, Rank, Reach, Realistic, Response, SegmentReport, Verdict
from nurture.reality_check import JourneyCheck
from nurture.shares import Share
from nurture.wording.conditions import Language, Words

VERDICTS: dict[Language, dict[Verdict, str]] = {
    "en": {"good": "good", "fair": "fair", "weak": "weak", "too_few": "too few"},
    "ja": {"good": "良い", "fair": "もう一歩", "weak": "弱い", "too_few": "件数不足"},
}
AXES: dict[Language, dict[Axis, str]] = {
    "en": {axis: axis for axis in ("demographic", "geographic", "psychographic", "behavioural")},
    "ja": {"demographic": "人口動態", "geographic": "地理", "psychographic": "心理", "behavioural": "行動"},
}
_R: dict[Language, tuple[str, str, str, str]] = {
    "en": ("Rank", "Realistic", "Reach", "Response"),
    "ja": ("Rank 優先度", "Realistic 規模の有効性", "Reach 到達可能性", "Response 測定可能性"),
}


LABELS: dict[Language, dict[str, str]] = {
    "en": {"verdict": "verdict", "figures": "figures", "change": "what to change", "nothing": "nothing"},
    "ja": {"verdict": "判定", "figures": "数字", "change": "どう直すか", "nothing": "このままで"},
}


@dataclass(frozen=True, slots=True)
class Row:
    """One of the four R: its name, its verdict as a word of the core and of the language, figures, what to change."""

    name: str
    verdict: Verdict
    said: str
    figures: tuple[str, ...]
    advice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One segment."""

    name: str
    title: str
    place: int | None
    condition: str
    axes: str
    rows: tuple[Row, ...]
    advice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole report."""

    title: str
    summary: str
    notes: tuple[str, ...]
    cards: tuple[Card, ...]


def worded(report: FourR, words: Words) -> Sheet:
    """The report in words."""
    ja = words.language == "ja"
    notes = (
        (
            "結果の出たリードは、決まった時点の属性と行動で判定しています。括弧内は 95 % 信頼区間。"
            if ja
            else "A decided lead is judged by what it was and did until then. In brackets: intervals of 95 %."
        ),
    )
    return Sheet(
        "セグメントの 4R" if ja else "The 4R of segments",
        summary(report, words.language),
        notes,
        tuple(_card(each, words) for each in report.segments),
    )


def _card(report: SegmentReport, words: Words) -> Card:
    names = _R[words.language]
    parts: tuple[Rank | Realistic | Reach | Response, ...] = (
        report.rank,
        report.realistic,
        report.reach,
        report.response,
    )
    figures = (_rank(report, words), _realistic(report, words), _reach(report, words), _response(report, words))
    return Card(
        report.name,
        report.title or "",
        report.rank.place,
        words.condition(report.condition),
        ("・" if words.language == "ja" else ", ").join(AXES[words.language][axis] for axis in report.axes),
        tuple(
            Row(name, part.verdict, VERDICTS[words.language][part.verdict], tuple(said),
                tuple(advised(each, words) for each in part.advice))
            for name, part, said in zip(names, parts, figures, strict=True)
        ),
        tuple(advised(each, words) for each in report.advice),
    )  # fmt: skip


def _rank(report: SegmentReport, words: Words) -> Iterator[str]:
    rank = report.rank
    if words.language == "ja":
        times = f"、全体の {rank.lift:.1f} 倍" if rank.lift is not None and rank.place else ""
        yield f"受注率 {with_interval(rank.inside)}、全体は {with_count(rank.all)}{times}"
    else:
        times = f", {rank.lift:.1f} times as often" if rank.lift is not None and rank.place else ""
        yield f"won {with_interval(rank.inside)}; of all {with_count(rank.all)}{times}"


def _realistic(report: SegmentReport, words: Words) -> Iterator[str]:
    found = report.realistic
    months = " ".join(map(str, found.months))
    if words.language == "ja":
        yield f"いま当てはまる未決のリード {found.now:,} 件"
        yield f"新たに当てはまった数(30 日ごと) {months}、月 {found.per_month:.1f} 件(下限 {found.floor} 件)"
    else:
        yield f"{found.now:,} undecided leads fit now"
        yield f"began to fit, by 30 days: {months}; {found.per_month:.1f} a month (floor {found.floor})"


def _reach(report: SegmentReport, words: Words) -> Iterator[str]:
    reach, ja = report.reach, words.language == "ja"
    yield ("受注のうち " if ja else "holds ") + with_interval(reach.won) + ("" if ja else " of won deals")
    steps = [(words.phase(each.phase), each.inside, each.all) for each in reach.phases]
    steps.append(("営業へ" if ja else "to sales", reach.handed_over, reach.handed_over_all))
    path = " → ".join(f"{name} {percent(inside)}" for name, inside, _ in steps)
    everybody = " → ".join(percent(all_) for _, _, all_ in steps)
    yield f"{path}(全体 {everybody})" if ja else f"{path} (all: {everybody})"


def _response(report: SegmentReport, words: Words) -> Iterator[str]:
    response, ja = report.response, words.language == "ja"
    whole = with_count(response.whole)
    yield f"すべての条件を判定できるリード {whole}" if ja else f"every condition can be judged on {whole}"
    each = [f"{_measured(part, words)} {percent(part.share)}" for part in response.parts]
    if each:
        yield ("、" if ja else ", ").join(each)


def _measured(part: Measured, words: Words) -> str:
    """What is measured, whatever is asked of it."""
    match part.condition:
        case AttributeIs(attribute=name):
            return words.attribute(name)
        case Did(any_human_event=False):
            return words.event(part.condition.did)
        case _:
            return words.condition(part.condition)


def advised(advice: Advice, words: Words) -> str:
    """One advice as a sentence."""
    condition = words.condition(advice.condition) if advice.condition is not None else ""
    share = with_count(advice.share) if advice.share is not None else ""
    against = with_count(advice.against) if advice.against is not None else ""
    joined = ("・" if words.language == "ja" else ", ").join(_named(advice, words))
    at = f"{advice.at:%Y-%m-%d}" if advice.at is not None else ""
    says = _JA[advice.what] if words.language == "ja" else _EN[advice.what]
    if advice.what in ("ask_for", "combine_axes", "loosen", "wait") and not _has_detail(advice):
        says = (_JA if words.language == "ja" else _EN)[f"{advice.what} at all"]
    return says.format(c=condition, share=share, against=against, n=advice.number, names=joined, at=at)


def _has_detail(advice: Advice) -> bool:
    match advice.what:
        case "loosen":
            return advice.share is not None and advice.share.of > 0
        case "wait":
            return advice.number > 0
        case _:
            return bool(advice.names)


def _named(advice: Advice, words: Words) -> Iterator[str]:
    axes = AXES[words.language]
    for name in advice.names:
        match advice.what:
            case "combine_axes":
                yield next(said for axis, said in axes.items() if axis == name)
            case "hurry":
                yield words.phase(name)
            case _:
                yield name


_EN = {
    "combine_axes": "asks along one axis only ({names}): a coarse choice; combine it with another axis",
    "combine_axes at all": "asks nothing along any axis: a coarse choice; combine two or more",
    "wait": "too few to say: {n} more are needed; a longer table of past deals (--history) may have them",
    "wait at all": "too few to say: a longer table of past deals (--history) may have enough",
    "tell_since": "nobody knows since when: name the column with the day a lead became known (`since`)",
    "drop": "drop `{c}`: the leads that only it keeps out were won {against}, those it lets in {share}",
    "add": "add `{c}`: with it {share} were won, without it {against}",
    "loosen": "loosen `{c}`: {n} more would fit; of those decided {share} were won",
    "loosen at all": "loosen `{c}`: {n} more would fit",
    "keeps_out": "`{c}` alone keeps out {share} of the won deals outside",
    "widen": "no single condition keeps many out: ask for less in several, or lower the floor of {n}",
    "hurry": "to {names} come {share} of its leads, of all {against}: look at the steps before it",
    "ask_for": "`{c}` can be judged on {share} only: it can be asked for in the form(s) {names}",
    "ask_for at all": "`{c}` can be judged on {share} only, and no form asks for it: add it to one, or look it up",
    "no_source": "`{c}`: nobody has ever done it; is anything reporting such events?",
    "gone_silent": "`{c}`: nobody has done it since {at}; does its source still report?",
}
_JA = {
    "combine_axes": "評価軸が一つ({names})だけで、絞り込みが粗くなります。別の軸の条件を掛け合わせてください",
    "combine_axes at all": "どの評価軸の条件もなく、絞り込みが粗くなります。二つ以上の軸を掛け合わせてください",
    "wait": "判断には件数が足りません。あと {n} 件必要です。もっと長い期間の商談の表(--history)で補えます",
    "wait at all": "判断には件数が足りません。もっと長い期間の商談の表(--history)で補えます",
    "tell_since": "いつからのリードかが分かりません。リードになった日の列を since に書いてください",
    "drop": "「{c}」を外す:この条件だけで外れたリードの受注率は {against} で、残したリード({share})に劣りません",
    "add": "「{c}」を加える:当てはまるリードの受注率は {share}、いまのセグメントは {against}",
    "loosen": "「{c}」を緩めると {n} 件が新たに当てはまります。うち結果の出たリードの受注率は {share}",
    "loosen at all": "「{c}」を緩めると {n} 件が新たに当てはまります",
    "keeps_out": "セグメント外の受注のうち {share} は、「{c}」だけで外れています",
    "widen": "一つで多くを外している条件はありません。複数の条件を少しずつ緩めるか、下限の {n} 件を見直します",
    "hurry": "{names}まで進むのは {share} で、全体の {against} を下回ります。その手前のステップを見直します",
    "ask_for": "「{c}」を判定できるのは {share} だけです。フォーム {names} で尋ねられます",
    "ask_for at all": "「{c}」を判定できるのは {share} だけです。フォームの項目に加えるか、調べて補います",
    "no_source": "「{c}」をした人が一人もいません。この行動は記録されていますか",
    "gone_silent": "「{c}」は {at} を最後に記録がありません。計測が止まっていませんか",
}


def summary(report: FourR | JourneyCheck, language: Language) -> str:
    """How many leads a report is about, and as of when."""
    won, lost, rest = report.won, report.lost, report.leads - report.won - report.lost
    if language == "ja":
        numbers = f"受注 {won:,}、失注 {lost:,}、未決 {rest:,}"
        return f"リード {report.leads:,} 件({numbers})、{report.at:%Y-%m-%d} 現在"
    return f"{report.leads:,} leads ({won:,} won, {lost:,} lost, {rest:,} undecided) as of {report.at:%Y-%m-%d}"


def percent(share: Share) -> str:
    """`41%`; of nothing, a dash."""
    return f"{share.value:.0%}" if share.of else "–"


def with_count(share: Share) -> str:
    """`41% (39/95)`."""
    return f"{percent(share)} ({share.hits:,}/{share.of:,})"


def with_interval(share: Share) -> str:
    """`41% (32–51%, 39/95)`."""
    if not share.of:
        return f"– ({share.hits}/{share.of})"
    return f"{share.value:.0%} ({share.low:.0%}–{share.high:.0%}, {share.hits:,}/{share.of:,})".replace("%–", "–")
