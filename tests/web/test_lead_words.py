"""Every line that a timeline can hold is said in both languages, and so is every state that a page shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from adapters.database.consents import BASES, SuppressionReason
from adapters.database.handoffs import State
from nurture.conditions import BUILT_IN_EVENTS
from nurture.definitions import Definitions
from nurture.mail_state import MailState
from nurture.records import LineKind, Status
from web.console import lead_tables
from web.console.lead_words import LeadWords

BY_NAME = {
    "handed_over", "given", "waiting", "accepted", "note_added", "reassigned", "reason_added", "snoozed", "held",
    "refused", "unknown", "cancelled", "won", "lost", "returned", "expired", "merged", "erased", "told", "not_told",
    "retrying", "dropped", "send_not_stopped",
}  # fmt: skip
"""Lines whose word is not written beside the call, or stands among other arguments."""


def written() -> Iterator[str]:
    """The words of all lines that the core and the adapters write."""
    for file in (*Path("nurture").rglob("*.py"), *Path("adapters").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name == "line" and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)
            if name == "Line":
                for keyword in node.keywords:
                    if keyword.arg == "what" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)


def test_every_line_has_its_words() -> None:
    """As the code writes them."""
    found = set(written())
    assert {"arrived", "hot", "not_moved", "reversed"} <= found
    assert (found | BY_NAME) - lead_tables.LINES.keys() == set()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (lead_tables.STATUSES, get_args(Status)), (lead_tables.KINDS, get_args(LineKind)),
        (lead_tables.EVENTS, BUILT_IN_EVENTS), (lead_tables.MAILS, get_args(MailState)), (lead_tables.BASES, BASES),
        (lead_tables.SUPPRESSED, get_args(SuppressionReason)), (lead_tables.TASKS, get_args(State)),
        (lead_tables.MAILS, ("held", "in_flight", "unknown", "refused", "cancelled")),
    ],
)  # fmt: skip
def test_every_state_has_its_words(table: dict[str, tuple[str, str]], words: tuple[str, ...]) -> None:
    """None is left out, and none is empty in either language."""
    assert set(words) <= table.keys()
    assert all(ja and en and not ja.isascii() and en.isascii() for ja, en in table.values())


@pytest.mark.parametrize(
    ("language", "said"), [("ja", "営業の結果が差し戻しか期限切れ"), ("en", "outcome returned or expired")]
)
def test_what_sales_made_of_a_task_is_said_in_words(language: str, said: str) -> None:
    """The way that a step takes after it is read by marketers."""
    assert LeadWords(Definitions(), language).conditions([{"outcome": ["returned", "expired"]}]) == [said]


@pytest.mark.parametrize(("language", "said"), [("ja", "参加(seminar)"), ("en", "attended: seminar")])
def test_what_a_lead_waits_for_is_said_in_words(language: str, said: str) -> None:
    """As written in the files; what cannot be read stays as it is."""
    words = LeadWords(Definitions(), language)
    assert words.conditions([{"attended": "seminar"}, {"what": ["is", "this"]}]) == [said, '{"what": ["is", "this"]}']
    assert words.conditions(None) == []
