"""The rules of the design are tried on the desk of the send activity and on the stage of the core."""

from __future__ import annotations

from tests.activities.conftest import desk, make_desk, provider

__all__ = ["desk", "make_desk", "provider"]
