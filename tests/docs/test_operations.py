"""Who is woken by an alert finds what to do: alerts, runbook and dashboard belong together, in both languages."""

from __future__ import annotations

import re

import promql_parser as promql
import pytest

from adapters.settings import Settings
from tests.docs.watching import DOCS, alerts, dashboard, expressions

DOCUMENTS = ("operations.md", "operations.ja.md")


def entries(document: str) -> list[str]:
    """The headings of the runbook's entries, in order."""
    return re.findall(r"^### (Nurture\w+)$", (DOCS / document).read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_alert_has_an_entry_in_the_runbook(document: str) -> None:
    """Under its own name, in the order of the rules; and there is no entry without an alert."""
    assert entries(document) == list(alerts())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_an_entry_says_how_urgent_the_alert_is(document: str) -> None:
    """The word at its beginning is the severity of the rule."""
    text = (DOCS / document).read_text(encoding="utf-8")
    shown = dict(re.findall(r"^### (Nurture\w+)\n\n\*+(page|ticket)\*+ · ", text, flags=re.MULTILINE))
    assert shown == {name: rule["labels"]["severity"] for name, rule in alerts().items()}


def test_every_alert_leads_to_its_entry_and_speaks_both_languages() -> None:
    """The anchor is the heading in small letters."""
    for name, rule in alerts().items():
        notes = rule["annotations"]
        assert notes["runbook_url"] == f"docs/operations.md#{name.lower()}", name
        assert re.search(r"[ぁ-んァ-ヶ一-龠]", notes["summary_ja"]), name
        assert notes["summary"].isascii(), name


@pytest.mark.parametrize(("where", "expression"), list(expressions().items()))
def test_every_expression_is_promql(where: str, expression: str) -> None:
    """By Prometheus' own grammar; `up` is Prometheus' own, everything else is ours or Temporal's."""
    promql.parse(expression)
    names = set(re.findall(r"\b(?:nurture|temporal|process)_[a-z_]+\b|\bup\b", expression))
    assert names, where


def test_the_dashboard_can_be_imported() -> None:
    """A title, an id of its own, rows for everything that is watched, and a data source that the reader chooses."""
    board = dashboard()
    assert (board["uid"], board["schemaVersion"]) == ("nurture", 41)
    assert [each["type"] for each in board["templating"]["list"]] == ["datasource"]
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    rows = [panel["title"].partition(" · ")[0] for panel in panels if panel["type"] == "row"]
    assert rows == ["Intake", "Relay", "Leads", "Mail", "Handoffs", "Temporal worker", "Processes"]
    for panel in panels:
        for target in panel.get("targets", ()):
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]


def test_no_two_panels_lie_on_each_other() -> None:
    """Each has its own place in the grid of 24 columns."""
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for cell in ((x, y) for x in range(place["w"]) for y in range(place["h"])):
            at = (place["x"] + cell[0], place["y"] + cell[1])
            assert at not in taken, f"{panel['title']} lies on {taken[at]}"
            taken[at] = panel["title"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_setting_is_in_the_table(document: str) -> None:
    """A new setting is not forgotten, and one that is gone is not described."""
    aliases = {"sendgrid_api_key": "SENDGRID_API_KEY", "external_temporal": "TEMPORAL_ADDRESS"}
    known = {aliases.get(name, f"NURTURE_{name.upper()}") for name in Settings.model_fields}
    text = (DOCS / document).read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[A-Z].*?`) \|", text, flags=re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`((?:NURTURE|SENDGRID)_\w+|TEMPORAL_ADDRESS)`", row)}
    assert told == known


def test_both_documents_show_the_same_commands_and_pictures() -> None:
    """What a reader of one language can copy or see, a reader of the other can; only reasons are in his language."""
    texts = ((DOCS / name).read_text(encoding="utf-8") for name in DOCUMENTS)
    english, japanese = (re.sub(r'"reason": "[^"]*"', '"reason": ""', text) for text in texts)
    for pattern in (r"^\$ .+$", r"images/[a-z-]+\.png", r"^NurtureS.+$"):
        assert re.findall(pattern, english, flags=re.MULTILINE) == re.findall(pattern, japanese, flags=re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_jump_within_the_document_lands(document: str) -> None:
    """An anchor is its heading in small letters, without signs, with hyphens for blanks."""
    text = (DOCS / document).read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    jumps = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert len(jumps) > 10
    assert jumps <= anchors
