"""Finds steps that cannot be carried out as written: actions, waits, reactions and the way on."""

from __future__ import annotations

from nurture.checks.findings import At, Findings
from nurture.checks.spots import scenario_spots
from nurture.conditions import (
    ANY,
    All,
    AnyCondition,
    AnyOf,
    Did,
    EventPattern,
    Happened,
    Not,
    OutcomeIs,
    parts,
)  # fmt: skip
from nurture.definitions import ACTIONS, HOLD_OUT, IGNORE, Scenario, Step, WaitOptions

COUNTED_AS = {"opened": ("clicked", "replied")}
"""A click or a reply of a person is an open of that mail too."""


def check_steps(found: Findings) -> None:
    """Every step of every scenario, by itself."""
    folder = found.folder
    for name, scenario in folder.definitions.scenarios.items():
        file = folder.scenario_files[name]
        _needs(found, scenario, file)
        for step_name, step in scenario.steps.items():
            at = At(file).key("steps", step_name)
            if step_name in (HOLD_OUT, IGNORE):
                found.error(at, f"{step_name!r} has a meaning of its own and cannot name a step", "reserved-name")
            if folder.sound(file, at.path):
                _shape(found, at, step_name, step)
            _wait(found, at, step)
            _reactions(found, at, step)
        _outcomes(found, scenario, file)


def _needs(found: Findings, scenario: Scenario, file: str) -> None:
    """The files and keys a scenario cannot do without."""
    folder = found.folder
    whole = At(file)
    mails = next((name for name, step in scenario.steps.items() if step.send is not None), None)
    sells = next((name for name, step in scenario.steps.items() if step.handoff is not None), None)
    tells = next((name for name, step in scenario.steps.items() if step.notify is not None), None)
    if mails is not None:
        if not folder.present("sender"):
            message = f"sender.yaml is missing: the step {mails!r} sends mail"
            found.error(whole.key("steps", mails, "send"), message, "missing-file")
        if scenario.topic is None and folder.sound(file, ("topic",)):
            message = (
                f"the key `topic` is missing: the step {mails!r} sends mail, and a lead must be able to unsubscribe"
            )
            found.error(whole, message, "missing-key")
    if sells is not None and not folder.present("sales"):
        message = f"sales.yaml is missing: the step {sells!r} hands a lead over"
        found.error(whole.key("steps", sells, "handoff"), message, "missing-file")
    elif tells is not None and not folder.present("sales"):
        message = f"sales.yaml is missing: the step {tells!r} notifies a queue or a rep"
        found.error(whole.key("steps", tells, "notify"), message, "missing-file")


def _shape(found: Findings, at: At, name: str, step: Step) -> None:
    """What a step consists of. All of it stands at the step's name."""
    actions = [action for action in ACTIONS if getattr(step, action) is not None]
    if len(actions) > 1:
        message = f"step {name!r} has {len(actions)} actions ({', '.join(actions)}): a step does at most one"
        found.error(at, message, "several-actions")
    if step.finish is not None:
        for key in ("wait", "then", "skip", "max_visits", "when_exhausted"):
            if getattr(step, key) is not None:
                found.error(at, f"step {name!r} finishes the scenario: `{key}` has no place in it", "after-finish")
    elif step.then is None:
        message = f"step {name!r} has no way on: add `then`, or make it a `finish`"
        found.error(at, message, "no-way-on")
    if step.handoff is not None and step.wait is not None:
        message = f"step {name!r} hands the lead over: it lasts until sales closes the task, so it takes no `wait`"
        found.error(at, message, "handoff-wait")
    if step.max_visits is not None and step.when_exhausted is None and step.finish is None:
        message = (
            f"step {name!r} has `max_visits` and no `when_exhausted`: name the step that a further arrival goes to"
        )
        found.error(at, message, "missing-when-exhausted")
    if step.when_exhausted is not None and step.max_visits is None and step.finish is None:
        message = f"step {name!r} has `when_exhausted` and no `max_visits`: it is never used up"
        found.error(at, message, "missing-max-visits")
    if step.when_refused is not None and step.send is None:
        message = f"step {name!r} has `when_refused` and sends no mail that could be refused"
        found.warning(At(at.file, (*at.path, "when_refused"), named=True), message, "useless-key")


