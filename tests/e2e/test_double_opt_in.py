"""A consent that is asked for once more by mail, through the whole product, with processes killed on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.e2e.conftest import write_folder
from tests.e2e.whole import Whole

SCENARIO = """\
scenario: letters
language: en
topic: newsletter
enter: {event: {signed_up: letter}}
start: first
steps:
  first: {send: mail_a, wait: {until: [opened], timeout: 5d}, then: done}
  done: {finish: done}
"""
FORMS = """\
letter:
  language: en
  event: {signed_up: letter}
  fields: {email: required}
  topic: newsletter
  consent: {version: en_1, text: I agree to a weekly letter.}
  confirm: confirm
"""
MAIL = "---\nsubject: Please confirm\n---\n[Confirm]({{ confirm_link }})\n"
ADDRESS = "reader@example.com"


def test_nothing_but_the_question_goes_out_before_it_is_answered(whole: Callable[..., Whole], tmp_path: Path) -> None:
    """The mail comes once though relay and worker are killed right after the post; the button begins the scenario."""
    nurture = whole()
    nurture.start()
    folder = write_folder(tmp_path / "scenarios", SCENARIO, forms=FORMS)
    (folder / "templates" / "confirm.en.md").write_text(MAIL, encoding="utf-8")
    deployed = nurture.run("deploy", str(folder))
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    for name in ("relay", "worker"):
        nurture.kill(name)
    posted = httpx.post(f"{nurture.web}/forms/letter", data={"email": ADDRESS}, trust_env=False)
    assert posted.status_code == 303
    asked = nurture.mail(ADDRESS)
    assert asked["subject"] == "Please confirm"
    (link,) = set(re.findall(r"http://[^\s\"<>]+/c/[\w-]+", asked["text"]))
    (lead,) = nurture.all("/api/leads")
    assert lead["scenario"] is None
    assert httpx.get(link, trust_env=False).status_code == 200
    assert httpx.post(link, trust_env=False).status_code == 200
    assert nurture.mail(ADDRESS, 2)["subject"] == "mail_a"
    nurture.lead(lead["id"], status="waiting", step="first")
    told = [line["what"] for line in nurture.all(f"/api/leads/{lead['id']}/timeline")]
    for what in ("confirmation_asked", "signed_up", "enrolment_awaits_confirmation", "consent_confirmed", "entered"):
        assert what in told, told
    assert len(list(nurture.all(f"/api/inbox?to={ADDRESS}"))) == 2, "the question was asked once"
    assert nurture.stop() == 0
