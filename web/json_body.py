"""Reads a body as strict JSON, as far as one mistake in it must not spoil the rest; refuses to know what it says."""

from __future__ import annotations

import json
import math
from typing import Any

from adapters.database.keepable import Unreadable
from web.problems import Refusal

_LONGEST_NUMBER = 1000
"""More digits than this are read as infinite, which nobody takes: reading them costs the square of their number."""


def json_of(body: bytes, *, do: str) -> Any:
    """The content of a body in UTF-8.

    An object with a key written twice is `Unreadable`; NaN and numbers of thousands of digits are floats that are not
    finite: whoever reads on refuses the part they stand in. Raises Refusal (422) where nothing can be read.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise Refusal(422, f"the body is not UTF-8 (byte {error.start})", where="body", do=do) from error
    except RecursionError as error:
        raise Refusal(422, "the body is nested too deeply", where="body", do=do) from error
    except ValueError as error:
        raise Refusal(422, f"the body is not JSON: {error}", where="body", do=do) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Unreadable:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return Unreadable(f"the key {twice[:100]!r} is written twice in one object")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else math.inf
