"""The routes at which other programs say what came of a task; refuse whoever neither signs nor knows a secret address.

A CRM, a chat or an automation tool tells `accepted`, `returned`, `won` or `lost`. What is signed as Standard Webhooks
says comes to the plain address; tools that cannot sign use one that ends with a key of the role `crm`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError, model_validator
from starlette.concurrency import run_in_threadpool

from adapters.database import api_keys, audit, sales_answers
from adapters.database.engine import reading, writing
from adapters.database.handoffs import HandoffTaken, UnknownHandoff
from adapters.database.sales_answers import AnswerIdTaken, SalesAnswer
from adapters.sales_channels import signing
from nurture.definitions import Definitions
from nurture.errors import UnknownName
from nurture.roles import Role
from web.bodies import Said
from web.context import Here, Nurture
from web.handoffs import Reason, Task, Word, shown
from web.intake import PATIENCE, take
from web.json_body import json_of
from web.problems import Refusal
from web.rates import address_of, rates_of

router = APIRouter(tags=["webhooks"])

_log = structlog.get_logger()
_ROLE: Role = "crm"
_SIGNED = "sales webhook"
"""What whoever signs is called in the audit; no key can be."""
_DID = {"accepted": "accept_task", "returned": "return_task", "won": "close_task", "lost": "close_task"}
_SHAPE = 'send {"id", "handoff", "outcome", "rep"}, and with it "amount" and "reason"'


class Answered(Said):
    """What came of a task. `id`: the caller's own, the same when it is sent again. `rep`: by name or address."""

    id: Annotated[str, Field(min_length=1, max_length=300)]
    handoff: Annotated[str, Field(min_length=1, max_length=500)]
    outcome: Literal["accepted", "returned", "won", "lost"]
    rep: Annotated[str, Field(min_length=1, max_length=320)]
    amount: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _reasons(self) -> Answered:
        if self.outcome == "returned" and self.reason is None:
            raise ValueError("`returned` wants a `reason`: it is what marketing learns from")
        return self


class Taken(BaseModel):
    """What became of the answer: `taken`, or a `duplicate` that changed nothing; and the task as it is now."""

    became: Literal["taken", "duplicate"]
    task: Task


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": Answered.model_json_schema(),
                "example": {
                    "id": "deal-4711-won",
                    "handoff": "lead_001/seminar_to_demo/1/to_sales/1",
                    "outcome": "won",
                    "rep": "rep1@example.co.jp",
                    "amount": 1200000,
                },
            }
        },
    }
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Neither a good signature nor a good secret"},
    404: {"description": "There is no such task"},
    408: {"description": "The body did not come in time"},
    409: {"description": "Another rep has it, or it is closed; or the id was that of another answer"},
}


@router.post(
    "/webhooks/sales",
    summary="What came of a task, signed",
    response_model=Taken,
    openapi_extra=_BODY,
    responses=_ANSWERS,
)
async def signed(request: Request, here: Here) -> Taken:
    """Verified on the raw body with each of NURTURE_SALES_SECRETS; older than five minutes is refused."""
    given = {name: request.headers.get(name, "") for name in (signing.ID, signing.TIMESTAMP, signing.SIGNATURE)}
    if not all(given.values()):  # before its body is waited for
        raise _nobody("it is not signed")
    return await take(request, "/webhooks/sales", _verified, here, given)


@router.post(
    "/webhooks/sales/{secret}",
    summary="What came of a task, from tools that cannot sign",
    response_model=Taken,
    openapi_extra=_BODY,
    responses=_ANSWERS,
)
async def unsigned(request: Request, here: Here, secret: str) -> Taken:
    """The last part of the path is a key with the role `crm`."""
    name = await run_in_threadpool(_name, here, secret)
    if name is None:
        rates_of(request).take("posts", address_of(request))  # secrets are not to be guessed
        raise _nobody("nobody answers at this address")
    return await take(request, "/webhooks/sales", _taken, here, name)


def _verified(here: Nurture, given: dict[str, str], body: bytes) -> Taken:
    secrets = [each.get_secret_value() for each in here.settings.sales_secrets]
    if not signing.verify(secrets, given, body, datetime.now(UTC)):
        raise _nobody("the signature does not fit, or is older than five minutes")
    return _taken(here, _SIGNED, body)


def _taken(here: Nurture, by: str, body: bytes) -> Taken:
    try:
        said = Answered.model_validate(json_of(body, do=_SHAPE))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(["body", *(str(part) for part in first["loc"])])
        raise Refusal(422, first["msg"], where=where, do=_SHAPE) from error
    definitions = here.store.current()
    answer = SalesAnswer(said.id, said.handoff, said.outcome, _rep(said.rep, definitions), said.amount, said.reason)
    act = audit.current()
    if act is not None:
        act.by, act.via, act.role = by, "key", _ROLE
    try:
        with writing(here.engine, PATIENCE) as connection:
            now = here.clock.now()
            task, fresh = sales_answers.take(connection, answer, now=now, definitions=definitions)
            if fresh:
                audit.note(connection, _DID[said.outcome], task.id, at=now, by=by, reason=said.reason)
    except UnknownHandoff as error:
        raise Refusal(404, error.what, where="body.handoff", do=error.do) from error
    except HandoffTaken as error:
        details = {"rep": error.rep, "state": error.state}
        raise Refusal(409, error.what, where="body.handoff", do=error.do, details=details) from error
    except AnswerIdTaken as error:
        details = {"outcome": error.outcome, "handoff": error.handoff}
        raise Refusal(409, error.what, where="body.id", do=error.do, details=details) from error
    except UnknownName as error:
        raise Refusal(422, error.what, where="body.rep", do=error.do, details={"near": list(error.near)}) from error
    _log.info("sales_answered", handoff=task.id, outcome=said.outcome, fresh=fresh)
    return Taken(became="taken" if fresh else "duplicate", task=shown(here, task))


def _rep(said: Word, definitions: Definitions) -> str:
    """The rep's name; a CRM knows the address."""
    reps = definitions.sales.reps if definitions.sales is not None else ()
    return next((each.rep for each in reps if each.email.lower() == said.strip().lower()), said)


def _name(here: Nurture, secret: str) -> str | None:
    """The name of the key that it is; no other key than that of the role, not even an admin's, belongs there."""
    with reading(here.engine) as connection:
        found = api_keys.known(connection, secret)
    return found.name if found is not None and found.role == _ROLE else None


def _nobody(what: str) -> Refusal:
    _log.warning("sales_answer_refused", why=what)
    return Refusal(
        401, what, where=f"header {signing.SIGNATURE}, or the last part of the path",
        do="sign with one of NURTURE_SALES_SECRETS, or make a secret with `nurture keys add --role crm --name …`",
    )  # fmt: skip
