"""Takes what people propose, confirm and withdraw on the monthly review; refuses to keep any of it itself.

What was not kept is shown again with what was typed; a page that had grown old shows what was deployed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from adapters.database.agreements import (
    Agreement,
    AgreementRefused,
    DefinitionChanged,
    NoDefinition,
    UnknownAgreement,
)
from nurture.errors import NurtureError
from nurture.threshold import NoThreshold, SameThreshold
from web import agreeing
from web.console.review_pages import About, Tried, changed_between, show
from web.context import Here, Nurture
from web.problems import Refusal
from web.security import Agreer, Caller
from web.session import language_of

router = APIRouter(prefix="/review/agreements", include_in_schema=False)

Word = Annotated[str, Form(max_length=400)]
Words = Annotated[str, Form(max_length=8000)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_MOST = {"total": 1_000_000, "deployment": 2**31 - 1}


class Proposed(BaseModel):
    """The form of a new agreement as it was filled in. `seen`: the deployment that the page showed."""

    about: About = "words"
    month: Annotated[str, Field(max_length=400)] = ""
    seen: Annotated[str, Field(max_length=400)] = ""
    total: Annotated[str, Field(max_length=400)] = ""
    marketing: Annotated[str, Field(max_length=400)] = ""
    sales: Annotated[str, Field(max_length=400)] = ""
    day: Annotated[str, Field(max_length=400)] = ""
    note: Annotated[str, Field(max_length=8000)] = ""


@router.post("")
def propose_agreement(request: Request, here: Here, caller: Agreer, form: Annotated[Proposed, Form()]) -> Response:
    """A draft for the other department to confirm; an admin who names both has it agreed at once."""

    def propose() -> Agreement:
        return agreeing.propose(
            here, caller, marketing=form.marketing, sales=form.sales, day=form.day, note=form.note,
            seen=_whole(form.seen, "deployment") if form.about != "words" else None,
            total=_whole(form.total, "total") if form.about == "threshold" else None,
        )  # fmt: skip

    tried = Tried("propose", "", 422, form.model_dump(exclude={"month", "seen"}))
    return _done(request, here, caller, form.month, tried, propose)


@router.post("/{agreement}/confirm")
def confirm_agreement(
    request: Request, here: Here, caller: Agreer, agreement: Number, month: Word = "", name: Word = ""
) -> Response:
    """The other department agrees."""
    tried = Tried("confirm", "", 422, {"name": name})
    return _done(request, here, caller, month, tried, lambda: agreeing.confirm(here, caller, agreement, name))


@router.post("/{agreement}/withdraw")
def withdraw_agreement(
    request: Request, here: Here, caller: Agreer, agreement: Number, month: Word = "", reason: Words = ""
) -> Response:
    """It is no proposal any more."""
    tried = Tried("withdraw", "", 422, {"reason": reason})
    return _done(request, here, caller, month, tried, lambda: agreeing.withdraw(here, caller, agreement, reason))


class _NoNumber(NurtureError):
    """What should be a number is none."""


def _whole(text: str, where: str) -> int:
    said, most = text.strip(), _MOST[where]
    if not (said.isascii() and said.isdecimal() and len(said) <= len(str(most)) and 0 < int(said) <= most):
        raise _NoNumber("it is no whole number", where=where, do=f"write one from 1 to {most:,}")
    return int(said)


def _done(
    request: Request, here: Nurture, caller: Caller, month: str, tried: Tried, act: Callable[[], Agreement]
) -> Response:
    try:
        found = act()
    except UnknownAgreement as error:
        raise Refusal(404, error.what, where="path.agreement", do="look at /review") from error
    except NurtureError as error:
        if isinstance(error, Refusal):
            raise
        return show(request, here, caller, month, tried=_told(request, here, tried, error))
    place = f"/review/{month}" if month else "/review"
    return RedirectResponse(f"{place}?said={found.state}#agreement", status_code=303)


def _told(request: Request, here: Nurture, tried: Tried, error: NurtureError) -> Tried:
    """Why it was not kept, for the person who did it."""
    ja = language_of(request) == "ja"
    if isinstance(error, DefinitionChanged):
        changed = changed_between(request, here, error)
        wrong = (_OVERTAKEN if tried.form == "confirm" else _STALE)[0 if ja else 1]
        return Tried(tried.form, wrong, 409, tried.values, changed, (error.seen, error.current), error.points)
    words = _words(error)
    status = 409 if isinstance(error, AgreementRefused) else 422
    return Tried(tried.form, words[0 if ja else 1] if words else f"{error.what}. {error.do}", status, tried.values)


def _words(error: NurtureError) -> tuple[str, str] | None:
    match error:
        case AgreementRefused():
            return _REFUSED[error.why]
        case agreeing.NotSaid():
            return _NOT_SAID[error.wrong]
        case _NoNumber():
            return _NOT_SAID["total"]
        case NoThreshold():
            return _NOT_SAID["no_threshold"]
        case SameThreshold():
            return _NOT_SAID["same_threshold"]
        case NoDefinition():
            return _NOT_SAID["no_definition"]
        case _:
            return None


_STALE = (
    "このページを開いた後に定義がデプロイされました。何も記録していません。変わった点を確かめ、もう一度送ってください。",
    "The definition was changed after you opened this page. Nothing was recorded: look at it, and send it again.",
)
_OVERTAKEN = (
    "提案の後に定義がデプロイされたので、確定できません。変わった点を確かめ、取り下げて、改めて提案してください。",
    "The definition was changed after the proposal, so it cannot be confirmed: withdraw it, and propose it anew.",
)
_REFUSED = {
    "ended": ("その提案はもう決着しています。", "That proposal has been settled already."),
    "open": ("返事を待っている提案があります。先にそれを確定するか、取り下げてください。",
             "A proposal waits for its answer. Confirm or withdraw that one first."),
    "same_person": ("提案した人は確定できません。相手の部門の人がログインして確定してください。",
                    "Whoever proposed it cannot confirm it: let somebody of the other department log in."),
    "not_yours": ("この提案は、相手の部門の確定を待っています。", "It waits for the other department."),
}  # fmt: skip
_NOT_SAID = {
    "name": ("合意した人のお名前を書いてください。", "Write who agrees."),
    "long_name": ("お名前は 100 文字以内にしてください。", "A name has at most 100 characters."),
    "day": ("日付を選んでください。", "Choose the day."),
    "future": ("日付が先の日になっています。合意した日を選んでください。",
               "The day is in the future: choose that of the agreement."),
    "nothing": ("決めたことを書くか、定義に合意してください。", "Write what was decided, or agree on the definition."),
    "long_note": ("メモは 2,000 文字以内にしてください。", "A note has at most 2,000 characters."),
    "no_threshold": (
        "合計点だけで決まるルールがないので、基準の点数はここでは変えられません。定義ファイルで変えてください。",
        "No rule asks for the total alone, so there is no threshold: change the rules in the file.",
    ),
    "same_threshold": ("その点数は、いまの基準と同じです。", "That is the threshold already."),
    "no_definition": ("hot_lead.yaml がデプロイされていません。", "No hot_lead.yaml is deployed."),
    "total": ("基準の点数は 1 以上 1,000,000 以下の整数で書いてください。",
              "A threshold is a whole number from 1 to 1,000,000."),
}  # fmt: skip
