"""Says as which rep a caller works on tasks: a person of sales only as their own; refuses to know what is done."""

from __future__ import annotations

from web.problems import Refusal
from web.security import Caller

_MISSING = "Field required"
"""As any other missing key of a body is told."""


def is_rep(caller: Caller) -> bool:
    """True for a person of sales: whatever they ask for, they are their own rep and nobody else."""
    return caller.user is not None and caller.role == "sales"


def own_rep(caller: Caller, *, where: str) -> str:
    """The rep of a person of sales. Raises Refusal where the account is none."""
    rep = caller.user.rep if caller.user is not None else None
    if rep is None:
        do = "ask an admin to say at /users which rep of sales.yaml you are"
        raise Refusal(403, "this account is no rep", where=where, do=do)
    return rep


def acting_as(caller: Caller, said: str | None, *, where: str) -> str:
    """The rep who acts: the one named, or a person's own. `where`: the key of the body that names it.

    Raises Refusal: 403 where a person of sales names another rep, 422 where nobody is named and it is not known.
    """
    if is_rep(caller):
        rep = own_rep(caller, where=where)
        if said is not None and said != rep:
            what = f"this account is {rep} and cannot act as {said!r}"
            do = f"leave {where.rpartition('.')[2]} out, or ask whoever leads the team"
            raise Refusal(403, what, where=where, do=do)
        return rep
    if said is None:
        problem = {"where": where, "what": _MISSING}
        raise Refusal(422, _MISSING, where=where, do="mend it and send it again", details={"problems": [problem]})
    return said
