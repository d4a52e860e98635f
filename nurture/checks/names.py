"""Finds names that stand for nothing: events, attributes, segments, phases, steps, templates, queues and the like."""

from __future__ import annotations

from collections.abc import Iterator

from nurture.checks.findings import At, Findings
from nurture.checks.spots import PatternSpot, patterns, spots
from nurture.conditions import (
    ANY,
    BUILT_IN_EVENTS,
    KEYWORDS,
    MAIL_EVENTS,
    AttributeIs,
    InPhase,
    InSegment,
    ScoreIs,
)
from nurture.definitions import HOLD_OUT, IGNORE, Scenario, SendOptions, Step
from nurture.errors import near_names
from nurture.folder import DEFAULT_LANGUAGE, Folder
from nurture.refusals import did_you_mean

TOTALS = ("total", "attributes", "behaviours")


def check_names(found: Findings) -> None:
    """Every name in conditions, event patterns and scenarios."""
    _conditions(found)
    for spot in patterns(found.folder):
        _event(found, spot)
    for name, scenario in found.folder.definitions.scenarios.items():
        _scenario(found, scenario, found.folder.scenario_files[name])
    _unused(found)


# --- conditions -----------------------------------------------------------------------------------------------------


def _conditions(found: Findings) -> None:
    folder = found.folder
    items = _items(folder)
    for spot in spots(folder):
        for at, part in spot.parts():
            match part:
                case AttributeIs():
                    attribute(found, at.to("attribute"), part.attribute)
                case InSegment():
                    known = folder.names("segments")
                    found.unknown(at.to("segment"), "segment", part.segment, known, _absent(folder, "segments"))
                case InPhase():
                    phase(found, at.to("phase", "at_least"), part.name)
                case ScoreIs() if part.score not in TOTALS:
                    known = None if items is None else items | frozenset(TOTALS)
                    found.unknown(at.to("score"), "score item", part.score, known)


def _absent(folder: Folder, kind: str) -> str:
    return f"{kind}.yaml defines none" if folder.present(kind) else f"there is no {kind}.yaml"


def _items(folder: Folder) -> frozenset[str] | None:
    source = folder.sources.get("score.yaml")
    if source is not None and (source.model is None or source.damaged):
        return None
    score = folder.definitions.score
    return frozenset(item.item for item in score.attributes) | frozenset(item.item for item in score.behaviours)


def attribute(found: Findings, at: At, name: str, *, extra: frozenset[str] = frozenset()) -> None:
    """An attribute somebody names. That attributes.yaml is missing is said once, at the first of them."""
    folder = found.folder
    if not folder.present("attributes") and name not in extra:
        if not any(
            problem.rule == "missing-file" and "attributes.yaml" in problem.message for problem in found.problems
        ):
            found.error(at, f"attributes.yaml is missing: here the attribute {name!r} is named", "missing-file")
        return
    known = folder.names("attributes")
    found.unknown(at, "attribute", name, None if known is None else known | extra)


def phase(found: Findings, at: At, name: str) -> None:
    """A phase somebody names."""
    folder = found.folder
    source = folder.sources.get("journey_map.yaml")
    known = (
        None if source is not None and not folder.sound("journey_map.yaml", ("phases",)) else folder.definitions.phases
    )
    found.unknown(at, "phase", name, known, _absent(folder, "journey_map"))


# --- events ---------------------------------------------------------------------------------------------------------


def _event(found: Findings, spot: PatternSpot) -> None:
    folder, pattern = found.folder, spot.pattern
    own = folder.names("events")
    bare = spot.pattern.subject is None
    if own is None:
        return
    known = frozenset(BUILT_IN_EVENTS) | own
    if pattern.type not in known:
        # A mistyped keyword reads as an event, so the keywords are proposed too.
        near = near_names(pattern.type, [*known, *(KEYWORDS if not bare else ())])
        rest = did_you_mean(near) or "; own event types are declared in events.yaml"
        found.error(spot.at, f"unknown event {pattern.type!r}{rest}", "unknown-event")
        return
    if pattern.subject is None or pattern.subject == ANY:
        return
    at = spot.at.to(pattern.type)
    declared = folder.definitions.events.get(pattern.type)
    subjects = declared.subjects if declared is not None else None
    if pattern.type in MAIL_EVENTS:
        found.unknown(at, "template", pattern.subject, folder.template_names)
    elif subjects is not None and not subject_fits(pattern.subject, subjects):
        found.unknown(at, f"subject of `{pattern.type}`", pattern.subject, subjects)


def subject_fits(subject: str, declared: tuple[str, ...]) -> bool:
    """True if a declared subject is, contains or is contained in `subject` (subjects are paths)."""
    return any(subject == each or each.startswith(f"{subject}/") or subject.startswith(f"{each}/") for each in declared)


# --- scenarios ------------------------------------------------------------------------------------------------------


