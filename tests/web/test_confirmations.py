"""Double opt-in over HTTP: what a form asks for, what the link shows, and what counts only when it is confirmed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from adapters.confirming import confirm
from adapters.database import confirmations, deployments, numbering, timeline
from adapters.database.consents import suppressed
from adapters.database.engine import reading, writing
from adapters.database.leads import LeadUpsert, upsert
from adapters.database.schema import confirmations as requests
from adapters.database.schema import consents, enrolments, events, leads
from adapters.mail.tokens import Confirmation, ConfirmationTokens
from adapters.scenario_folder import read_folder
from tests.web.process import Process
from tests.web.test_forms import hidden, rows

ADDRESS = "hanako@example.co.jp"
TEXT = "週に一度のメールをお送りすることに同意します。"
FORMS = f"""
letter:
  title: メールマガジンのお申し込み
  language: ja
  event: {{signed_up: letter}}
  fields: {{email: required, name: optional, company: optional}}
  topic: newsletter
  consent: {{version: ja_2, text: {TEXT}}}
  confirm: confirm_letter
  thanks: /thanks
talks:
  language: en
  event: {{signed_up: talks}}
  fields: {{email: required}}
  topic: seminars
  consent: {{version: en_1, text: I agree.}}
  confirm: confirm_letter
"""
MAIL = "---\nsubject: ご登録の確認\n---\n[登録を確認する]({{ confirm_link }})\n"
WALK = """\
scenario: letters
language: ja
topic: newsletter
enter: {event: {signed_up: letter}}
start: first
steps:
  first: {send: newsletter_01, wait: 30d, then: done}
  done: {finish: done}
"""
COMPANY = """\
scenario: company
language: ja
topic: newsletter
enter: {segment: known_company}
start: first
steps:
  first: {send: newsletter_01, wait: 30d, then: done}
  done: {finish: done}
"""
SEGMENT = "known_company: {when: {attribute: company, is: 架空商事}}\n"


@pytest.fixture
def letters(process: Process) -> Process:
    """With two forms that confirm, and two scenarios: one entered by such a form, one by a segment."""
    files = read_folder(Path("scenarios"))
    files["forms.yaml"] += FORMS
    files["templates/confirm_letter.ja.md"] = MAIL
    files["letters.yaml"], files["company.yaml"] = WALK, COMPANY
    files["segments.yaml"] += SEGMENT
    now = datetime.now(UTC)
    with writing(process.engine) as connection:
        deployments.deploy(connection, files, [], by="tests", now=now, real_now=now)
    process.store.refresh()
    return process


@pytest.fixture
def visitor(letters: Process) -> httpx.AsyncClient:
    """Somebody without any key."""
    return letters.anybody()


async def post(visitor: httpx.AsyncClient, form: str = "letter", **said: str) -> None:
    """Fill in a form."""
    answer = await visitor.post(f"/forms/{form}", data={"email": ADDRESS, **said})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/forms/{form}/thanks")


def asked(process: Process) -> list[Any]:
    """Every request, oldest first."""
    return sorted(rows(process, requests), key=lambda row: row.id)


def link(process: Process, *, of: int = -1, until: datetime | None = None) -> str:
    """The path that the mail of a request shows."""
    row = asked(process)[of]
    return ConfirmationTokens.of(process.engine).url("", Confirmation(row.id, until or row.until))


def change(process: Process, table: Any, **values: Any) -> None:
    """Change every row of a table behind everybody's back."""
    with writing(process.engine) as connection:
        connection.execute(update(table).values(**values))


def grow_older(process: Process, age: timedelta) -> None:
    """Every request was made so long ago."""
    then = datetime.now(UTC) - age
    change(process, requests, asked_real=then, due_real=then)


def file_events(process: Process) -> None:
    """What the relay does with the events of every lead."""
    with writing(process.engine) as connection:
        for lead in connection.execute(select(leads.c.id)).scalars().all():
            numbering.file_events(connection, lead, process.store)


def walks(process: Process) -> list[tuple[str, str]]:
    """Every enrolment with its state."""
    return sorted((row.scenario, row.state) for row in rows(process, enrolments))


def told(process: Process) -> list[str]:
    """What the timeline of the only lead says, in order, without events."""
    (lead,) = rows(process, leads)
    with reading(process.engine) as connection:
        return [line["what"] for line in timeline.page(connection, lead.id)[0] if line["kind"] != "event"]


