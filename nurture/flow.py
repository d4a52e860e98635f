"""Reads a scenario as boxes and arrows: what stands in each box, what each arrow says; refuses to place them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from nurture.conditions import All, AnyOf, AttributeIs, Condition, Did, IsHot, Not, OutcomeIs
from nurture.definitions import Edge, Scenario, SendOptions, Step
from nurture.durations import Duration

BoxKind = Literal["start", "anywhere", "send", "wait", "act", "handoff", "finish"]
STEP, FINISH = "step:", "finish:"
"""How the id of a box begins that is a step, or a last word."""
ArrowKind = Literal["then", "otherwise", "skip", "exhausted", "refused", "anywhere", "leave", "hot", "enter"]

WORDS = {
    "ja": {
        "start": "開始",
        "anywhere": "どのステップでも",
        "otherwise": "それ以外",
        "skip": "送らずに進む",
        "exhausted": "{n} 回を超えたら",
        "refused": "送れないとき",
        "hot": "ホットになったら",
        "wait": "待つ",
        "until": "待つ: {what}",
        "timeout": "最長 {span}",
        "by": "{attribute} まで",
        "visits": "最大 {n} 回",
        "handoff": "営業へ: {queue}",
        "finish": "終了: {word}",
        "notify": "知らせる: {to}",
        "set": "{attribute} を {to} に",
        "enroll": "登録: {scenario}",
        "nothing": "送らない",
        "or": " または ",
        "segment": "セグメント: {name}",
        "by_hand": "手動・API で登録",
        "after": "{span} 待つ",
        "phase": "フェーズ: {name}",
        "and": " かつ ",
        "not": "{what} ではない",
        "anything": "何らかの行動",
        "times": " を {n} 回以上",
        "within": "{what}({span}以内)",
        "outcome": "結果が {what}",
        "came": "のべ {n} 回",
        "stand": "いま {n} 人",
        "is_hot": "ホット",
        "not_hot": "ホットではない",
        "known": "が分かっている",
        "unknown": "が不明",
        "bd": " 営業日",
        "d": " 日",
        "h": " 時間",
        "m": " 分",
        "s": " 秒",
    },
    "en": {
        "start": "start",
        "anywhere": "at every step",
        "otherwise": "otherwise",
        "skip": "skip",
        "exhausted": "after {n} visits",
        "refused": "cannot be sent",
        "hot": "becomes hot",
        "wait": "wait",
        "until": "wait for {what}",
        "timeout": "at most {span}",
        "by": "until {attribute}",
        "visits": "at most {n} visits",
        "handoff": "to sales: {queue}",
        "finish": "finish: {word}",
        "notify": "notify {to}",
        "set": "set {attribute} to {to}",
        "enroll": "enrol in {scenario}",
        "nothing": "no mail",
        "or": " or ",
        "segment": "segment: {name}",
        "by_hand": "by hand or API",
        "after": "wait {span}",
        "phase": "phase: {name}",
        "and": " and ",
        "not": "not {what}",
        "anything": "did anything",
        "times": ", {n} times or more",
        "within": "{what} within {span}",
        "outcome": "outcome {what}",
        "came": "{n} visits",
        "stand": "{n} here now",
        "is_hot": "hot",
        "not_hot": "not hot",
        "known": "known",
        "unknown": "unknown",
        "bd": "bd",
        "d": "d",
        "h": "h",
        "m": "m",
        "s": "s",
    },
}


@dataclass(frozen=True, slots=True)
class Box:
    """One node: a step, a finish word, the start, or `anywhere`. `lines` stand under the title, top to bottom.

    `figures`: how many leads came by, where the picture shows it.
    """

    id: str
    kind: BoxKind
    title: str
    lines: tuple[str, ...] = ()
    phase: str | None = None
    figures: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One edge between two boxes, by id; `label` is empty where nothing needs saying.

    `why`: its condition in the words of the timeline. `figures`: how many took it, where the picture shows it.
    """

    source: str
    target: str
    kind: ArrowKind
    label: str = ""
    why: str = ""
    figures: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """A scenario as boxes (in the order they are written, finishes last) and arrows."""

    name: str
    title: str
    language: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def words_of(language: str) -> dict[str, str]:
    """The words of a picture in Japanese, or in English for any other language."""
    return WORDS["ja" if language.startswith("ja") else "en"]


