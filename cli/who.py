"""Says who sits at the command line; refuses to ask."""

from __future__ import annotations

import getpass


def who() -> str:
    """The name of the account, as audits and timelines show it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "command line"