async def test_a_form_that_confirms_keeps_lead_and_event_and_only_asks_for_the_consent(
    letters: Process, visitor: httpx.AsyncClient
) -> None:
    """Its page says that a mail comes; the consent is stored by no post."""
    page = (await visitor.get("/forms/letter")).text
    assert "確認のメールをお送りします" in page
    assert "同意して送信する" not in page
    await post(visitor, **hidden(page), name="見本 花子")
    assert "登録が完了します" in (await visitor.get("/forms/letter/thanks")).text
    (lead,) = rows(letters, leads)
    assert (lead.email, lead.name) == (ADDRESS, "見本 花子")
    assert [(event.type, event.subject) for event in rows(letters, events)] == [("signed_up", "letter")]
    assert rows(letters, consents) == []
    (request,) = asked(letters)
    assert (request.lead, request.topic, request.wording_version, request.confirmed_at) == (
        lead.id, "newsletter", "ja_2", None,
    )  # fmt: skip
    assert request.until - request.asked_at == timedelta(days=7)


async def test_looking_at_the_link_changes_nothing_and_the_button_confirms(
    letters: Process, visitor: httpx.AsyncClient
) -> None:
    """Scanners of mail look, too. The consent says what was agreed to, and when it was asked for and confirmed."""
    await post(visitor)
    for _ in range(2):
        page = await visitor.get(link(letters))
        assert page.status_code == 200
        assert TEXT in page.text
        assert f'<form method="post" action="{link(letters)}">' in page.text
        assert page.headers["cache-control"] == "no-store"
    assert rows(letters, consents) == []
    done = await visitor.post(link(letters))
    assert (done.status_code, "確認できました" in done.text) == (200, True)
    (given,), (request,) = rows(letters, consents), asked(letters)
    assert (given.basis, given.source, given.topic, given.by_form) == ("opt_in", "form:letter", "newsletter", True)
    assert (given.wording_version, given.wording) == ("ja_2", TEXT)
    assert given.wording_sha256 == hashlib.sha256(TEXT.encode()).hexdigest()
    assert (given.asked_at, given.at) == (request.asked_at, request.confirmed_at)
    assert given.at > given.asked_at