def read_flow(scenario: Scenario, language: str | None = None) -> Flow:
    """Every step of a scenario and every way between them, in a stable order.

    `language` of the words in boxes and at arrows; default: that of its mails.
    """
    language = language or scenario.language or "ja"
    words = words_of(language)
    start = Box("start", "start", words["start"], _entrance(scenario, words))
    steps = [_box(name, step, words) for name, step in _in_order(scenario)]
    arrows = [Arrow("start", _step(scenario.start), "enter"), *_everywhere(scenario, words)]
    for name, step in _in_order(scenario):
        arrows += _ways(name, step, words)
    boxes = [start, *steps]
    if scenario.anywhere or scenario.leave or (scenario.on_hot and scenario.on_hot != "ignore"):
        boxes.append(Box("anywhere", "anywhere", words["anywhere"]))
    known = {box.id for box in boxes}
    boxes += [
        Box(end, "finish", words["finish"].format(word=end.removeprefix(FINISH)))
        for end in dict.fromkeys(arrow.target for arrow in arrows)
        if end.startswith(FINISH) and end not in known
    ]
    known = {box.id for box in boxes}
    return Flow(
        name=scenario.scenario,
        title=scenario.title or scenario.scenario,
        language=language,
        boxes=tuple(boxes),
        arrows=tuple(arrow for arrow in arrows if arrow.target in known),
    )


def _step(name: str) -> str:
    return STEP + name


def _in_order(scenario: Scenario) -> list[tuple[str, Step]]:
    """The steps as written, the first one to be walked in front."""
    return sorted(scenario.steps.items(), key=lambda item: item[0] != scenario.start)


def _entrance(scenario: Scenario, words: dict[str, str]) -> tuple[str, ...]:
    if scenario.enter.segment is not None:
        return (words["segment"].format(name=scenario.enter.segment),)
    if scenario.enter.event is not None:
        return (str(scenario.enter.event),)
    return (words["by_hand"],)


def _box(name: str, step: Step, words: dict[str, str]) -> Box:
    lines = [*_action(step, words), *_waiting(step, words)]
    if step.max_visits is not None:
        lines.append(words["visits"].format(n=step.max_visits))
    if step.phase is not None:
        lines.append(words["phase"].format(name=step.phase))
    return Box(_step(name), _kind(step), name, tuple(lines), step.phase)


def _kind(step: Step) -> BoxKind:
    if step.finish is not None:
        return "finish"
    if step.handoff is not None:
        return "handoff"
    if step.send is not None:
        return "send"
    if step.notify is not None or step.set is not None or step.enroll is not None:
        return "act"
    return "wait"


def _action(step: Step, words: dict[str, str]) -> Iterator[str]:
    if isinstance(step.send, SendOptions) and step.send.split is not None:
        for name, share in step.send.split.items():
            yield f"{words['nothing'] if name == 'none' else name} {share} %"
    elif step.mails:
        yield " → ".join(step.mails)
    if step.notify is not None:
        yield words["notify"].format(to=step.notify.to)
    if step.set is not None:
        yield words["set"].format(attribute=step.set.attribute, to=_value(step.set.to))
    if step.enroll is not None:
        yield words["enroll"].format(scenario=step.enroll.scenario)
    if step.handoff is not None:
        yield words["handoff"].format(queue=step.handoff.queue)
    if step.finish is not None:
        yield words["finish"].format(word=step.finish)


def _waiting(step: Step, words: dict[str, str]) -> Iterator[str]:
    if step.wait is None:
        return
    if step.until:
        yield words["until"].format(what=words["or"].join(said(condition, words) for condition in step.until))
        if step.timeout is not None:
            yield words["timeout"].format(span=_span(step.timeout, words))
    elif step.timeout is not None:
        yield words["after"].format(span=_span(step.timeout, words))
    if step.by is not None:
        moved = bool(step.by.offset.span or step.by.offset.business_days)
        offset = f" {_span(step.by.offset, words)}" if moved else ""
        yield words["by"].format(attribute=f"{step.by.attribute}{offset} {step.by.at}")


