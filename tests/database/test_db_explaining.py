"""What a scenario has set is read from the lines that tell of it, whatever has become of the attribute since."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.database.explaining import _read
from nurture.definitions import Attribute


@pytest.mark.parametrize(
    ("type", "written", "value"),
    [
        ("number", "80", 80),
        ("flag", "true", True),
        ("list", '["a", "b"]', ["a", "b"]),
        ("text", "80", "80"),
        ("text", "null", None),
        ("number", "warm", "warm"),  # it was a text when it was set
        ("flag", "True", True),  # as the first engines wrote it
        ("list", "None", None),
    ],
)
def test_a_value_is_read_back_as_it_was_set(type: str, written: str, value: Any) -> None:
    """By the type that the attribute has now, else as the text of the line: never with an error."""
    declared = Attribute.model_validate({"type": type, "axis": "behavioural"})
    assert _read(written, declared) == value
