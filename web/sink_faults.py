"""Switches the faults of the built-in sink on and off, for ops; refuses to exist where the sink is not in use."""

from __future__ import annotations

from typing import Annotated, Any, get_args

import structlog
from fastapi import APIRouter, Body, Depends, Request
from pydantic import ValidationError

from adapters.mail.faults import AnyFault, Faults, read_fault
from nurture.errors import UnknownName
from web.context import Here
from web.problems import Refusal
from web.security import need
from web.sink import faults_of

router = APIRouter(prefix="/api/sink/faults", include_in_schema=False, dependencies=[Depends(need("disturb"))])
_log = structlog.get_logger()
NAMES = tuple(get_args(each.model_fields["fault"].annotation)[0] for each in get_args(AnyFault))


@router.get("")
def list_faults(request: Request, here: Here) -> dict[str, Any]:
    """The faults that are on."""
    return {"items": _faults(request, here).list()}


@router.post("", status_code=201)
def switch_on(request: Request, here: Here, said: Annotated[Any, Body()]) -> dict[str, Any]:
    """Have a fault from now on; one of the same name is replaced."""
    name = said.get("fault") if isinstance(said, dict) else None
    if name not in NAMES:
        raise UnknownName("fault", str(name), NAMES, where="fault")
    try:
        fault = read_fault(said)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        wrong = {".".join(str(part) for part in each["loc"][1:]): each["msg"] for each in problems}
        raise Refusal(
            422,
            f"the fault {name!r} cannot be like that",
            where=", ".join(wrong),
            do="; ".join(f"{place}: {message}" for place, message in wrong.items()),
        ) from error
    faults = _faults(request, here)
    faults.set(fault)
    _log.warning("sink_fault_on", fault=fault.fault, rate=fault.rate, count=fault.count)
    return next(each for each in faults.list() if each["fault"] == fault.fault)


@router.delete("")
def switch_all_off(request: Request, here: Here) -> dict[str, int]:
    """Be a good sink again."""
    return _off(_faults(request, here), None)


@router.delete("/{name}")
def switch_off(request: Request, here: Here, name: str) -> dict[str, int]:
    """Have this fault no more."""
    if name not in NAMES:
        raise UnknownName("fault", name, NAMES, where="the route")
    return _off(_faults(request, here), name)


def _off(faults: Faults, name: str | None) -> dict[str, int]:
    gone = faults.off(name)
    if gone:
        _log.warning("sink_faults_off", faults=gone)
    return {"off": gone}


def _faults(request: Request, here: Here) -> Faults:
    return faults_of(request.app, here)