def said(condition: Condition, words: dict[str, str], *, inside: bool = False) -> str:
    """A condition in the words of the picture; parts of another one stand in brackets where they need them."""
    match condition:
        case All(all=parts) | AnyOf(any=parts):
            word = words["and"] if isinstance(condition, All) else words["or"]
            text = word.join(said(part, words, inside=len(parts) > 1) for part in parts)
            return f"({text})" if inside and len(parts) > 1 else text
        case Not(not_=parts):
            return words["not"].format(what=words["or"].join(said(part, words, inside=True) for part in parts))
        case Did():
            what = words["anything"] if condition.any_human_event else str(condition.did)
            times = words["times"].format(n=condition.at_least) if condition.at_least > 1 else ""
            if condition.within is not None:
                what = words["within"].format(what=what, span=_span(condition.within, words))
            return what + times
        case AttributeIs():
            return _tests(condition, words)
        case OutcomeIs():
            return words["outcome"].format(what=words["or"].join(condition.words))
        case IsHot():
            return words["is_hot"] if condition.hot else words["not_hot"]
        case _:
            return str(condition)


def _value(value: Any) -> str:
    """A value as it is written in YAML."""
    if isinstance(value, list | tuple):
        return " / ".join(_value(one) for one in value)
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def _tests(condition: AttributeIs, words: dict[str, str]) -> str:
    tests = condition.model_dump(by_alias=True, exclude_none=True, exclude={"attribute"})
    signs = {"is": "=", "in": "=", "at_least": "≥", "at_most": "≤", "contains": "∋", "before": "<", "after": ">"}
    told = []
    for name, value in tests.items():
        if name == "known":
            told.append(words["known"] if value else words["unknown"])
        else:
            told.append(f"{signs[name]} {_value(value)}")
    return f"{condition.attribute} {', '.join(told)}"


def _span(duration: Duration, words: dict[str, str]) -> str:
    """A duration in the words of the picture; whole days stay days, since that is how people count here."""
    if duration.business_days:
        return f"{duration.business_days}{words['bd']}"
    seconds = int(duration.span.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{words[unit]}"
    return f"{seconds}{words['s']}"


def _ways(name: str, step: Step, words: dict[str, str]) -> Iterator[Arrow]:
    here = _step(name)
    if step.skip is not None:
        yield Arrow(here, _step(step.skip.go), "skip", f"{words['skip']}: {said(step.skip.when, words)}")
    edges = step.edges
    for edge in edges:
        yield from _edge(here, edge, words, alone=len(edges) == 1)
    if step.when_exhausted is not None:
        yield Arrow(here, _step(step.when_exhausted), "exhausted", words["exhausted"].format(n=step.max_visits))
    if step.when_refused is not None:
        yield Arrow(here, _step(step.when_refused), "refused", words["refused"])


def _edge(here: str, edge: Edge, words: dict[str, str], *, alone: bool) -> Iterator[Arrow]:
    what = said(edge.when, words) if edge.when is not None else ""
    why = str(edge.when) if edge.when is not None else "otherwise"
    if edge.split is not None:
        for target, share in edge.split.items():
            yield Arrow(here, _step(target), "then", f"{what}: {share} %" if what else f"{share} %", why)
    elif edge.otherwise is not None:
        kind: ArrowKind = "then" if alone else "otherwise"
        yield Arrow(here, _step(edge.otherwise), kind, "" if alone else words["otherwise"], why)
    elif edge.go is not None:
        yield Arrow(here, _step(edge.go), "then", what, why)
    elif edge.finish is not None:
        yield Arrow(here, FINISH + edge.finish, "then", what, why)


def _everywhere(scenario: Scenario, words: dict[str, str]) -> Iterator[Arrow]:
    for leave in scenario.leave:
        yield Arrow("anywhere", FINISH + leave.finish, "leave", said(leave.when, words), str(leave.when))
    for jump in scenario.anywhere:
        yield Arrow("anywhere", _step(jump.go), "anywhere", said(jump.when, words))
    if scenario.on_hot is not None and scenario.on_hot != "ignore":
        yield Arrow("anywhere", _step(scenario.on_hot), "hot", words["hot"])
