"""Text is read as YAML 1.2 without timestamps, with the place of every key and value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.yaml_text import MAX_DEPTH, Place, read_yaml, scalar


def told(text: str) -> list[str]:
    """Place and rule of everything refused."""
    return [f"{problem.line}:{problem.column} {problem.rule}" for problem in read_yaml(text, file="f.yaml").problems]


@pytest.mark.parametrize(
    "text",
    ["on", "off", "yes", "no", "y", "12:30", "2026-11-01", "2026-11-01T09:00:00Z", "1_000", "0b11", "1e", "~x", "-"],
)
def test_what_other_readers_take_for_something_else_is_text(text: str) -> None:
    """Words, times, dates and underscored numbers of YAML 1.1 are text."""
    assert scalar(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("true", True), ("FALSE", False),
        ("12", 12), ("-3", -3), ("+4", 4), ("017", 17), ("0o17", 15), ("0xfF", 255), ("1.5", 1.5), (".5", 0.5),
        ("1e3", 1000.0), ("-.inf", float("-inf")),
    ],
)  # fmt: skip
def test_the_core_schema_of_yaml_1_2_is_read(text: str, value: Any) -> None:
    """Null, booleans, integers and floats are those of the core schema."""
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_a_quoted_scalar_is_always_text() -> None:
    """Quotes keep `5` and `true` what they look like."""
    assert read_yaml("a: '5'\nb: \"true\"\nc: ''\n", file="f").data == {"a": "5", "b": "true", "c": ""}


def test_every_key_and_value_has_its_place() -> None:
    """Lines and columns count from 1, in characters, of keys and values in block and flow style."""
    root = read_yaml("日本: 語\nsteps:\n  a: {then: [x, {go: b}]}\n", file="f").root
    assert root.find(("日本",)).place == Place(1, 5)
    assert root.find(("steps",)).key == Place(2, 1)
    assert root.find(("steps",)).place == Place(3, 3)
    assert root.find(("steps", "a", "then", 0)).place == Place(3, 14)
    assert root.find(("steps", "a", "then", 1, "go")).key == Place(3, 18)
    assert root.find(("steps", "a", "then", 1, "go")).place == Place(3, 22)


def test_a_path_that_is_not_there_ends_at_the_last_thing_that_is() -> None:
    """The place of something absent is that of what lacks it; an index into a single thing means the thing."""
    root = read_yaml("a:\n  b: {c: 1}\n", file="f").root
    assert root.find(("a", "b", "missing", "c")).place == Place(2, 6)
    assert root.find(("a", "b", 0, "c")).place == Place(2, 10)


def test_everything_refused_is_told_in_one_run() -> None:
    """Duplicate keys, tags, anchors, aliases, merge keys, other keys and further documents, all at once."""
    text = "a: 1\na: 2\nb: !x y\nc: &d [1]\ne: *d\n<<: {f: 1}\n7: g\n? [h]\n: i\n---\nj: 1\n"
    assert told(text) == [
        "2:1 duplicate-key",
        "3:4 yaml-feature",
        "4:4 yaml-feature",
        "5:4 yaml-feature",
        "6:1 yaml-feature",
        "7:1 key-not-text",
        "8:3 key-not-text",
        "10:1 yaml-feature",
    ]


def test_reading_goes_on_after_what_is_refused() -> None:
    """The first of two equal keys counts, and a key that is no text is kept as its text."""
    assert read_yaml("a: 1\na: 2\n7: b\nc: !t d\n", file="f").data == {"a": 1, "7": "b", "c": "d"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: {b: 1\n\n\n", "1:4"),  # where the bracket opens
        ("a: [1, 2\nb: 3\n", "2:2"),
        ("a: 'b\nc: d\n", "1:4"),  # where the quote opens
        ("a: b: c\n", "1:5"),
        ("a: 1\nb:2\nc: 3\n", "2:1"),  # where the key without a blank stands
        ("a:\n\t- b\n", "2:1"),
        ("a: @b\n", "1:4"),
        ("a: \x07\n", "1:4"),
        ("a:\r\n  b: 'c\r\n", "2:6"),
    ],
)
def test_a_syntax_error_is_one_problem_at_its_place(text: str, place: str) -> None:
    """Reading ends there: one problem, where the mistake is, and no data."""
    document = read_yaml(text, file="f.yaml")
    assert [f"{problem.line}:{problem.column}" for problem in document.problems] == [place]
    assert (document.readable, document.data) == (False, None)


def test_a_full_width_sign_is_hinted_at() -> None:
    """A Japanese keyboard writes full-width colons and braces where YAML wants the half-width sign."""
    message = read_yaml("a: 1\nsteps\uff1adone\nb: 2\n", file="f").problems[0].message
    assert "full-width '\uff1a'" in message


def test_nesting_has_a_bound() -> None:
    """A file cannot make the reader recurse."""
    assert told("a: " + "[" * (MAX_DEPTH + 5) + "]" * (MAX_DEPTH + 5)) == [f"1:{MAX_DEPTH + 3} yaml-feature"]
    assert told("a: " + "[" * 20 + "]" * 20) == []


def test_a_part_of_a_file_counts_from_its_own_line() -> None:
    """The front matter of a template is told by the lines of the template."""
    document = read_yaml("subject: a\nsubject: b\n", file="t.md", first_line=2)
    assert document.root.find(("subject",)).place == Place(2, 10)
    assert document.problems[0].line == 3


@given(st.text(alphabet=" \n-:{}[]&*!'\"#|>%@,?abcdé日: \t1.", max_size=60))
def test_no_text_makes_reading_fail(text: str) -> None:
    """Whatever is written, there is a document or a problem with a place in the file."""
    document = read_yaml(text, file="f")
    assert document.readable or document.problems
    for problem in document.problems:
        assert problem.line >= 1
        assert problem.column >= 1
