"""Takes in what other programs say of a task, each answer once; refuses to know who may say it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, select

from adapters.database import handoffs
from adapters.database.handoffs import Handoff
from adapters.database.locks import claim
from adapters.database.schema import sales_answers
from nurture.definitions import Definitions
from nurture.errors import NurtureError

Outcome = Literal["accepted", "returned", "won", "lost"]


class AnswerIdTaken(NurtureError):
    """The id of an answer was that of another one, which stays as it is."""

    def __init__(self, outcome: str, handoff: str) -> None:
        super().__init__(
            f"this id said {outcome!r} of {handoff!r} before",
            do="use an id for each answer, such as that of the deal with what came of it",
        )
        self.outcome = outcome
        self.handoff = handoff


@dataclass(frozen=True, slots=True)
class SalesAnswer:
    """What became of a task, by an id of the caller's own. `amount` in whole units of the company's currency."""

    id: str
    handoff: str
    outcome: Outcome
    rep: str
    amount: int | None = None
    reason: str | None = None


def take(conn: Connection, answer: SalesAnswer, *, now: datetime, definitions: Definitions) -> tuple[Handoff, bool]:
    """The task as it is now, and whether the answer was new: the same id changes nothing twice.

    Raises AnswerIdTaken where the id said something else before, and UnknownHandoff, HandoffTaken, UnknownName as
    `handoffs` does; then nothing was kept of it.
    """
    id_ = hashlib.sha256(answer.id.encode(errors="surrogatepass")).hexdigest()
    claim(conn, [f"sales answer/{id_}"])
    before = conn.execute(select(sales_answers).where(sales_answers.c.id == id_)).first()
    if before is not None:
        if (before.handoff, before.outcome) != (answer.handoff, answer.outcome):
            raise AnswerIdTaken(before.outcome, before.handoff)
        return handoffs.get(conn, answer.handoff), False
    task = _carry_out(conn, answer, now, definitions)
    conn.execute(insert(sales_answers).values(id=id_, handoff=task.id, outcome=answer.outcome, at=now))
    return task, True


def _carry_out(conn: Connection, answer: SalesAnswer, now: datetime, definitions: Definitions) -> Handoff:
    match answer.outcome:
        case "accepted":
            return handoffs.accept(conn, answer.handoff, answer.rep, now=now, definitions=definitions)
        case "returned":
            return handoffs.return_(conn, answer.handoff, answer.rep, answer.reason, now=now, definitions=definitions)
        case "won" | "lost":
            return handoffs.close(
                conn, answer.handoff, answer.rep, answer.outcome, now=now, amount=answer.amount, reason=answer.reason,
                definitions=definitions,
            )  # fmt: skip
