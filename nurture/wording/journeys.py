"""Puts the journey map and its check into words of one language; refuses to lay them out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from nurture.definitions import Definitions, Phase
from nurture.map_steps import Asking, served
from nurture.reality_check import ENOUGH, ActionCheck, JourneyCheck, MissingAction, Reality
from nurture.wording.conditions import Language, Words
from nurture.wording.four_r import percent, summary, with_count

LABELS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "The journey map", "check": "The journey map against what leads did", "persona": "persona",
        "reached": "reached when", "thinking": "thinking", "actions": "actions", "steps": "steps that serve it",
        "qualifying": "qualifying range", "hot": "hot within it", "begin": "from the beginning", "none": "none",
        "action": "action", "won": "won", "all": "all", "after": "after days", "before": "days to won",
        "verdict": "verdict",
        "reached_by": "reached by {won} of won and {all} of all leads", "wrong": "To mend on the map",
        "missing": "Missing on the map", "asking": "Steps that ask for what the map does not expect",
        "fine": "nothing: the map is what leads did",
        "no_opinion": f"no opinion, fewer than {ENOUGH} leads were won",
        "after_note": "after days: from becoming known to the first time; days to won: from there to the closing; "
        "medians of won leads.",
    },
    "ja": {
        "title": "カスタマージャーニーマップ", "check": "カスタマージャーニーマップと実際の行動", "persona": "人物像",
        "reached": "到達の条件", "thinking": "考えていること", "actions": "行動", "steps": "対応するステップ",
        "qualifying": "絞り込みの範囲", "hot": "その中でのホットリードの基準", "begin": "最初から", "none": "なし",
        "action": "行動", "won": "受注", "all": "全体", "after": "行動まで", "before": "受注まで", "verdict": "判定",
        "reached_by": "到達したのは受注の {won}、全体の {all}", "wrong": "マップを直すところ",
        "missing": "マップに足りない行動", "asking": "マップが想定していない行動を求めるステップ",
        "fine": "ありません。マップは実際の行動と合っています",
        "no_opinion": f"受注が {ENOUGH} 件に満たないため、判定していません",
        "after_note": "行動まで:リードになってから最初の行動までの日数。受注まで:そこから受注までの日数。"
        "受注したリードの中央値です。",
    },
}  # fmt: skip
REALITY: dict[Language, dict[Reality, str]] = {
    "en": {"real": "real", "wishful": "wishful", "elsewhere": "elsewhere", "undated": "no days known",
           "unrecorded": "not recorded", "too_few": "too few"},
    "ja": {"real": "実際どおり", "wishful": "願望", "elsewhere": "別の段階", "undated": "日付なし",
           "unrecorded": "記録なし", "too_few": "件数不足"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One phase of the map, in words. `qualifying`: hot leads are looked for in it."""

    title: str
    qualifying: bool
    reached: str
    thinking: tuple[str, ...]
    actions: tuple[str, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """The journey map, in words."""

    persona: str
    about: str
    columns: tuple[Column, ...]
    qualifying: str
    hot: tuple[str, ...]


def drawn(definitions: Definitions, words: Words) -> Map | None:
    """The map; None where there is none."""
    found = definitions.journey_map
    if found is None:
        return None
    order, steps, labels = definitions.phases, served(definitions), LABELS[words.language]
    first, last = 0, len(order) - 1
    if found.qualifying is not None:
        first = order.index(found.qualifying.from_)
        last = order.index(found.qualifying.to) if found.qualifying.to is not None else last
    columns = tuple(
        _column(phase, words, steps[phase.phase], qualifying=found.qualifying is not None and first <= index <= last)
        for index, phase in enumerate(found.phases)
    )
    return Map(
        found.persona.name if found.persona is not None else "",
        (found.persona.about or "") if found.persona is not None else "",
        columns,
        " → ".join(column.title for column in columns if column.qualifying) or labels["none"],
        _hot(definitions, words),
    )


def _column(phase: Phase, words: Words, steps: tuple[str, ...], *, qualifying: bool) -> Column:
    labels = LABELS[words.language]
    reached = words.condition(phase.reached_when) if phase.reached_when is not None else labels["begin"]
    actions = tuple(words.event(action) for action in phase.actions)
    title = phase.title if phase.title and words.language == "ja" else phase.phase
    return Column(title, qualifying, reached, phase.thinking, actions, steps or (labels["none"],))


def _hot(definitions: Definitions, words: Words) -> tuple[str, ...]:
    hot = definitions.hot_lead
    if hot is None:
        return ()
    ja = words.language == "ja"
    rules = [words.condition(each) for each in hot.any or ()]
    if hot.all:
        rules.append((" かつ " if ja else " and ").join(words.condition(each, inner=True) for each in hot.all))
    rules += [f"除外:{words.condition(each)}" if ja else f"never: {words.condition(each)}" for each in hot.not_]
    return tuple(rules)


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action and who did it. `share`: of won leads, 0 to 1, for a bar."""

    action: str
    won: str
    all: str
    after: str
    before: str
    reality: Reality
    said: str
    share: float


@dataclass(frozen=True, slots=True)
class PhaseRows:
    """One phase with its actions. `steps`: what serves it; empty where nothing does."""

    title: str
    reached: str
    actions: tuple[ActionRow, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckSheet:
    """The check in words; each group of sentences says what to change. `judged`: enough were won for an opinion."""

    summary: str
    phases: tuple[PhaseRows, ...]
    wrong: tuple[str, ...]
    missing: tuple[str, ...]
    asking: tuple[str, ...]
    judged: bool


def worded(check: JourneyCheck, words: Words) -> CheckSheet:
    """The check in words."""
    ja, labels = words.language == "ja", LABELS[words.language]
    phases = tuple(
        PhaseRows(
            words.phase(each.phase),
            labels["reached_by"].format(won=percent(each.won), all=percent(each.all)),
            tuple(_action(action, words) for action in each.actions),
            each.steps,
        )
        for each in check.phases
    )
    wrong = [_mended(action, phase.phase, words) for phase in check.phases for action in phase.actions if _bad(action)]
    wrong += [
        f"「{words.phase(phase)}」に対応するステップがありません。どこかのステップに phase: {phase} と書きます"
        if ja
        else f"no scenario serves {phase}: give a step `phase: {phase}`, or make one"
        for phase in check.unserved
    ]
    return CheckSheet(
        summary(check, words.language),
        phases,
        tuple(wrong),
        tuple(_missing(each, words) for each in check.missing),
        tuple(_asking(each, words) for each in check.askings),
        check.won >= ENOUGH,
    )


def _bad(action: ActionCheck) -> bool:
    return action.reality in ("wishful", "elsewhere", "undated", "unrecorded")


def _action(action: ActionCheck, words: Words) -> ActionRow:
    return ActionRow(
        words.event(action.action), percent(action.won), percent(action.all), _days(action.after),
        _days(action.before_won), action.reality, REALITY[words.language][action.reality], action.won.value,
    )  # fmt: skip


def _days(span: timedelta | None) -> str:
    return f"{span / timedelta(days=1):.0f}" if span is not None else "–"


def _mended(action: ActionCheck, phase: str, words: Words) -> str:
    what, ja = words.event(action.action), words.language == "ja"
    if action.reality == "wishful":
        share = with_count(action.won)
        if ja:
            where = words.phase(phase)
            return f"「{where}」の「{what}」は願望です。受注したリードでも {share}。外すか、実際の行動に替えます"
        return f"{what} in {phase} is wishful: {share} of the won leads did it; take it out, or put in what they did"
    if action.reality == "undated":
        share = with_count(action.won)
        if ja:
            return f"「{what}」は、受注したリードの {share} がしていますが、いつかが分かりません。日付の列を用意します"
        return f"{what} in {phase}: {share} of the won leads did it, nobody knows when: bring a column with its days"
    if action.reality == "unrecorded":
        if ja:
            where = words.phase(phase)
            return f"「{where}」の「{what}」は、どのリードにも記録がありません。取り込む列や計測はありますか"
        return f"{what} in {phase} is not recorded for any lead: is there a column or source for it?"
    where = words.phase(action.phase or "")
    if ja:
        return (
            f"「{what}」は「{words.phase(phase)}」にありますが、受注した人の多くは「{where}」にいるうちにしています。"
            "そちらへ移すか、到達の条件に加えます"
        )
    return f"{what} stands in {phase}, most won leads did it in {where}: move it there, or let it count as reaching"


def _missing(action: MissingAction, words: Words) -> str:
    what, won, lost = words.event(action.action), with_count(action.won), percent(action.lost)
    if words.language == "ja":
        where = f"「{words.phase(action.phase)}」のころ" if action.phase else "時期はまちまち"
        return f"「{what}」:受注したリードの {won} がしています(失注では {lost}、{where})"
    where = f", mostly in {action.phase}" if action.phase else ""
    return f"{what}: {won} of the won leads did it ({lost} of the lost){where}"


def _asking(each: Asking, words: Words) -> str:
    what, step = words.event(each.action), f"{each.scenario}/{each.step}"
    if words.language == "ja":
        how = "を待っています" if each.by == "waits" else "のフォームへ案内しています"
        later = f"(マップでは{words.phase(each.expected[0])}の行動)" if each.expected else ""
        return f"{step} は「{what}」{how}{later}"
    how = "waits for" if each.by == "waits" else "links to the form of"
    later = f", which the map expects in {each.expected[0]}" if each.expected else ""
    return f"{step} {how} {what}{later}"
