"""No activity is stopped from outside in the middle of what it does: it may hold the lock of all who write."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from temporalio import activity

import activities


def defined() -> Iterator[Any]:
    """Every activity of every module."""
    for module in pkgutil.iter_modules(activities.__path__):
        for _, kept in inspect.getmembers(import_module(f"activities.{module.name}"), inspect.isclass):
            if kept.__module__ == f"activities.{module.name}":
                found = (activity._Definition.from_callable(each) for _, each in inspect.getmembers(kept, callable))
                yield from (each for each in found if each is not None)


def test_a_thread_that_works_is_never_cancelled() -> None:
    """Temporal would raise an error at any instruction, also between taking a lock and the block that lets it go."""
    found = list(defined())
    assert len(found) >= 19
    assert [each.name for each in found if not each.no_thread_cancel_exception] == []
