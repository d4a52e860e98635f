"""What a running scenario would lack under other files."""

from __future__ import annotations

from nurture.pinned import lacking
from tests.core.stage import ATTRIBUTES, SALES, SENDER

SCENARIO = """\
scenario: drip
language: ja
topic: news
leave:
  - {when: {attribute: employees, at_least: 10}, finish: large}
start: a
steps:
  a:
    send: welcome
    wait: 3d
    then: b
  b: {handoff: {queue: inside}, then: done}
  done: {finish: over}
"""
MAIL = "---\nsubject: 見本\n---\n見本です。\n"
FILES = {
    "drip.yaml": SCENARIO, "sender.yaml": SENDER, "sales.yaml": SALES, "attributes.yaml": ATTRIBUTES,
    "templates/welcome.ja.md": MAIL,
}  # fmt: skip


def lacks(**changed: str | None) -> list[tuple[str, int, str]]:
    """What the scenario lacks where these files are changed, or gone; as file, line and rule."""
    files = {**FILES, **{name.replace("__", "/").replace("_yaml", ".yaml").replace("_md", ".ja.md"): text
                         for name, text in changed.items()}}  # fmt: skip
    kept = {name: text for name, text in files.items() if text is not None}
    return [(each.file, each.line, each.rule) for each in lacking(FILES, "drip", kept)]


def test_the_same_files_lack_nothing() -> None:
    """Nor do files in which the scenario itself is other, or gone: its steps are pinned."""
    assert lacks() == []
    assert lacks(drip_yaml=None) == []
    assert lacks(drip_yaml=SCENARIO.replace("  b:", "  c:").replace("then: b", "then: c")) == []


def test_what_is_taken_away_is_found_at_its_place() -> None:
    """A template, a queue, a topic, a whole file; and a type that the tests of an attribute do not fit any more."""
    assert lacks(templates__welcome_md=None) == [("drip.yaml", 9, "unknown-template")]
    assert lacks(sales_yaml=SALES.replace("inside:", "outside:")) == [("drip.yaml", 12, "unknown-queue")]
    assert lacks(sender_yaml=SENDER.replace("news,", "")) == [("drip.yaml", 3, "unknown-topic")]
    assert lacks(attributes_yaml=ATTRIBUTES.replace("employees: {type: number", "employees: {type: text")) == [
        ("drip.yaml", 5, "attribute-test")
    ]
    assert [rule for _, _, rule in lacks(attributes_yaml=None)] == ["missing-file"]


def test_what_was_wrong_before_is_no_reason() -> None:
    """A check that became stricter since does not stop every later deployment."""
    broken = {**FILES, "drip.yaml": SCENARIO.replace("queue: inside", "queue: nowhere")}
    assert lacking(broken, "drip", FILES) == ()
    assert lacking(FILES, "unknown", FILES) == ()