def _scenario(found: Findings, scenario: Scenario, file: str) -> None:
    folder, whole = found.folder, At(file)
    steps = folder.steps(scenario)
    if folder.sound(file, ("start",)):
        found.unknown(whole.to("start"), "step", scenario.start, steps)
    if scenario.enter.segment is not None:
        known = folder.names("segments")
        found.unknown(
            whole.to("enter", "segment"), "segment", scenario.enter.segment, known, _absent(folder, "segments")
        )
    for index, jump in enumerate(scenario.anywhere):
        found.unknown(whole.to("anywhere", index, "go"), "step", jump.go, steps)
    if scenario.on_hot is not None and scenario.on_hot != IGNORE:
        _on_hot(found, scenario, scenario.on_hot, whole.to("on_hot"))
    if scenario.topic is not None and folder.definitions.sender and folder.sound("sender.yaml", ("topics",)):
        topics = folder.definitions.sender.topics
        found.unknown(whole.to("topic"), "topic", scenario.topic, topics, "sender.yaml lists no `topics`")
    for name, step in scenario.steps.items():
        at = whole.to("steps", name)
        for place, target in targets(step, at):
            found.unknown(place, "step", target, steps)
        if step.phase is not None:
            phase(found, at.to("phase"), step.phase)
        _mails(found, scenario, step, at)
        _actions(found, scenario, step, at)


def _on_hot(found: Findings, scenario: Scenario, target: str, at: At) -> None:
    if found.unknown(at, "step", target, found.folder.steps(scenario)):
        return
    step = scenario.steps.get(target)
    if step is not None and step.handoff is None and found.folder.sound(at.file, ("steps", target)):
        message = f"`on_hot` leads to a handoff step (or is `{IGNORE}`), and {target!r} hands nobody over"
        found.error(at, message, "on-hot")


def targets(step: Step, at: At) -> Iterator[tuple[At, str]]:
    """Every step that a step names, with its place."""
    if step.skip is not None:
        yield at.to("skip", "go"), step.skip.go
    if step.when_exhausted is not None:
        yield at.to("when_exhausted"), step.when_exhausted
    if step.when_refused is not None:
        yield at.to("when_refused"), step.when_refused
    if isinstance(step.then, str):
        yield at.to("then"), step.then
        return
    for index, edge in enumerate(step.edges):
        if edge.go is not None:
            yield at.to("then", index, "go"), edge.go
        if edge.otherwise is not None:
            yield at.to("then", index, "otherwise"), edge.otherwise
        for target in edge.split or ():
            yield at.key("then", index, "split", target), target


def _mails(found: Findings, scenario: Scenario, step: Step, at: At) -> None:
    language = scenario.language or DEFAULT_LANGUAGE
    send = at.to("send")
    if isinstance(step.send, SendOptions):
        send = send.to("split" if step.mail_split else "template")
    for index, name in enumerate(step.mails):
        _template(found, send.to(index), name, language)
    for name in step.mail_split:
        if name != HOLD_OUT:
            _template(found, send.key(name), name, language)


def _template(found: Findings, at: At, name: str, language: str) -> None:
    there = found.folder.languages(name)
    if not there:
        found.unknown(at, "template", name, found.folder.template_names, f"add templates/{name}.{language}.md")
    elif language not in there:
        message = f"template {name!r} is not written in {language!r}, only in {', '.join(there)}"
        found.error(at, f"{message}: add templates/{name}.{language}.md", "unknown-template")


def _actions(found: Findings, scenario: Scenario, step: Step, at: At) -> None:
    folder = found.folder
    if step.handoff is not None and folder.present("sales"):
        found.unknown(at.to("handoff", "queue"), "queue", step.handoff.queue, folder.names("sales", "queues"))
    if step.notify is not None and folder.present("sales"):
        queues, reps = folder.names("sales", "queues"), reps_of(folder)
        known = None if queues is None or reps is None else queues | reps
        found.unknown(at.to("notify", "to"), "queue or rep", step.notify.to, known)
    if step.enroll is not None:
        place = at.to("enroll", "scenario")
        if step.enroll.scenario == scenario.scenario:
            found.warning(place, "a lead cannot enter a scenario that it is in: this is refused", "enroll-itself")
        found.unknown(place, "scenario", step.enroll.scenario, folder.scenario_names)
    if step.set is not None:
        attribute(found, at.to("set", "attribute"), step.set.attribute)
    if step.by is not None:
        attribute(found, at.to("wait", "by", "attribute"), step.by.attribute)


def reps_of(folder: Folder) -> frozenset[str] | None:
    """The reps of sales.yaml, as written; None where it cannot be read."""
    source = folder.sources.get("sales.yaml")
    if source is None:
        return frozenset()
    return None if source.data is None else source.values("reps", "rep")


# --- what nobody uses -----------------------------------------------------------------------------------------------


def _unused(found: Findings) -> None:
    folder = found.folder
    definitions = folder.definitions
    if any(folder.sources[file].model is None or folder.sources[file].damaged for file in folder.sources):
        return  # what could not be read may use them
    segments = {scenario.enter.segment for scenario in definitions.scenarios.values()}
    segments |= {part.segment for spot in spots(folder) for _, part in spot.parts() if isinstance(part, InSegment)}
    for name in definitions.segments:
        if name not in segments:
            message = f"no scenario, score item or rule uses the segment {name!r}"
            found.warning(At("segments.yaml").key(name), message, "unused-segment")
    sent = {
        name
        for scenario in definitions.scenarios.values()
        for step in scenario.steps.values()
        for name in step.templates
    }
    sent |= {form.confirm for form in definitions.forms.values() if form.confirm is not None}
    for template in folder.templates:
        if template.name not in sent:
            found.warning(At(template.file), f"no scenario sends the template {template.name!r}", "unused-template")
