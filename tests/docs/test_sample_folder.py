"""The sample in `scenarios/` is what the documents say: coherent, invented, and worth a demo."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from adapters.database.deployments import DeploymentStore, deploy
from adapters.database.engine import open_database, writing
from adapters.database.lead_files import import_rows
from adapters.scenario_folder import check_folder, read_folder
from nurture.audience import read_audience

FOLDER = Path(__file__).parents[2] / "scenarios"
BUILT_IN = (
    "id", "email", "name", "language", "time_zone", "consent_topics", "consent_basis", "consent_source", "consent_at",
)  # fmt: skip
BASES = {"opt_in", "business_card", "existing_customer", "published_address", "contract"}
INVENTED = re.compile(r"@([a-z0-9-]+\.)*example\.(co\.jp|jp|com)$")


def read(name: str) -> Any:
    """The data of one YAML file of the sample."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def leads() -> list[dict[str, str]]:
    """The rows of leads.csv, as text."""
    with (FOLDER / "leads.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def matches(lead: dict[str, str]) -> bool:
    """True for a lead of the segment midsize_infrastructure."""
    return 50 <= int(lead["employees"]) <= 100 and lead["industry"] in {"telecom", "broadcasting", "utilities"}


def test_the_check_finds_nothing_in_the_sample() -> None:
    """No error and no warning: what people copy first is sound."""
    loaded, _ = check_folder(FOLDER)
    assert [str(problem) for problem in loaded.problems] == []
    assert set(loaded.definitions.scenarios) == {"seminar_to_demo", "trial_onboarding", "reactivation"}


def test_every_column_of_the_leads_is_built_in_or_an_attribute(leads: list[dict[str, str]]) -> None:
    """An unknown column would refuse the file."""
    assert set(leads[0]) - {*BUILT_IN, *read("attributes.yaml")} == set()
    assert set(BUILT_IN) - set(leads[0]) == set()


def test_the_leads_are_invented(leads: list[dict[str, str]]) -> None:
    """200 leads with ids that tell nothing and addresses under example domains, none twice."""
    assert [lead["id"] for lead in leads] == [f"lead_{number:03d}" for number in range(1, 201)]
    assert [lead["email"] for lead in leads if not INVENTED.search(lead["email"])] == []
    assert len({lead["email"] for lead in leads}) == len(leads)


def test_every_lead_is_imported_and_those_of_the_segment_are_enrolled(
    leads: list[dict[str, str]], database_url: str
) -> None:
    """No row is bad, and the scenario takes in exactly the matching ones."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    engine = open_database(database_url)
    try:
        with writing(engine) as conn:
            deploy(conn, read_folder(FOLDER), [], by="test", now=now, real_now=now)
        with (FOLDER / "leads.csv").open(encoding="utf-8") as lines:
            imported = import_rows(engine, lines, store=DeploymentStore(engine), now=now, file_name="leads.csv")
    finally:
        engine.dispose()
    assert imported.bad == []
    assert (imported.created, imported.enrolled) == (200, sum(matches(lead) for lead in leads))


def test_about_two_thirds_of_the_leads_match_the_segment(leads: list[dict[str, str]]) -> None:
    """Enough enter the scenario for a demo, and enough do not for a segment to mean something."""
    assert 120 <= sum(matches(lead) for lead in leads) <= 140


def test_choices_flags_and_times_of_the_leads_can_be_read(leads: list[dict[str, str]]) -> None:
    """Choices by their keys, flags as true or false, known zones, a consent with basis and known topics in the past."""
    attributes = read("attributes.yaml")
    topics = set(read("sender.yaml")["topics"])
    for lead in leads:
        for name in ("title", "industry", "relation"):
            assert lead[name] in {"", *attributes[name]["values"]}, lead["id"]
        assert lead["uses_competitor"] in {"", "true", "false"}, lead["id"]
        assert ZoneInfo(lead["time_zone"])
        assert set(lead["consent_topics"].split()) <= topics, lead["id"]
        assert lead["consent_basis"] in BASES, lead["id"]
        assert datetime.fromisoformat(lead["consent_at"]) < datetime.fromisoformat("2026-11-01T00:00:00+09:00")


def test_some_matching_leads_may_not_get_the_newsletter_and_some_are_no_prospects(leads: list[dict[str, str]]) -> None:
    """The demo shows `unreachable` and `not_a_prospect` too."""
    matching = [lead for lead in leads if matches(lead)]
    assert any("newsletter" not in lead["consent_topics"] for lead in matching)
    assert {lead["relation"] for lead in matching} == {"prospect", "customer", "competitor"}


def test_the_audience_speaks_of_mails_and_events_that_exist() -> None:
    """Every template of the rates is a file, and every event is one the scenario or the score can hear."""
    audience = read_audience(read("audience.yaml"))
    files = {path.name.partition(".")[0] for path in (FOLDER / "templates").glob("*.ja.md")}
    assert set(audience.mails) <= files
    heard = "".join((FOLDER / name).read_text(encoding="utf-8") for name in ("seminar_to_demo.yaml", "score.yaml"))
    events = [answer.event for mail in audience.mails.values() for answer in mail.events]
    events += [habit.event for habit in audience.any_time]
    assert [str(event) for event in events if str(event) not in heard and f"{event.type}: any" not in heard] == []


@pytest.mark.parametrize(("language", "least", "most"), [("ja", 150, 350), ("en", 250, 800)])
def test_the_mails_are_short_and_leave_the_footer_to_the_engine(language: str, least: int, most: int) -> None:
    """A subject, a preheader, so many characters and one or two links; no footer of their own."""
    mails = sorted((FOLDER / "templates").glob(f"*.{language}.md"))
    assert mails
    for path in mails:
        _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
        assert set(yaml.safe_load(front)) == {"subject", "preheader"}, path.name
        assert 1 <= body.count("link(") + body.count("confirm_link") <= 2, path.name
        shown = re.sub(r"\{\{.*?\}\}|[\s*\[\]()#-]", "", body)
        assert least <= len(shown) <= most, path.name
        assert not re.search("配信停止|〒|[Uu]nsubscribe", body), path.name
