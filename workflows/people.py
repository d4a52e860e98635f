"""What people may ask of a running lead: judged before anything happens, and answered once it is done."""

from __future__ import annotations

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from nurture import protocol
    from nurture.chronicle import position
    from nurture.state import State
    from nurture.texts import UNFIT
    from nurture.updates import (
        GoTo,
        Kind,
        LeaveScenario,
        Migrate,
        Pause,
        Request,
        Resume,
        Retry,
        Update,
        UpdateRefused,
        read,
    )  # fmt: skip
    from workflows.shelf import BOOK


class People:
    """The updates and the query of a lead's workflow. The loop takes the requests, and counts those it has granted."""

    _state: State

    def __init__(self) -> None:
        self._requests: list[Request] = []
        self._asked = 0
        self._answered = 0

    @workflow.update(description="Stop this lead for a while: {reason}")
    async def pause(self, request: Any = None) -> protocol.Explanation:
        """Freeze the remaining time; nothing is sent or handed over until `resume`."""
        return await self._ask(_asked(Pause, "pause", request))

    @pause.validator
    def _may_pause(self, request: Any = None) -> None:
        _judged(Pause, "pause", request)
        self._refuse_if(self._state.paused is not None, "the lead is paused already: resume it first")

    @workflow.update(description="Go on after a pause: {reason}")
    async def resume(self, request: Any = None) -> protocol.Explanation:
        """Thaw the remaining time and judge what came meanwhile."""
        return await self._ask(_asked(Resume, "resume", request))

    @resume.validator
    def _may_resume(self, request: Any = None) -> None:
        _judged(Resume, "resume", request)
        self._refuse_if(self._state.paused is None, "the lead is not paused")

    @workflow.update(description="End the running enrolment: {reason}")
    async def leave(self, request: Any = None) -> protocol.Explanation:
        """Finish the scenario with the word `left`."""
        return await self._ask(_asked(LeaveScenario, "leave", request))

    @leave.validator
    def _may_leave(self, request: Any = None) -> None:
        _judged(LeaveScenario, "leave", request)
        self._refuse_if(self._state.run is None, "the lead is in no scenario")

    @workflow.update(description="Move to a step of the running scenario: {step, reason}")
    async def go_to(self, request: Any = None) -> protocol.Explanation:
        """Arrive at a step; the arrival counts as a visit."""
        return await self._ask(_asked(GoTo, "go_to", request))

    @go_to.validator
    def _may_go_to(self, request: Any = None) -> None:
        step = _judged(GoTo, "go_to", request).step
        run = self._state.run
        if run is None:
            raise ApplicationError("the lead is in no scenario", type="Refused")
        steps = BOOK.ready(run.scenario, run.deployment, self._state.deployment).steps
        known = ", ".join(steps)
        self._refuse_if(step not in steps, f"no step {step!r} in {run.scenario}; known: {known}")
        self._refuse_if(self._state.paused is not None, "the lead is paused: resume it first")

    @workflow.update(description="Try a blocked step again: {reason}")
    async def retry(self, request: Any = None) -> protocol.Explanation:
        """Carry the blocked step out again, without another visit."""
        return await self._ask(_asked(Retry, "retry", request))

    @retry.validator
    def _may_retry(self, request: Any = None) -> None:
        _judged(Retry, "retry", request)
        run = self._state.run
        self._refuse_if(run is None or run.stage != "blocked", "the lead is not blocked")

    @workflow.update(description="Go on at a step of another deployment: {deployment, step}")
    async def migrate(self, request: Any = None) -> protocol.Explanation:
        """No arrival and nothing sent; the time that has passed counts against the new timeout."""
        return await self._ask(_asked(Migrate, "migrate", request))

    @migrate.validator
    def _may_migrate(self, request: Any = None) -> None:
        asked, run = _judged(Migrate, "migrate", request), self._state.run
        if run is None:
            raise ApplicationError("the lead is in no scenario", type="Refused")
        self._refuse_if(asked.deployment not in BOOK, f"there is no deployment {asked.deployment}")
        scenario = BOOK.at(asked.deployment).scenarios.get(run.scenario)
        known = ", ".join(scenario.steps) if scenario is not None else "none"
        unknown = scenario is None or asked.step not in scenario.steps
        self._refuse_if(unknown, f"no step {asked.step!r} in {run.scenario} of that deployment; known: {known}")

    @workflow.query(description="Where the lead stands, since when, waiting for what until when, and why")
    def explain(self) -> protocol.Explanation:
        """The lead's position in words."""
        return protocol.Explanation.model_validate(position(BOOK, self._state).model_dump())

    def _refuse_if(self, refused: bool, why: str) -> None:
        if refused:
            raise ApplicationError(why, type="Refused")

    async def _ask(self, update: Update) -> protocol.Explanation:
        asked = workflow.current_update_info()
        self._requests.append(Request(asked.id if asked is not None else str(workflow.uuid4()), update))
        self._asked += 1
        mine = self._asked
        await workflow.wait_condition(lambda: self._answered >= mine)
        return self.explain()


def _asked(kind: type[Kind], name: str, given: Any) -> Kind:
    """What a person asked for; one that cannot be read is refused with what to write."""
    try:
        return read(kind, name, given)
    except UpdateRefused as error:
        raise ApplicationError(str(error), type="Refused") from error


def _judged(kind: type[Kind], name: str, given: Any) -> Kind:
    """The same for who judges it before it is history; what no database keeps is refused, lest the record never is."""
    asked = _asked(kind, name, given)
    for key, said in asked:
        if isinstance(said, str) and UNFIT.search(said):
            why = f"{name} was asked wrongly: {key} holds a NUL character or half of a character, which cannot be kept"
            raise ApplicationError(why, type="Refused")
    return asked
