"""The two shipped scenarios that no list of leads opens, on a real server: a trial, and leads that fell asleep."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from tests.e2e.shared import lines, person, running, tell
from tests.e2e.whole import NewWhole, Whole, patiently

SPEED = 43_200
SIDES = {"reactivation_question": 45, "reactivation_case": 45, "none": 10}
TOPICS = {"topics": ["newsletter", "trial"], "basis": "opt_in", "source": "test"}


@pytest.fixture(scope="module")
def nurture(tmp_path_factory: pytest.TempPathFactory, new_whole: NewWhole) -> Iterator[Whole]:
    """The shipped folder, deployed as it is; a day takes two seconds."""
    with running(tmp_path_factory.mktemp("shipped"), new_whole, speed=SPEED) as made:
        assert made.run("deploy").returncode == 0
        yield made


def now(nurture: Whole) -> datetime:
    """Nurture's now."""
    return datetime.fromisoformat(nurture.get("/health/ready")["now"]).astimezone(UTC)


def finished(nurture: Whole, lead: str, scenario: str) -> str | None:
    """The word with which the lead's way through a scenario ended."""
    found = [
        subject
        for what, of, subject in lines(nurture, lead, "what", "scenario", "subject")
        if (what, of) == ("finished", scenario)
    ]
    return found[0] if found else None


def sent(nurture: Whole, lead: str, scenario: str) -> list[str]:
    """The templates that were accepted for a lead in a scenario."""
    told = lines(nurture, lead, "what", "scenario", "subject")
    return [subject for what, of, subject in told if (what, of) == ("accepted", scenario)]


def test_a_trial_replaces_what_the_lead_was_walking_and_ends_with_sales(nurture: Whole) -> None:
    """It had been in the seminar scenario; three days before its trial ends it gets the last mail, and clicks."""
    attributes: dict[str, Any] = {"employees": 80, "industry": "telecom"}
    assert nurture.post("/api/leads", person("trial_1", consent=TOPICS, attributes=attributes)).status_code == 201
    nurture.lead("trial_1", scenario="seminar_to_demo")
    ends = (now(nurture) + timedelta(days=12)).date()
    nurture.post("/api/leads", {"id": "trial_1", "attributes": {"trial_ends": ends.isoformat()}})
    tell(nurture, "trial_1", "1", "signed_up", "trial")
    patiently(lambda: finished(nurture, "trial_1", "seminar_to_demo") == "replaced")
    patiently(lambda: "trial_welcome" in sent(nurture, "trial_1", "trial_onboarding"))
    tell(nurture, "trial_1", "2", "created_project", "first")
    patiently(lambda: "trial_ending" in sent(nurture, "trial_1", "trial_onboarding"), seconds=90)
    (mail,) = [mail for mail in nurture.mails("trial_1@example.com") if "ends in three days" in mail["subject"]]
    told_at = datetime.fromisoformat(mail["at"])
    assert timedelta(days=-4) < told_at - datetime.combine(ends, datetime.min.time(), UTC) < timedelta(days=1)
    assert "trial_tips" in sent(nurture, "trial_1", "trial_onboarding")
    link = next(link for link in mail["links"] if "/forms/consultation" in link)
    assert nurture.post(f"/api/inbox/{mail['id']}/click", {"url": link}).status_code in {200, 202}
    nurture.lead("trial_1", status="with_sales")
    (task,) = [task for task in nurture.get("/api/handoffs?limit=200")["items"] if task["lead"] == "trial_1"]
    assert task["queue"] == "inside_sales"


def test_a_trial_without_an_end_date_is_told_to_sales_and_ends(nurture: Whole) -> None:
    """An unknown date ends the wait at once; the last mail, which names the date, does not go."""
    assert nurture.post("/api/leads", person("trial_2", consent=TOPICS)).status_code == 201
    tell(nurture, "trial_2", "1", "signed_up", "trial")
    patiently(lambda: finished(nurture, "trial_2", "trial_onboarding") == "trial_ended", seconds=60)
    assert "trial_ending" not in sent(nurture, "trial_2", "trial_onboarding")
    assert "notified" in lines(nurture, "trial_2", "what")


def on_the_side(wanted: str) -> str:
    """A lead's id that falls on this side of the split: SHA-256 as the contract says."""
    for number in count():
        lead = f"{wanted.rpartition('_')[2]}_{number}"
        digest = hashlib.sha256(f"reactivation\nhello_again\n{lead}\nsend".encode()).digest()
        point, sides = int.from_bytes(digest[:8], "big") % 100, iter(SIDES.items())
        name, share = next(sides)
        while point >= share:
            point -= share
            name, share = next(sides)
        if name == wanted:
            return lead
    raise AssertionError


def test_leads_that_fall_asleep_are_let_in_by_the_night_and_split(nurture: Whole) -> None:
    """Silent for 178 days now, all three enter two nights later; one side gets no mail, and comes back by itself."""
    leads = {side: on_the_side(side) for side in SIDES}
    long_ago = (now(nurture) - timedelta(days=178)).isoformat()
    for lead in leads.values():
        assert nurture.post("/api/leads", person(lead)).status_code == 201
        tell(nurture, lead, "1", "visited", "/pricing", at=long_ago)
        assert nurture.lead(lead)["scenario"] is None
    for side, lead in leads.items():
        nurture.lead(lead, scenario="reactivation", status="waiting")
        if side != "none":
            patiently(lambda lead=lead, side=side: sent(nurture, lead, "reactivation") == [side])  # type: ignore[misc]
    held_out = leads["none"]
    assert sent(nurture, held_out, "reactivation") == []
    assert "held_out" in lines(nurture, held_out, "what")
    tell(nurture, held_out, "2", "downloaded", "whitepaper/night_watch")
    patiently(lambda: finished(nurture, held_out, "reactivation") == "came_back")


def test_a_lead_that_never_did_anything_has_not_fallen_asleep(nurture: Whole) -> None:
    """An import lets in nobody who was never awake, however many nights pass."""
    assert nurture.post("/api/leads", person("never")).status_code == 201
    start = now(nurture)
    patiently(lambda: now(nurture) > start + timedelta(days=3))
    assert nurture.lead("never")["scenario"] is None
    assert lines(nurture, "never", "what") == []
