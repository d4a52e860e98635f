"""The pictures of the console: each is there, small, and shown by a document of its language with words for it."""

from __future__ import annotations

import re

import pytest

from tests.docs.document import ROOT
from tests.screenshots.__main__ import IMAGES, MOST_BYTES, SHOTS


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("name", SHOTS)
def test_a_picture_is_shown_with_words(name: str, language: str) -> None:
    """By a document that is read in the language of the picture."""
    file = IMAGES / f"{name}.{language}.png"
    assert file.stat().st_size <= MOST_BYTES, "make screenshots"
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    shown = re.compile(rf"!\[([^\]]{{8,}})\]\((docs/)?images/{re.escape(file.name)}\)")
    assert {
        document.name.endswith(".ja.md") for document in documents if shown.search(document.read_text(encoding="utf-8"))
    } == {language == "ja"}


def test_no_picture_is_left_over() -> None:
    """One that is no longer taken goes."""
    taken = {f"{name}.{language}.png" for name in SHOTS for language in ("ja", "en")}
    there = {each.name for each in IMAGES.glob("*.png") if not each.name.startswith("temporal-")}
    assert there == taken
