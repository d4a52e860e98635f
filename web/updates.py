"""The routes by which people pause, resume, move and end what runs for a lead; refuses to decide whether it may be."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from adapters.asking import Asking, NoAnswer, NothingRuns, NotReached, Rejected, Wish, may_be_asked
from adapters.database import audit
from adapters.database.engine import reading, writing
from adapters.database.sequence import UnknownLead
from nurture.protocol import Explanation
from web.bodies import Said
from web.context import Here, Nurture
from web.leads import unknown_lead
from web.problems import Refusal
from web.security import WRITER

REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "Its workflow rejects it, or the lead has none"},
    503: {"description": "Temporal or the workers do not answer"},
}
router = APIRouter(prefix="/api/leads", tags=["leads"], dependencies=[WRITER], responses=REFUSED)

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Step = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Why(Said):
    """Why it is asked for: it stands on the timeline, so it names nobody."""

    reason: Annotated[Reason, Field(description="Shown on the lead's timeline; without names and addresses.")]


class Where(Why):
    """To which step of its scenario the lead is to go, and why."""

    step: Step


def asking_of(request: Request) -> Asking:
    """What asks workflows, of the app that serves this request."""
    asking = request.app.state.asking
    if not isinstance(asking, Asking):
        raise TypeError("the app was made without make_app: app.state.asking is missing")
    return asking


async def ask(
    request: Request, here: Nurture, lead: str, wish: Wish, given: dict[str, str], *, once: str | None = None
) -> Explanation:
    """Let the lead's workflow do it, and note who wanted it. `once`: see Asking.

    Raises:
        Refusal: 404 for an unknown lead, 409 where it is rejected or nothing runs.
        NoAnswer: nobody answered in time; noted as not answered, since it may be done later, unless it is a NotReached.
    """
    try:
        lead = await run_in_threadpool(_asked, here, lead)
        found = await asking_of(request)(lead, wish, given, once=once)
    except UnknownLead as error:
        raise unknown_lead(error.lead) from error
    except (Rejected, NothingRuns) as error:
        raise Refusal(409, error.what, where=error.where or "path.id", do=error.do) from error
    except NotReached:
        raise
    except NoAnswer:
        await run_in_threadpool(_note, here, lead, wish, given, answered=False)
        raise
    await run_in_threadpool(_note, here, lead, wish, given)
    return found


def _asked(here: Nurture, lead: str) -> str:
    with reading(here.engine) as connection:
        return may_be_asked(connection, lead)


def _note(here: Nurture, lead: str, wish: Wish, given: dict[str, str], *, answered: bool = True) -> None:
    details: dict[str, Any] = {"step": given["step"]} if "step" in given else {}
    if not answered:
        details["answered"] = False
    with writing(here.engine) as connection:
        audit.note(
            connection, f"{wish}_lead", lead, at=here.clock.now(), reason=given["reason"],
            details=details or None,
        )  # fmt: skip


@router.post("/{lead}/pause", summary="Stop a lead for a while")
async def pause_lead(request: Request, here: Here, lead: str, body: Why) -> Explanation:
    """Nothing is sent or handed over until `resume`; the remaining time is frozen. Answers where the lead stands."""
    return await ask(request, here, lead, "pause", {"reason": body.reason})


@router.post("/{lead}/resume", summary="Let a paused lead go on")
async def resume_lead(request: Request, here: Here, lead: str, body: Why) -> Explanation:
    """The remaining time runs again, and what came meanwhile is judged. Answers where the lead stands."""
    return await ask(request, here, lead, "resume", {"reason": body.reason})


@router.post("/{lead}/leave", summary="Take a lead out of its scenario")
async def leave_scenario(request: Request, here: Here, lead: str, body: Why) -> Explanation:
    """The enrolment ends with the word `left`. Answers where the lead stands."""
    return await ask(request, here, lead, "leave", {"reason": body.reason})


@router.post("/{lead}/go_to", summary="Move a lead to a step of its scenario")
async def move_lead(request: Request, here: Here, lead: str, body: Where) -> Explanation:
    """An arrival, so a visit: what the step does is done. Answers where the lead stands."""
    return await ask(request, here, lead, "go_to", {"step": body.step, "reason": body.reason})


@router.post("/{lead}/retry", summary="Try a blocked step again")
async def retry_step(request: Request, here: Here, lead: str, body: Why) -> Explanation:
    """Carries out what the step does once more, without another visit. Answers where the lead stands."""
    return await ask(request, here, lead, "retry", {"reason": body.reason})
