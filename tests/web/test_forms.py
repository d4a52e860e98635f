"""The form pages: what they show, what posting them keeps, and what they do not tell."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from adapters.database import deployments
from adapters.database.consents import suppressed
from adapters.database.engine import reading, writing
from adapters.database.schema import consents, events, leads
from adapters.scenario_folder import read_folder
from tests.web.process import Process

ADDRESS = "hanako@example.co.jp"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SURVEY = """
survey:
  title: A few questions
  language: en
  event: {requested: survey}
  fields:
    email: required
    employees: required
    title: optional
    uses_competitor: optional
    opted: required
    founded: optional
    values: optional
  topic: newsletter
  consent: {version: en_1, text: "I <agree> to mails."}
"""


def deploy(process: Process, forms: str = "", attributes: str = "", replaced: tuple[str, str] = ("", "")) -> None:
    """The sample folder once more, with more forms and attributes, or with a text of forms.yaml replaced."""
    files = {**read_folder(Path("scenarios"))}
    files["attributes.yaml"] += attributes
    if replaced[0]:
        files["forms.yaml"] = files["forms.yaml"].replace(*replaced)
    files["forms.yaml"] += forms
    now = datetime.now(UTC)
    with writing(process.engine) as connection:
        deployments.deploy(connection, files, [], by="tests", now=now, real_now=now)
    process.store.refresh()


@pytest.fixture
def survey(process: Process) -> Process:
    """With a form in English that asks for every type of attribute."""
    deploy(
        process,
        SURVEY,
        "opted: {type: flag, axis: behavioural}\nfounded: {type: date, axis: demographic, label: Founded}\n",
    )
    return process


@pytest.fixture
def visitor(process: Process) -> httpx.AsyncClient:
    """Somebody without any key."""
    return process.anybody()


def rows(process: Process, table: Any) -> list[Any]:
    """Everything that is stored in a table."""
    with reading(process.engine) as connection:
        return list(connection.execute(select(table)).all())


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))


async def test_the_page_shows_fields_and_wording(visitor: httpx.AsyncClient) -> None:
    """In the form's language, with labels, marks and the version of the wording; for no search engine or cache."""
    answer = await visitor.get("/forms/seminar", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert '<html lang="ja">' in answer.text
    assert "<h1>オンラインセミナーのお申し込み</h1>" in answer.text
    for name, label in (("email", "メールアドレス"), ("name", "お名前"), ("company", "会社名")):
        assert re.search(rf'<label for="field-{name}">{label}<', answer.text)
    email = re.findall(r'<input type="email"[^>]*>', answer.text)[0]
    assert {"required", "autofocus"} <= set(email.rstrip(">").split())
    assert answer.text.count("autofocus") == 1
    assert "必須" in answer.text
    assert "セミナーに関するご案内をメールでお送りすることに同意します" in answer.text
    assert "ja_1" in answer.text
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "private" in answer.headers["cache-control"]


async def test_looking_at_a_form_notes_nothing_and_follows_nobody(process: Process, visitor: httpx.AsyncClient) -> None:
    """No cookie, no row, nothing from elsewhere."""
    answer = await visitor.get("/forms/seminar")
    assert "set-cookie" not in answer.headers
    assert "http" not in answer.text
    assert rows(process, leads) == rows(process, events) == []


async def test_attributes_have_inputs_of_their_type(survey: Process) -> None:
    """Choice as a list with labels, flag as a box, number and date typed; the texts of the folder are escaped."""
    page = (await survey.anybody().get("/forms/survey")).text
    assert '<html lang="en">' in page
    assert '<option value="section_head">課長</option>' in page
    assert re.search(r'<input type="checkbox" value="true" id="field-uses_competitor"', page)
    assert re.search(r'<input type="number" step="any"[^>]*id="field-employees"', page)
    assert re.search(r'<input type="date"[^>]*id="field-founded"', page)
    assert re.search(r'<select id="field-opted" name="opted" required><option value="">Please choose', page)
    assert "required</span>" in page
    assert "I &lt;agree&gt; to mails." in page
    assert "Agree and send" in page


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unknown_form_is_404_with_near_names(visitor: httpx.AsyncClient, method: str) -> None:
    """A page for browsers, a problem for programs."""
    page = await visitor.request(method, "/forms/semniar", headers=BROWSER)
    assert page.status_code == 404
    assert '<a href="/forms/seminar">' in page.text
    answer = await visitor.request(method, "/forms/semniar")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["near"] == ["seminar"]
    assert "'seminar'" in answer.json()["do"]
    assert (await visitor.get("/forms/semniar/thanks", headers=BROWSER)).status_code == 404


async def test_posting_keeps_lead_consent_and_event(process: Process, visitor: httpx.AsyncClient) -> None:
    """All three, with the wording that was shown; the browser is led to the thank-you page."""
    token = hidden((await visitor.get("/forms/seminar")).text)
    told = {**token, "email": " Hanako@Example.co.jp ", "name": "見本 花子", "company": "架空商事", "colour": "red"}
    answer = await visitor.post("/forms/seminar", data=told)
    assert (answer.status_code, answer.headers["location"]) == (303, "/thanks")
    assert "ありがとう" in (await visitor.get("/thanks")).text
    (lead,) = rows(process, leads)
    assert (lead.email, lead.name, lead.attributes) == (ADDRESS, "見本 花子", {"company": "架空商事"})
    (given,) = rows(process, consents)
    assert (given.lead, given.topic, given.basis, given.source) == (lead.id, "seminars", "opt_in", "form:seminar")
    assert (given.by_form, given.wording_version) == (True, "ja_1")
    assert given.wording.startswith("株式会社架空インフラサービスから、セミナー")
    (event,) = rows(process, events)
    assert (event.lead, event.type, event.subject) == (lead.id, "signed_up", "seminar")
    assert event.properties == {"form": "seminar"}


async def test_a_double_click_counts_once_and_a_second_visit_twice(
    process: Process, visitor: httpx.AsyncClient
) -> None:
    """One page makes one event and one consent for one address; another address or page makes another."""
    page = hidden((await visitor.get("/forms/seminar")).text)
    for email in (ADDRESS, ADDRESS.upper(), "taro@example.co.jp"):
        assert (await visitor.post("/forms/seminar", data={**page, "email": email})).status_code == 303
    assert len(rows(process, events)) == len(rows(process, consents)) == 2
    again = hidden((await visitor.get("/forms/seminar")).text)
    await visitor.post("/forms/seminar", data={**again, "email": ADDRESS})
    assert len(rows(process, events)) == len(rows(process, consents)) == 3


async def test_empty_fields_change_nothing_of_a_known_lead(process: Process, visitor: httpx.AsyncClient) -> None:
    """Name, company, language and other attributes stay; what is filled in is taken."""
    before = {
        "id": "l1", "email": ADDRESS, "name": "見本 花子", "language": "en",
        "attributes": {"company": "架空商事", "employees": 80},
    }  # fmt: skip
    await process.client.post("/api/leads", json=before)
    await visitor.post("/forms/seminar", data={"email": ADDRESS, "name": " ", "company": ""})
    (lead,) = rows(process, leads)
    assert (lead.name, lead.language, lead.attributes) == ("見本 花子", "en", before["attributes"])
    await visitor.post("/forms/seminar", data={"email": ADDRESS, "company": "見本工業"})
    (lead,) = rows(process, leads)
    assert lead.attributes == {"company": "見本工業", "employees": 80}


async def test_a_stranger_learns_nothing_of_a_known_address(process: Process, visitor: httpx.AsyncClient) -> None:
    """The answer for a known lead is that for a new one, to the letter; no id is in it."""
    await process.client.post("/api/leads", json={"id": "secret-7", "email": ADDRESS, "name": "見本 花子"})
    known = await visitor.post("/forms/consultation", data={"email": ADDRESS, "name": "x"})
    fresh = await visitor.post("/forms/consultation", data={"email": "new@example.co.jp", "name": "x"})
    assert (known.status_code, known.text, known.headers) == (fresh.status_code, fresh.text, fresh.headers)
    wrong = await visitor.post("/forms/consultation", data={"email": ADDRESS})
    assert wrong.status_code == 422
    assert not {"secret-7", "見本 花子"} & set(re.split(r'[<>"]', wrong.text + known.text))


async def test_a_form_takes_back_an_unsubscribe_of_its_topic(process: Process, visitor: httpx.AsyncClient) -> None:
    """Its wording was shown, so the newer consent lifts what the person said before; no other topic is touched."""
    talks = (
        "{event: {requested: talks}, fields: {email: required}, topic: seminars, consent: {version: v1, text: Yes.}}"
    )
    deploy(process, f"talks: {talks}\n")
    await process.client.post("/api/leads", json={"id": "l1", "email": ADDRESS})
    for topic in ("seminars", "newsletter"):
        event = {"id": f"stop-{topic}", "lead": "l1", "type": "unsubscribed", "subject": topic}
        await process.client.post("/events", json={"events": [event]})
    await visitor.post("/forms/talks", data={"email": ADDRESS})
    with reading(process.engine) as connection:
        assert suppressed(connection, ADDRESS, "seminars") is None
        assert suppressed(connection, ADDRESS, "newsletter") == "unsubscribed"


async def test_a_form_without_a_topic_gives_no_consent(process: Process, visitor: httpx.AsyncClient) -> None:
    """The page says so, and only lead and event are kept."""
    assert "同意にはなりません" in (await visitor.get("/forms/demo")).text
    await visitor.post("/forms/demo", data={"email": ADDRESS, "name": "見本 花子"})
    assert rows(process, consents) == []
    assert [(event.type, event.subject) for event in rows(process, events)] == [("requested", "demo")]


async def test_what_is_missing_or_wrong_is_said_beside_its_field(process: Process, visitor: httpx.AsyncClient) -> None:
    """422 with the page again: what was filled in is still there, the token too, and nothing is stored."""
    page = hidden((await visitor.get("/forms/consultation")).text)
    answer = await visitor.post(
        "/forms/consultation", data={**page, "email": "hanako@", "name": "", "company": '架空"><b>'}
    )
    assert answer.status_code == 422
    assert "メールアドレスの形" in answer.text
    assert 'value="hanako@"' in answer.text
    assert 'value="架空&#34;&gt;&lt;b&gt;"' in answer.text
    assert re.search(r'id="field-name"[^>]* aria-invalid="true" aria-describedby="wrong-name"', answer.text)
    assert '<p class="bad" id="wrong-name">入力してください。</p>' in answer.text
    assert re.search(r'id="field-email"[^>]* autofocus', answer.text)
    assert 'role="alert"' in answer.text
    assert hidden(answer.text) == page
    assert answer.headers["cache-control"] == "no-store"
    assert rows(process, leads) == rows(process, events) == []


async def test_json_is_taken_with_its_types(survey: Process) -> None:
    """202 with lead and event; the same id counts once for an address."""
    told = {
        "id": "crm-1", "email": ADDRESS, "employees": 80, "title": "chief", "uses_competitor": False, "opted": True,
        "founded": "1999-04-01", "values": ["価格", "保守"], "website": "https://www.example.co.jp/", "name": "ignored",
    }  # fmt: skip
    first = await survey.anybody().post("/forms/survey", json=told)
    assert first.status_code == 202
    (lead,) = rows(survey, leads)
    (event,) = rows(survey, events)
    assert first.json() == {"event": event.event}, "a stranger is not told whose address it is"
    assert lead.attributes == {
        "employees": 80, "title": "chief", "uses_competitor": False, "opted": True, "founded": "1999-04-01",
        "values": ["価格", "保守"],
    }  # fmt: skip
    assert (lead.name, lead.language) == (None, "en")
    assert (await survey.anybody().post("/forms/survey", json=told)).json() == first.json()
    assert len(rows(survey, events)) == 1


async def test_a_page_says_the_same_in_text(survey: Process) -> None:
    """Full-width digits, a ticked box, a chosen no, a list with Japanese commas."""
    told = {
        "email": "hanako@example.co.jp", "employees": "８０", "title": "chief", "uses_competitor": "true",
        "opted": "false", "founded": "1999-04-01", "values": "価格、保守",
    }  # fmt: skip
    answer = await survey.anybody().post("/forms/survey", data=told)
    assert (answer.status_code, answer.headers["location"]) == (303, "/forms/survey/thanks")
    assert "A few questions" in (await survey.anybody().get("/forms/survey/thanks")).text
    (lead,) = rows(survey, leads)
    assert lead.email == ADDRESS
    assert lead.attributes == {
        "employees": 80, "title": "chief", "uses_competitor": True, "opted": False, "founded": "1999-04-01",
        "values": ["価格", "保守"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("email", None, "body.email"),
        ("email", ["a@example.com"], "body.email"),
        ("email", "a\x00@example.com", "body.email"),
        ("employees", "many", "body.employees"),
        ("employees", True, "body.employees"),
        ("employees", 10**400, "body.employees"),
        ("employees", "9" * 400, "body.employees"),
        ("title", "president", "body.title"),
        ("title", {"a": 1}, "body.title"),
        ("opted", "perhaps", "body.opted"),
        ("founded", "2026-02-30", "body.founded"),
        ("values", [1], "body.values"),
        ("values", "a\ud800", "body.values"),
        ("values", "a" * 401, "body.values"),
        ("values", ["a"] * 51, "body.values"),
    ],
)
async def test_a_wrong_value_in_json_is_a_problem_of_its_field(
    survey: Process, field: str, value: Any, where: str
) -> None:
    """422 with what, where and do, and nothing is stored."""
    told = json.dumps({"email": ADDRESS, "employees": 80, "opted": True, field: value})
    answer = await survey.anybody().post("/forms/survey", content=told, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (body["where"], [each["where"] for each in body["problems"]]) == (where, [where])
    assert body["what"]
    assert body["do"]
    assert rows(survey, leads) == []


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"email": "a@example.com", "id": 7}', "application/json", 422),
        (b"&".join(b"f%d=1" % number for number in range(300)), "application/x-www-form-urlencoded", 422),
        (b"email=a@example.com", "text/plain", 415),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_problem(
    visitor: httpx.AsyncClient, content: bytes, kind: str, status: int
) -> None:
    """With what, where and do."""
    answer = await visitor.post("/forms/seminar", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert {"what", "where", "do"} <= set(answer.json())


async def test_a_machine_that_fills_in_the_trap_is_thanked_and_not_kept(
    process: Process, visitor: httpx.AsyncClient
) -> None:
    """It cannot tell from the answer; a person neither sees the field nor comes to it by keyboard."""
    page = (await visitor.get("/forms/seminar")).text
    trap = re.findall(r'<input[^>]*name="website"[^>]*>', page)[0]
    assert 'tabindex="-1"' in trap
    answer = await visitor.post("/forms/seminar", data={"email": ADDRESS, "website": "https://www.example.net/"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/thanks")
    assert rows(process, leads) == rows(process, events) == []


async def test_a_wording_that_changed_meanwhile_is_shown_before_it_counts(
    process: Process, visitor: httpx.AsyncClient
) -> None:
    """Nobody agrees to a text they did not see: the page comes again with the new one, and then it is kept."""
    page = hidden((await visitor.get("/forms/seminar")).text)
    deploy(process, replaced=("セミナーに関するご案内", "セミナーと新製品のご案内"))
    again = await visitor.post("/forms/seminar", data={**page, "email": ADDRESS})
    assert again.status_code == 422
    assert "新しくなりました" in again.text
    assert rows(process, consents) == []
    assert (await visitor.post("/forms/seminar", data={**hidden(again.text), "email": ADDRESS})).status_code == 303
    assert "新製品" in rows(process, consents)[0].wording


async def test_a_company_can_be_asked_for_though_no_attribute_is_listed(empty: Process) -> None:
    """A form may ask for it without attributes.yaml."""
    files = {"forms.yaml": "ask: {event: {requested: demo}, fields: {email: required, company: optional}}\n"}
    now = datetime.now(UTC)
    with writing(empty.engine) as connection:
        deployments.deploy(connection, files, [], by="tests", now=now, real_now=now)
    empty.store.refresh()
    assert "会社名" in (await empty.anybody().get("/forms/ask")).text
    assert (await empty.anybody().post("/forms/ask", data={"email": ADDRESS, "company": "架空商事"})).status_code == 303
    assert rows(empty, leads)[0].attributes == {"company": "架空商事"}


@pytest.mark.parametrize("target", ["https://www.example.net/", "//www.example.net", "/\\www.example.net", "thanks"])
async def test_a_form_leads_to_no_other_site(process: Process, target: str) -> None:
    """`thanks` is a path; whatever else stands there, its own page is shown."""
    form = f"own: {{event: {{requested: demo}}, fields: {{email: required}}, thanks: '{target}'}}\n"
    deploy(process, form)
    answer = await process.anybody().post("/forms/own", data={"email": ADDRESS})
    assert answer.headers["location"] == "/forms/own/thanks"


async def test_all_or_nothing_is_kept(process: Process, visitor: httpx.AsyncClient) -> None:
    """Where the event is refused, neither lead nor consent stays."""
    deploy(process, replaced=("{signed_up: seminar}", "{played: seminar}"))
    answer = await visitor.post("/forms/seminar", json={"email": ADDRESS})
    assert answer.status_code == 422
    assert "unknown event type 'played'" in answer.json()["what"]
    with reading(process.engine) as connection:
        for table in (leads, consents, events):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_hidden_link_of_a_mail_leads_to_nothing(visitor: httpx.AsyncClient, method: str) -> None:
    """A scanner that follows it gets no error and no page."""
    answer = await visitor.request(method, "/mail/hidden")
    assert (answer.status_code, answer.content) == (204, b"")
