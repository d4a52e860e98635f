"""Who agreed on the hot lead definition and when is written into its file, and nothing else of it changes."""

from __future__ import annotations

import difflib

import pytest

from nurture.agreement import agree, not_agreed
from nurture.definitions import Agreed, HotLead
from nurture.errors import NurtureError
from nurture.reading import read_source

NEW = Agreed(date="2026-12-24", by=("marketing", "sales"))
RULES = """\
# ホットリードの定義
{agreed}any:                  # どれか一つ
  - {{score: total, at_least: 120}}

  # 来期に見直す
  - all: [{{score: attributes, at_least: 30}}, {{score: behaviours, at_least: 100}}]
queue: inside_sales
"""


def definition(text: str) -> HotLead:
    """What a file says."""
    source = read_source("hot_lead", "hot_lead.yaml", text)
    assert source.problems == ()
    assert isinstance(source.model, HotLead)
    return source.model


def changed(before: str, after: str) -> list[str]:
    """The lines that differ."""
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


@pytest.mark.parametrize(
    "agreed",
    [
        "agreed: {date: 2026-11-01, by: [marketing, sales]}   # 会議にて\n",
        'agreed: {by: [営業, "a, b"], date: "2026-11-01"}\n',
        "agreed:\n  date: 2026-11-01   # 前回\n  by:\n    - marketing\n    - 営業\n\n",
        "agreed:\n    by: [sales]\n    date: '2026-11-01'\n# 別の話\n",
        "agreed:\n  by:\n  - sales\n  date: 2026-11-01\n",
        "",
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_only_the_agreement_changes(agreed: str, ends: str, mark: str) -> None:
    """In whatever style it was written, or where there was none: every comment and every other line stays."""
    before = mark + RULES.format(agreed=agreed).replace("\n", ends)
    after = agree(before, NEW)
    assert definition(after) == definition(before).model_copy(update={"agreed": NEW})
    for comment in ("# ホットリードの定義", "# どれか一つ", "  # 来期に見直す"):
        assert comment in after
    kept = [line for line in before.splitlines() if "agreed" not in line and "date:" not in line and "by" not in line]
    assert [line for line in kept if line not in after.splitlines()] in ([], ["    - 営業"], ["  - sales"])
    assert after.count("\n") == after.count(ends)


def test_the_date_alone_changes_where_the_names_stay() -> None:
    """One line, and its comment with it."""
    before = RULES.format(agreed="agreed: {date: 2026-11-01, by: [marketing, sales]}   # 会議にて\n")
    assert changed(before, agree(before, NEW)) == [
        "- agreed: {date: 2026-11-01, by: [marketing, sales]}   # 会議にて",
        "+ agreed: {date: 2026-12-24, by: [marketing, sales]}   # 会議にて",
    ]
    assert agree(agree(before, NEW), NEW) == agree(before, NEW)


@pytest.mark.parametrize(
    "name", ["true", "12", "a: b", "[x", "営業 本部", "null", 'q"uote', "#1", "a, b", "2026-11-01"]
)
def test_a_name_is_read_back_as_it_was_given(name: str) -> None:
    """In quotes where YAML would read something else."""
    agreed = Agreed(date="2026-12-24", by=(name, "sales"))
    for before in ("", "agreed: {date: 2026-11-01, by: [x]}\n", "agreed:\n  date: 2026-11-01\n  by:\n  - x\n"):
        assert definition(agree(RULES.format(agreed=before), agreed)).agreed == agreed


def test_a_file_written_in_braces_gets_it_as_its_first_key() -> None:
    """As some write short files."""
    after = agree("{any: [{score: total, at_least: 50}], queue: other}\n", NEW)
    assert after.startswith("{agreed: {date: 2026-12-24, by: [marketing, sales]}, any: ")


@pytest.mark.parametrize("text", ["", "any: [", "queue: inside\n", "any: [{score: total, at_least: 5}]\nqeue: x\n"])
def test_what_is_no_definition_is_refused(text: str) -> None:
    """With where, and what to do; a mistyped key is not mended in passing."""
    with pytest.raises(NurtureError) as refused:
        agree(text, NEW)
    assert "hot_lead.yaml" in refused.value.where
    assert "nurture check" in refused.value.do


def hot(date: str | None = "2026-11-01", threshold: int = 120, **more: object) -> HotLead:
    """A definition with two rules."""
    rules = [{"score": "total", "at_least": threshold}, {"did": {"requested": "demo"}}]
    agreed = {"agreed": {"date": date, "by": ["marketing", "sales"]}} if date else {}
    return HotLead.model_validate({"any": rules, "queue": "inside", **agreed, **more})


def test_a_changed_definition_wants_a_new_agreement() -> None:
    """Thresholds, queue and cool-down are part of it; the order of the rules is not."""
    assert not_agreed(hot(), hot()) is None
    assert (
        not_agreed(hot(), hot(any=list(reversed(hot().model_dump(by_alias=True, exclude_defaults=True)["any"]))))
        is None
    )
    assert not_agreed(hot(), hot("2026-12-24", 100)) is None
    assert not_agreed(None, hot()) is None
    assert not_agreed(hot(), None) is None
    for other in (hot(threshold=100), hot(queue="other"), hot(cool_down="60d")):
        assert "`agreed` is still that of 2026-11-01" in (not_agreed(hot(), other) or "")
    assert "nobody has agreed" in (not_agreed(hot(), hot(None, 100)) or "")
    assert "nobody has agreed" in (not_agreed(None, hot(None)) or "")
    assert not_agreed(hot(None), hot(None)) is None
