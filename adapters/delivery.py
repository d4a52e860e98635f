"""Cuts what a lead has to hear into pieces that Temporal takes; refuses to leave anything out."""

from __future__ import annotations

from collections.abc import Sequence

from nurture.entries import AnyEntry

MOST_BYTES = 256 * 1024
"""The most that one message carries where there is more than one entry: Temporal refuses 2 MB."""


def of_one_message(entries: Sequence[AnyEntry]) -> tuple[Sequence[AnyEntry], int]:
    """As many of the first entries as one message may carry (at least one), and their length in bytes."""
    size = 0
    for count, entry in enumerate(entries):
        length = len(entry.model_dump_json().encode())
        if count and size + length > MOST_BYTES:
            return entries[:count], size
        size += length
    return entries, size
