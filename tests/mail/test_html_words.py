"""A page of HTML becomes words, whatever it is, in time that grows with its length."""

from __future__ import annotations

import time

import pytest

from adapters.mail.html_words import LONGEST_PAGE, from_html


@pytest.mark.parametrize(
    "pattern",
    [
        '<a "', '<a ="', "<!--", "<!", "</", "<style>", "<b", "<a ='x' =\"", "<i>", "&#", "<a<", "<blockquote>x",
        "&#" + "1" * 9_000,
    ],
)  # fmt: skip
def test_no_page_takes_long(pattern: str) -> None:
    """Also one of tags and comments that are never closed; a parser that starts over takes minutes."""
    began = time.process_time()
    from_html(pattern * (LONGEST_PAGE // len(pattern) + 1))
    assert time.process_time() - began < 2


def test_blocks_are_lines_and_what_is_quoted_is_marked() -> None:
    """Styles, comments and attributes are no words; what stands after a tag without an end is kept."""
    html = (
        "<html><head><title>t</title><style>p > a {}</style></head>"
        '<body><p title="a > b">はい&amp;<b>どうぞ</b><br>二行目'
        "<!-- x > y --></p><a title=it's>link</a><blockquote><div>前の</div></blockquote>1 < 2<hr>後"
    )
    assert from_html(html) == f"はい&どうぞ\n二行目\nlink\n> 前の\n1 < 2\n{'-' * 24}\n後"
    assert from_html('ご連絡ください <a "') == 'ご連絡ください <a "'
    assert from_html('<p x="1>one<p>two') == "one\ntwo"
