"""Speaks to the person at the terminal: results on stdout, troubles on stderr; decides the exit code of an error."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text
from sqlalchemy.exc import OperationalError

from nurture.errors import MissingDeployment, NurtureError, Unavailable, UnknownName

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

INPUT_IS_WRONG, NOT_AVAILABLE = 1, 2


class Ended(Exception):
    """Not an error: a command ends with an exit code other than 0; nothing more is printed."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def say_error(error: NurtureError) -> None:
    """What, where and what to do, on stderr, the first in red."""
    err.print(Text(error.what, style="bold red"))
    if error.where:
        err.print(Text(f"  {error.where}"))
    if error.do:
        err.print(Text(f"  → {error.do}"))
    if isinstance(error, UnknownName) and error.kind == "lead":
        err.print("  → nurture leads list --find TEXT looks for one; nurture leads import FILE.csv brings some along")


def code_of(error: Exception) -> int:
    """1 where the input is wrong, 2 where the system is not available."""
    unavailable: tuple[type[Exception], ...] = (MissingDeployment, OperationalError, Unavailable)
    # loading Temporal takes longer than most commands: where nobody has, the error cannot be one of its
    temporal = sys.modules.get("adapters.temporal_server")
    if temporal is not None:
        unavailable += (temporal.TemporalNotServing,)
    return NOT_AVAILABLE if isinstance(error, unavailable) else INPUT_IS_WRONG
