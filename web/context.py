"""What every route is given; refuses to make any of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine

from adapters.clock import Clock
from adapters.database.deployments import DeploymentStore
from adapters.settings import Settings


@dataclass(frozen=True, slots=True)
class Nurture:
    """The outside world of the web process, as `app.state.nurture`."""

    engine: Engine
    clock: Clock
    settings: Settings
    store: DeploymentStore


def nurture_of(request: Request) -> Nurture:
    """The context of the app that serves this request."""
    nurture = request.app.state.nurture
    if not isinstance(nurture, Nurture):
        raise TypeError("the app was made without make_app: app.state.nurture is missing")
    return nurture


Here = Annotated[Nurture, Depends(nurture_of)]
"""The parameter of a route that needs the context."""
