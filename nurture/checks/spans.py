"""Finds spans of time that are none: empty, backward, or business days where only a plain span can be counted."""

from __future__ import annotations

from nurture.checks.findings import At, Findings
from nurture.checks.spots import spots
from nurture.definitions import Scenario, Score, Sender
from nurture.durations import Duration


def check_spans(found: Findings) -> None:
    """Every duration of the folder."""
    folder = found.folder
    for name, scenario in folder.definitions.scenarios.items():
        _of_scenario(found, scenario, At(folder.scenario_files[name]))
    for spot in spots(folder):
        for at, part in spot.parts():
            within = getattr(part, "within", None)
            if isinstance(within, Duration):
                _longer_than_nothing(found, at.to("within"), within)
                _no_business_days(found, at.to("within"), within)
    _of_score(found, folder.definitions.score)
    _of_sender(found, folder.definitions.sender)
    sales, hot = folder.definitions.sales, folder.definitions.hot_lead
    for name, queue in sales.queues.items() if sales else ():
        for key in ("accept_within", "close_within", "remind_after"):
            _longer_than_nothing(found, At("sales.yaml").to("queues", name, key), getattr(queue, key))
        if queue.escalate_after is not None:
            place = At("sales.yaml").to("queues", name, "escalate_after", "after")
            _longer_than_nothing(found, place, queue.escalate_after.after)
    if hot is not None:
        _not_negative(found, At("hot_lead.yaml").to("cool_down"), hot.cool_down)


def _of_scenario(found: Findings, scenario: Scenario, whole: At) -> None:
    if scenario.enter.again is not None:
        _not_negative(found, whole.to("enter", "again", "after"), scenario.enter.again.after)
    for name, step in scenario.steps.items():
        at = whole.to("steps", name)
        if step.timeout is not None:
            long = isinstance(step.wait, Duration)
            _not_negative(found, at.to("wait") if long else at.to("wait", "timeout"), step.timeout)
        if step.send_within is not None:
            _longer_than_nothing(found, at.to("send", "within"), step.send_within)


def _of_score(found: Findings, score: Score) -> None:
    for index, item in enumerate(score.behaviours):
        at = At("score.yaml").to("behaviours", index, "fades")
        for key in ("half_life", "expires") if item.fades else ():
            _longer_than_nothing(found, at.to(key), getattr(item.fades, key))
            _no_business_days(found, at.to(key), getattr(item.fades, key))


def _of_sender(found: Findings, sender: Sender | None) -> None:
    if sender is None:
        return
    for key in ("sooner_than", "links_within", "recipients_within"):
        at = At("sender.yaml").to("automatic_clicks", key)
        _not_negative(found, at, getattr(sender.automatic_clicks, key))
        _no_business_days(found, at, getattr(sender.automatic_clicks, key))


def _longer_than_nothing(found: Findings, at: At, duration: Duration | None) -> None:
    if duration is not None and not duration.positive:
        found.error(at, f"{duration} is no span of time: it must be longer than nothing", "wrong-value")


def _not_negative(found: Findings, at: At, duration: Duration) -> None:
    if duration.business_days < 0 or duration.span.total_seconds() < 0:
        found.error(at, f"{duration} lies in the past: a wait goes forward", "wrong-value")


def _no_business_days(found: Findings, at: At, duration: Duration | None) -> None:
    if duration is not None and duration.business_days:
        message = f"business days ({duration}) are only counted forward: write a plain span such as 7d"
        found.error(at, message, "wrong-value")