def _wait(found: Findings, at: At, step: Step) -> None:
    wait = step.wait
    if not isinstance(wait, WaitOptions) or not found.folder.sound(at.file, (*at.path, "wait")):
        return
    here = At(at.file, (*at.path, "wait"))
    if wait.timeout is None and wait.by is None:
        message = "this wait has no `timeout`: silence would keep the lead here for ever; add `timeout: 7d` (or `by`)"
        found.error(here, message, "wait-without-timeout")
    if wait.timeout is not None and wait.by is not None:
        found.error(here.key("by"), "a wait has a `timeout` or a `by`, not both", "two-deadlines")


def _reactions(found: Findings, at: At, step: Step) -> None:
    if step.finish is not None:
        return
    if isinstance(step.then, tuple):
        _closing(found, at, step)
    if not found.folder.sound(at.file, at.path):
        return
    reactions = [part for edge in step.edges if edge.when is not None for part in parts(edge.when)]
    for index, awaited in enumerate(step.until):
        if not named_in(awaited, reactions):
            message = f"`{awaited}` is awaited, and no reaction names it: the lead goes on as if nothing had happened"
            found.warning(At(at.file, (*at.path, "wait", "until", index)), message, "awaited-unnamed")


def _closing(found: Findings, at: At, step: Step) -> None:
    """A list of reactions ends with the one that always holds."""
    closing = next((index for index, edge in enumerate(step.edges) if edge.when is None), None)
    if closing is None:
        if found.folder.sound(at.file, (*at.path, "then")):
            message = f"step {at.path[-1]!r} has no `otherwise`: say where a lead goes when none of its reactions holds"
            found.error(at, message, "missing-otherwise")
        return
    for index in range(closing + 1, len(step.edges)):
        message = "this edge is never taken: the one before it is taken otherwise"
        found.error(At(at.file, (*at.path, "then", index)), message, "after-otherwise")


def named_in(awaited: AnyCondition, reactions: list[AnyCondition]) -> bool:
    """True if some reaction is about the awaited condition, as a whole or in all its parts."""
    if awaited in reactions:
        return True
    match awaited:
        case Happened(event=event):
            return any(_covers(each, event) for each in reactions)
        case Did(did=event):
            return any(isinstance(each, Did) and _same_event(each.did, event) for each in reactions)
        case All(all=inner) | AnyOf(any=inner) | Not(not_=inner):
            return all(named_in(each, reactions) for each in inner)
        case _:
            return any(_same_question(each, awaited) for each in reactions)


def _covers(reaction: AnyCondition, event: EventPattern) -> bool:
    match reaction:
        case Happened(event=named) | Did(did=named):
            return _same_event(named, event)
        case _:
            return False


def _same_event(named: EventPattern, event: EventPattern) -> bool:
    """True if what is named may be what is awaited: equal, wider or narrower in its subject."""
    if named.type != event.type and event.type not in COUNTED_AS.get(named.type, ()):
        return False
    if None in (named.subject, event.subject) or ANY in (named.subject, event.subject):
        return True
    one, other = f"{named.subject}/", f"{event.subject}/"
    return one.startswith(other) or other.startswith(one)


def _same_question(one: AnyCondition, other: AnyCondition) -> bool:
    """True if both ask about the same attribute, segment, score, phase …, whatever the answer."""
    if type(one) is not type(other):
        return False
    key = next(iter(type(one).model_fields))
    return bool(getattr(one, key) == getattr(other, key)) or key in ("phase", "hot", "outcome")


def _outcomes(found: Findings, scenario: Scenario, file: str) -> None:
    """`outcome` and bare mail events where they can never hold."""
    for spot in scenario_spots(scenario, file):
        step = spot.step
        hands_off = step is not None and step.handoff is not None and spot.where == "then"
        mails = step is None or step.send is not None or not found.folder.sound(file, spot.at.path[:2])
        for at, part in spot.parts():
            if isinstance(part, OutcomeIs) and not hands_off:
                message = "`outcome` holds only in the `then` of a handoff step: here it is never true"
                found.warning(at, message, "outcome-outside-handoff")
            if isinstance(part, Happened) and part.event.own_mail and not mails:
                kind = part.event.type
                message = f"`{kind}` alone means the mail of this step, which sends none: write {{{kind}: any}}"
                found.warning(at, message, "no-mail-here")
