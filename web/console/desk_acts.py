"""Takes what sales does on the desk: accept, return, close, put off, hand over; refuses to know how it is kept.

With htmx the answer is the row, else the page: done, one is led back to where one came from; not done, it is the task's
own page with what was typed. A person of sales acts as their own rep, whatever the form says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from adapters.database import audit, giving, handoffs
from adapters.database.engine import writing
from adapters.database.handoffs import Handoff, HandoffTaken, UnknownHandoff
from nurture.definitions import Definitions
from nurture.errors import NurtureError, UnknownName
from web.console import desk_view
from web.console.desk_seat import Seat, seat_of
from web.console.desk_task import NotDone, row_of, task_page
from web.console.desk_typed import Mistyped, Typed, amount_of, outcome_of, reason_of, until_of
from web.context import Here, Nurture
from web.own_rep import is_rep, own_rep
from web.problems import Refusal
from web.security import Caller, Seller
from web.session import render

router = APIRouter(prefix="/desk", include_in_schema=False)

Word = Annotated[str, Form(max_length=200)]
Words = Annotated[str, Form(max_length=4000)]
Back = Annotated[Literal["desk", "team", "task"], Form()]


@dataclass(frozen=True, slots=True)
class Asked:
    """What every form says: which task, by whom. `rep`: as whom; `whose`: the desk that is gone back to.

    `seat`: where one sat when the form was shown, whose times are those of that desk. It is found before anything is
    changed: a desk that nobody has refuses the whole.
    """

    request: Request
    here: Nurture
    caller: Caller
    handoff: str
    rep: str
    whose: str
    back: str
    seat: Seat


def _asked(
    request: Request, here: Here, caller: Seller, handoff: str, rep: Word = "", whose: Word = "", back: Back = "desk"
) -> Asked:
    return Asked(request, here, caller, handoff, rep, whose, back, seat_of(request, here, caller, whose))


@router.post("/{handoff:path}/accept")
def accept(asked: Annotated[Asked, Depends(_asked)]) -> Response:
    """Take the task."""

    def change(conn: Connection, me: str, now: datetime, definitions: Definitions) -> Handoff:
        return handoffs.accept(conn, asked.handoff, me, now=now, definitions=definitions)

    return _do(asked, Typed("accept"), "accepted", change)


@router.post("/{handoff:path}/return")
def give_back(asked: Annotated[Asked, Depends(_asked)], reason: Words = "") -> Response:
    """Give the lead back to marketing, with a reason."""

    def change(conn: Connection, me: str, now: datetime, definitions: Definitions) -> Handoff:
        why = reason_of(reason, needed=True)
        return handoffs.return_(conn, asked.handoff, me, why, now=now, definitions=definitions)

    return _do(asked, Typed("return", reason=reason), "returned", change)


@router.post("/{handoff:path}/close")
def close(
    asked: Annotated[Asked, Depends(_asked)], outcome: Word = "", amount: Word = "", reason: Words = ""
) -> Response:
    """Say what came of it: won, with an amount where it is known, or lost, with a reason."""

    def change(conn: Connection, me: str, now: datetime, definitions: Definitions) -> Handoff:
        came = outcome_of(outcome)
        worth = amount_of(amount) if came == "won" else None
        why = reason_of(reason, needed=came == "lost")
        return handoffs.close(conn, asked.handoff, me, came, now=now, amount=worth, reason=why, definitions=definitions)

    return _do(asked, Typed("close", reason=reason, outcome=outcome, amount=amount), "closed", change)


@router.post("/{handoff:path}/snooze")
def snooze(
    asked: Annotated[Asked, Depends(_asked)], quick: Word = "", until: Word = "", reason: Words = ""
) -> Response:
    """Put the task off: by a button that says until when (`quick`), or to what was typed."""

    def change(conn: Connection, me: str, now: datetime, definitions: Definitions) -> Handoff:
        at = until_of(quick or until, asked.seat.zone)
        why = reason_of(reason, needed=False)
        return giving.snooze(conn, asked.handoff, me, at, why, now=now, definitions=definitions)

    return _do(asked, Typed("snooze", reason=reason, until=until), "snoozed", change)


@router.post("/{handoff:path}/assign")
def assign(asked: Annotated[Asked, Depends(_asked)], to: Word = "", reason: Words = "") -> Response:
    """Hand the task to somebody else; a person of sales only what is their own."""

    def change(conn: Connection, me: str, now: datetime, definitions: Definitions) -> Handoff:
        why = reason_of(reason, needed=True) or ""
        if not to:
            raise Mistyped("to", "to")
        own = is_rep(asked.caller)
        return giving.hand_to(
            conn, asked.handoff, to, by=me if own else asked.caller.name, reason=why, now=now, definitions=definitions,
            holder=me if own else None,
        )  # fmt: skip

    return _do(asked, Typed("assign", reason=reason, to=to), "assigned", change)


def _do(
    asked: Asked, typed: Typed, said: str, change: Callable[[Connection, str, datetime, Definitions], Handoff]
) -> Response:
    here, definitions = asked.here, asked.here.store.current()
    me = _me(asked, typed)
    try:
        with writing(here.engine) as connection:
            change(connection, me, here.clock.now(), definitions)
            _note(connection, asked, typed)
    except UnknownHandoff as error:
        raise Refusal(404, error.what, where="path.handoff", do="look at /desk") from error
    except (HandoffTaken, Mistyped, giving.SnoozeRefused, giving.RepInactive, UnknownName) as error:
        return _not_done(asked, typed, error)
    return _done(asked, said)


def _note(conn: Connection, asked: Asked, typed: Typed) -> None:
    """With the change itself: whatever becomes of the answer, auditors see what was done."""
    act = audit.current()
    if act is None or act.changes:
        reason = typed.reason.strip() or None
        audit.note(conn, f"{typed.act}_task", asked.handoff, at=asked.here.clock.now(), reason=reason)


def _me(asked: Asked, typed: Typed) -> str:
    """As whom this is done. Raises Refusal."""
    if is_rep(asked.caller):
        return own_rep(asked.caller, where=asked.request.url.path)
    if not asked.rep.strip() and typed.act != "assign":
        raise Refusal(422, "it is not said as which rep", where="body.rep", do="open the task and choose one")
    return asked.rep.strip()


def _done(asked: Asked, said: str) -> Response:
    if _by_htmx(asked.request):
        return _fragment(asked, said=said)
    query = urlencode({"said": said, **({"rep": asked.whose} if asked.whose and not is_rep(asked.caller) else {})})
    match asked.back:
        case "task":
            where = f"/desk/{quote(asked.handoff)}?{query}"
        case "team":
            where = f"/desk/team?{urlencode({'said': said})}"
        case _:
            where = f"/desk?{query}#{desk_view.anchor_of(asked.handoff)}"
    return RedirectResponse(where, status_code=303)


def _not_done(asked: Asked, typed: Typed, error: NurtureError) -> Response:
    status = 409 if isinstance(error, HandoffTaken) else 422
    seat = asked.seat
    not_done = NotDone(typed, _in_words(error, seat))
    if _by_htmx(asked.request):
        return _fragment(asked, not_done=not_done, status=status)
    return task_page(asked.request, asked.here, seat, asked.handoff, not_done=not_done, status=status)


def _fragment(asked: Asked, *, said: str | None = None, not_done: NotDone | None = None, status: int = 200) -> Response:
    seat = asked.seat
    return render(
        asked.request, "console/desk_fragment.html", status=status, seat=seat, eyes=seat.eyes, whose=seat.whose,
        back=asked.back, row=row_of(asked.here, seat, asked.handoff), said=said, not_done=not_done,
    )  # fmt: skip


def _by_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def _in_words(error: NurtureError, seat: Seat) -> str:
    """Why it was not done, for the person who did it."""
    say, sales = seat.eyes.say, seat.definitions.sales
    match error:
        case HandoffTaken():
            return _taken(error, desk_view.name_of(error.rep, sales), seat)
        case Mistyped():
            return say(*_MISTYPED[error.word])
        case giving.RepInactive():
            return say(
                "その担当は有効ではありません。ほかの人を選んでください。", "That rep is not active. Choose another."
            )
        case UnknownName():
            return say("その担当は sales.yaml にありません。ほかの人を選んでください。",
                       "sales.yaml has no such rep. Choose another.")  # fmt: skip
        case _:
            return say("その日時までは延ばせません。いまより先で 90 日以内、引き継ぎの期限切れより前にしてください。",
                       "It cannot be put off until then: choose an instant in the future, within 90 days, "
                       "and before the task expires.")  # fmt: skip


def _taken(error: HandoffTaken, who: str, seat: Seat) -> str:
    say = seat.eyes.say
    match error.state:
        case "accepted":
            return say(f"{who} さんが受領済みです。", f"{who} has accepted it.")
        case "open" if error.rep:
            return say(f"いまは {who} さんに渡っています。", f"It is given to {who} now.")
        case "open":
            return say("いまは担当を待っています。先に受けてください。", "It waits for a rep. Accept it first.")
        case _:
            return say(
                f"すでに閉じています({who or '担当なし'})。", f"It is closed already ({who or 'nobody had it'})."
            )


_MISTYPED = {
    "no_reason": ("理由を書いてください。", "Write the reason."),
    "unfit_reason": ("理由に保存できない文字があります。書き直してください。",
                     "The reason holds a character that cannot be kept. Write it once more."),
    "long_reason": ("理由は 2,000 文字以内にしてください。", "A reason has at most 2,000 characters."),
    "amount": ("金額は 0 以上 2,147,483,647 以下の整数で書いてください。",
               "An amount is a whole number from 0 to 2,147,483,647."),
    "until": ("日時を選んでください。", "Choose day and time."),
    "to": ("渡す相手を選んでください。", "Choose who is to have it."),
    "outcome": ("受注か失注を選んでください。", "Choose won or lost."),
}  # fmt: skip
