"""Says whose desk somebody looks at and as which rep they act; refuses to read tasks."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fastapi import Request

from nurture import calendar
from nurture.definitions import Definitions, Sales
from web.console.desk_view import Eyes, name_of
from web.context import Nurture
from web.own_rep import is_rep
from web.problems import Refusal
from web.security import Caller
from web.session import language_of


@dataclass(frozen=True, slots=True)
class Seat:
    """`eyes` see the desk of `eyes.rep` in the zone of that rep, else of the sender; `choices`: reps to choose from."""

    eyes: Eyes
    zone: ZoneInfo
    definitions: Definitions
    choices: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """What people call the rep whose desk it is; empty for everybody's."""
        return name_of(self.eyes.rep, self.definitions.sales)

    @property
    def whose(self) -> str:
        """The rep that was chosen; empty where there is nothing to choose."""
        return "" if self.eyes.own else self.eyes.rep or ""

    @property
    def homeless(self) -> bool:
        """True for somebody of sales who is no rep: there is nothing they could act as."""
        return self.eyes.own and self.eyes.rep is None


def seat_of(request: Request, here: Nurture, caller: Caller, asked: str = "") -> Seat:
    """Where this caller sits. `asked`: the rep that somebody who leads the team wants to see; an unknown one is 404."""
    definitions, own = here.store.current(), is_rep(caller)
    reps = definitions.sales.reps if definitions.sales is not None else ()
    if own:
        rep = caller.user.rep if caller.user is not None else None
    else:
        rep = asked.strip() or None
        if rep is not None and rep not in {each.rep for each in reps}:
            raise Refusal(404, f"there is no rep {rep!r}", where="query.rep", do="choose one at /desk/team")
    known = definitions.sales.rep(rep) if definitions.sales is not None else None
    zone = calendar.zone_of(known.time_zone if known is not None else None, definitions)
    currency = definitions.sales.currency if definitions.sales is not None else Sales.model_fields["currency"].default
    eyes = Eyes(language_of(request), zone, here.clock.now(), rep, own, caller.may("sales"), currency)
    return Seat(eyes, zone, definitions, () if own else tuple((each.rep, each.name) for each in reps))