async def test_confirming_again_is_harmless(letters: Process, visitor: httpx.AsyncClient) -> None:
    """The same page, and one consent."""
    await post(visitor)
    answers = [await visitor.post(link(letters)) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert (await visitor.get(link(letters))).text == answers[0].text
    assert len(rows(letters, consents)) == 1
    assert told(letters).count("consent_confirmed") == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_broken_link_says_what_to_do(letters: Process, visitor: httpx.AsyncClient, method: str) -> None:
    """404 in words, whether it was cut, changed, or is of another purpose; nothing happens."""
    await post(visitor)
    good = link(letters)
    nobody = ConfirmationTokens.of(letters.engine).url("", Confirmation(10**15, datetime.now(UTC) + timedelta(days=1)))
    for path in (good[:-3], good + "A", "/c/x", nobody):
        answer = await visitor.request(method, path)
        assert answer.status_code == 404, path
        assert "もう一度送信してください" in answer.text
    assert rows(letters, consents) == []


async def test_a_link_that_has_run_out_leads_back_to_the_form(letters: Process, visitor: httpx.AsyncClient) -> None:
    """410, by the row and by the token itself; nothing is kept."""
    await post(visitor)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    path = link(letters)
    change(letters, requests, until=yesterday)
    for answer in (await visitor.get(path), await visitor.post(path), await visitor.post(link(letters))):
        assert answer.status_code == 410
        assert '<a href="/forms/letter">' in answer.text
    assert rows(letters, consents) == []


async def test_another_mailbox_cannot_confirm(letters: Process, visitor: httpx.AsyncClient) -> None:
    """Where the lead's address has changed since, the link proves nothing of the new one."""
    await post(visitor)
    await letters.client.post("/api/leads", json={"id": rows(letters, leads)[0].id, "email": "new@example.co.jp"})
    assert (await visitor.post(link(letters))).status_code == 410
    assert rows(letters, consents) == []


async def test_only_the_confirmed_consent_takes_back_an_unsubscribe(
    letters: Process, visitor: httpx.AsyncClient
) -> None:
    """Posting alone lifts nothing: anybody could have filled in the address."""
    await letters.client.post("/api/leads", json={"id": "l1", "email": ADDRESS})
    stop = {"id": "stop", "lead": "l1", "type": "unsubscribed", "subject": "newsletter"}
    await letters.client.post("/events", json={"events": [stop]})
    await post(visitor)
    with reading(letters.engine) as connection:
        assert suppressed(connection, ADDRESS, "newsletter") == "unsubscribed"
    await visitor.post(link(letters))
    with reading(letters.engine) as connection:
        assert suppressed(connection, ADDRESS, "newsletter") is None


async def test_a_scenario_that_the_form_opens_begins_with_the_confirmation(
    letters: Process, visitor: httpx.AsyncClient
) -> None:
    """Enrolled at once, the lead would be unreachable at its first mail. The timeline says what is waited for."""
    await post(visitor, company="架空商事")
    file_events(letters)
    assert walks(letters) == []
    assert "enrolment_awaits_confirmation" in told(letters)
    await visitor.post(link(letters))
    assert walks(letters) == [("company", "enrolled"), ("letters", "queued")]
    await visitor.post(link(letters))
    file_events(letters)
    assert len(walks(letters)) == 2


async def test_a_confirmation_that_comes_before_the_event_is_filed_begins_the_scenario_once(
    letters: Process, visitor: httpx.AsyncClient
) -> None:
    """The relay may be slower than the person."""
    await post(visitor)
    await visitor.post(link(letters))
    file_events(letters)
    assert walks(letters) == [("letters", "enrolled")]
    assert "enrolment_refused" not in told(letters)


async def test_a_lead_that_can_be_mailed_waits_for_nothing(letters: Process, visitor: httpx.AsyncClient) -> None:
    """Who agreed before and fills in the form again is enrolled at once."""
    consent = {"topics": ["newsletter"], "basis": "opt_in", "source": "test"}
    await letters.client.post("/api/leads", json={"id": "l1", "email": ADDRESS, "consent": consent})
    await post(visitor)
    file_events(letters)
    assert walks(letters) == [("letters", "enrolled")]


async def test_a_form_cannot_be_used_to_flood_somebody(letters: Process, visitor: httpx.AsyncClient) -> None:
    """Posts within ten minutes share one mail, another form's comes ten minutes later, and five a day are the most."""
    for _ in range(3):
        await post(visitor)
    await post(visitor, "talks")
    first, second = asked(letters)
    assert (first.form, second.form) == ("letter", "talks")
    assert second.due_real - first.due_real == confirmations.BETWEEN
    for _ in range(5):
        grow_older(letters, timedelta(hours=1))
        await post(visitor)
    assert len(asked(letters)) == confirmations.MOST_A_DAY
    assert told(letters)[-1] == "confirmation_not_asked"
    grow_older(letters, timedelta(hours=25))
    await post(visitor)
    assert len(asked(letters)) == confirmations.MOST_A_DAY + 1


async def test_a_stranger_learns_nothing_from_a_form_that_confirms(
    letters: Process, visitor: httpx.AsyncClient
) -> None:
    """The answer for an address that agreed, was asked or is new is the same to the letter."""
    consent = {"topics": ["newsletter"], "basis": "opt_in", "source": "test"}
    await letters.client.post("/api/leads", json={"id": "l1", "email": ADDRESS, "consent": consent})
    answers = [
        await visitor.post("/forms/letter", data={"email": address})
        for address in (ADDRESS, ADDRESS, "new@example.co.jp")
    ]
    assert len({(answer.status_code, answer.text, str(answer.headers)) for answer in answers}) == 1


def test_a_link_lasts_long_enough_to_be_pressed_at_any_speed() -> None:
    """Seven days of nurture's time, and at least ten minutes of a person's."""
    now = datetime(2026, 11, 2, tzinfo=UTC)
    moment = confirmations.Asking(now, now)
    assert moment.until == now + timedelta(days=7)
    assert replace(moment, speed=43200).until == now + timedelta(minutes=10) * 43200


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_the_page_is_in_the_language_of_its_form(
    letters: Process, visitor: httpx.AsyncClient, language: str
) -> None:
    """Whatever the browser asks for, since the wording was read in that language."""
    await post(visitor, "letter" if language == "ja" else "talks")
    words = {"ja": ("登録の確認", "同意を確認する"), "en": ("Please confirm", "Confirm my consent")}
    page = (await visitor.get(link(letters), headers={"Accept-Language": "fr"})).text
    assert f'<html lang="{language}">' in page
    assert all(word in page for word in words[language])


def test_a_consent_confirmed_twice_at_once_is_kept_once(letters: Process) -> None:
    """Whoever comes second sees what the first has written."""
    moment = confirmations.Asking(letters.clock.now(), datetime.now(UTC))
    with writing(letters.engine) as connection:
        upsert(connection, LeadUpsert(id="l1", email=ADDRESS), store=letters.store, now=moment.now)
        form = letters.store.current().forms["letter"]
        confirmations.ask(connection, "l1", "letter", form, address=ADDRESS, moment=moment)
    number = asked(letters)[0].id

    def press() -> None:
        confirm(letters.engine, number, store=letters.store, now=letters.clock.now())

    threads = [Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows(letters, consents)) == 1
