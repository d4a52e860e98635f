"""The pages on which people confirm what a lead is to do, with a reason; the lead's workflow decides, not they."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from adapters.asking import NoAnswer, NotReached, Wish
from adapters.database import erasures, leads
from adapters.database.engine import reading, writing
from nurture.errors import NurtureError
from nurture.texts import UNFIT
from web.console.lead_list import url_of
from web.console.lead_page import living
from web.console.lead_words import LeadWords
from web.context import Here, Nurture
from web.leads import unknown_lead
from web.problems import Refusal
from web.security import WRITER, Caller, Writer
from web.session import language_of, render
from web.updates import ask

router = APIRouter(prefix="/leads", include_in_schema=False)

_LONGEST = 500
Reason = Annotated[str, Form(max_length=4000)]
Word = Annotated[str, Form(max_length=400)]
_ONCE = re.compile(r"[\w-]{16,64}", re.ASCII)


def _fresh() -> str:
    return secrets.token_urlsafe(16)


@dataclass(slots=True)
class _Tried:
    """What was filled in, and what became of it; `wrong` names the field that is to be mended.

    `once`: what is sent again from the same page is done once. `unfit`: characters that cannot be kept were taken out.
    """

    reason: str = ""
    step: str = ""
    status: int = 200
    once: str = field(default_factory=_fresh)
    wrong: str | None = None
    unfit: bool = False
    moved: bool = False
    error: NurtureError | None = None

    @property
    def unsure(self) -> bool:
        """It may have been done, though nobody said so."""
        return isinstance(self.error, NoAnswer) and not isinstance(self.error, NotReached)


@router.get("/{lead}/do/{wish}", dependencies=[WRITER])
def confirm_page(request: Request, here: Here, lead: str, wish: Wish) -> Response:
    """What would come of it, and a place for the reason."""
    found = living(request, here, lead)
    return found if isinstance(found, Response) else _page(request, here, found, wish, _Tried())


@router.post("/{lead}/do/{wish}", dependencies=[WRITER])
async def act_on_lead(
    request: Request,
    here: Here,
    lead: str,
    wish: Wish,
    reason: Reason = "",
    step: Word = "",
    scenario: Word = "",
    once: Word = "",
) -> Response:
    """Let its workflow do it, and show the lead; or the same page again with what stood in the way.

    A page that shows another `scenario` than the lead walks by now has not asked what its reader meant: 409.
    """
    found = await run_in_threadpool(living, request, here, lead)
    if isinstance(found, Response):
        return found
    tried = _Tried(UNFIT.sub("", reason).strip(), UNFIT.sub("", step).strip())
    if _ONCE.fullmatch(once):
        tried.once = once
    if UNFIT.search(reason) or UNFIT.search(step):
        tried.status, tried.unfit, tried.wrong = 422, True, "reason" if UNFIT.search(reason) else "step"
    elif not 1 <= len(tried.reason) <= _LONGEST:
        tried.status, tried.wrong = 422, "reason"
    elif wish == "go_to" and not tried.step:
        tried.status, tried.wrong = 422, "step"
    elif scenario != await run_in_threadpool(_walks, here, found):
        tried.status, tried.moved, tried.step, tried.once = 409, True, "", _fresh()
    else:
        more = {"step": tried.step} if wish == "go_to" else {}
        try:
            given = {**more, "reason": tried.reason}
            await ask(request, here, found, wish, given, once=f"console-{tried.once}")
        except NoAnswer as away:
            tried.status, tried.error = 503, away
        except Refusal as refused:
            tried.status, tried.error = refused.status, refused
        else:
            return RedirectResponse(f"{url_of(found)}?said={wish}", status_code=303)
    return await run_in_threadpool(_page, request, here, found, wish, tried)


@router.get("/{lead}/erase")
def confirm_erasure(request: Request, here: Here, lead: str, caller: Writer) -> Response:
    """What it means that a person is forgotten; for admins."""
    _admin(request, caller)
    found = living(request, here, lead)
    return found if isinstance(found, Response) else _erase_page(request, found)


@router.post("/{lead}/erase")
def erase(
    request: Request,
    here: Here,
    lead: str,
    caller: Writer,
    named: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Begins to forget the person, if the id was typed once more: there is no way back."""
    _admin(request, caller)
    found = living(request, here, lead)
    if isinstance(found, Response):
        return found
    if named.strip() != found:
        return _erase_page(request, found, wrong=True, status=422)
    with writing(here.engine) as connection:
        erasures.ask(connection, found, by=caller.name, now=here.clock.now(), real_now=datetime.now(UTC))
    return RedirectResponse(f"{url_of(found)}?said=erase", status_code=303)


def _admin(request: Request, caller: Caller) -> None:
    if caller.role != "admin":
        raise Refusal(403, "only admins erase people here", where=request.url.path, do="ask an admin")


def _erase_page(request: Request, lead: str, *, wrong: bool = False, status: int = 200) -> Response:
    return render(request, "console/lead_erase.html", status=status, lead=lead, url=url_of(lead), wrong=wrong)


def _walks(here: Nurture, lead: str) -> str:
    """The scenario that it walks now; empty for none."""
    return _view(here, lead)["scenario"] or ""


def _view(here: Nurture, lead: str) -> dict[str, Any]:
    with reading(here.engine) as connection:
        view = leads.view(connection, lead)
    if view is None:
        raise unknown_lead(lead)
    return view


def _page(request: Request, here: Nurture, lead: str, wish: Wish, tried: _Tried) -> Response:
    view = _view(here, lead)
    steps: list[str] = []
    if view["scenario"] is not None:
        scenario = here.store.get(view["deployment"]).scenarios.get(view["scenario"])
        steps = list(scenario.steps) if scenario is not None else []
    words = LeadWords(here.store.current(), language_of(request))
    return render(
        request, "console/lead_act.html", status=tried.status, wait=5 if tried.status == 503 else 0, lead=view,
        wish=wish, url=url_of(lead), steps=steps, scenario=words.scenario(view["scenario"]), tried=tried,
        step=tried.step or view["step"], longest=_LONGEST,
    )  # fmt: skip
