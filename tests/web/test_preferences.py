"""The preference page: what a lead gets topic by topic, chosen without login, effective at once, in its language."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from sqlalchemy import select

from adapters.database.consents import consented, suppress, suppressed
from adapters.database.engine import reading, writing
from adapters.database.schema import consents, events, suppressions, timeline
from adapters.mail.tokens import Subscription, UnsubscribeTokens
from tests.web.process import Process

ADDRESS = "l1@example.co.jp"
MULTIPART = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
KEY = "l1/seminar_to_demo/1/newsletter/1"


class Page:
    """The page of one mail of the topic newsletter."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.path = f"/u/{UnsubscribeTokens.of(process.engine).token(Subscription('l1', 'newsletter', KEY))}"
        self.client = process.anybody()

    async def look(self, query: str = "") -> str:
        """What it shows."""
        answer = await self.client.get(self.path + query)
        assert answer.status_code == 200
        return answer.text

    async def choose(self, *topics: str, wording: str | None = None, query: str = "") -> str:
        """Tick these topics and save."""
        shown = wording or re.findall(r'name="wording" value="([^"]+)"', await self.look(query))[0]
        data = {"choose": "topics", "wording": shown, "topic": list(topics)}
        answer = await self.client.post(self.path + query, data=data)
        assert answer.status_code == 200
        return answer.text

    def gets(self) -> list[str]:
        """The topics whose mail the gate lets through."""
        with reading(self.process.engine) as connection:
            return [
                topic
                for topic in ("newsletter", "seminars", "trial")
                if consented(connection, "l1", topic) and suppressed(connection, ADDRESS, topic) is None
            ]

    def rows(self, table: Any) -> list[Any]:
        """All of a table."""
        with reading(self.process.engine) as connection:
            return list(connection.execute(select(table).order_by(table.c.id)))


def boxes(html: str) -> dict[str, str]:
    """The state of each topic's box by name."""
    found = re.findall(r'<input type="checkbox" name="topic" value="([^"]+)"([^>]*)>', html)
    return {topic: state.strip() for topic, state in found}


async def made(process: Process, language: str = "ja") -> Page:
    """A lead that gets newsletters and seminars."""
    consent = {"topics": ["newsletter", "seminars"], "basis": "business_card", "source": "fair"}
    lead = {"id": "l1", "email": ADDRESS, "language": language, "consent": consent}
    assert (await process.client.post("/api/leads", json=lead)).status_code == 201
    return Page(process)


@pytest.fixture
async def page(process: Process) -> Page:
    """The page of a Japanese lead."""
    return await made(process)


async def test_the_page_shows_what_the_lead_gets_by_the_titles_of_the_topics(page: Page) -> None:
    """In the lead's language whatever the browser's is; each box has its label, and the words of the consent."""
    text = await page.look()
    assert boxes(text) == {"newsletter": "checked", "seminars": "checked", "trial": ""}
    for wanted in (
        '<html lang="ja"',
        "お役立ち情報",
        "セミナーのご案内",
        "同意します",
        "ログインは要りません",
        '<link rel="stylesheet" href="/static/console.',
    ):
        assert wanted in text
    english = await page.look("?lang=en")
    for wanted in ('<html lang="en"', "Newsletter", "Seminars", "I agree that"):
        assert wanted in english
    assert page.rows(events) == page.rows(suppressions) == []


async def test_a_lead_that_reads_english_is_asked_in_english(process: Process) -> None:
    """Its own language, not the browser's."""
    text = await (await made(process, "en")).look()
    assert "Unsubscribe from “Newsletter”" in text


async def test_topics_that_are_not_ticked_are_left_at_once_and_others_stay(page: Page) -> None:
    """As by one click: the address is shut for the topic, and the lead's workflow hears of it."""
    text = await page.choose("newsletter")
    assert 'role="status"' in text
    assert boxes(text) == {"newsletter": "checked", "seminars": "", "trial": ""}
    assert page.gets() == ["newsletter"]
    (event,) = page.rows(events)
    assert (event.type, event.suppresses, event.send) == ("unsubscribed", "seminars", KEY)
    assert [row.source for row in page.rows(suppressions)] == ["preferences"]


async def test_saving_what_is_there_changes_nothing(page: Page) -> None:
    """However often: no event, no consent more."""
    for _ in range(3):
        await page.choose("newsletter", "seminars")
    assert page.rows(events) == []
    assert len(page.rows(consents)) == 2


async def test_a_topic_that_is_ticked_again_is_a_newer_consent_by_form_with_the_words_that_were_shown(
    page: Page,
) -> None:
    """It lifts the unsubscribe, and another one is heard again; also topics nobody had asked for so far."""
    await page.choose()
    assert page.gets() == []
    await page.choose("newsletter", "trial")
    assert page.gets() == ["newsletter", "trial"]
    row = page.rows(consents)[-1]
    text = (
        "株式会社架空インフラサービスが、チェックを付けた次のご案内をメールでお送りすることに同意します。"
        "いつでも停止できます。\n☑ トライアルのご案内"
    )
    assert (row.topic, row.basis, row.source, row.by_form) == ("trial", "opt_in", "preferences", True)
    assert (row.wording_version, row.wording) == ("preferences_ja_1", text)
    assert row.wording_sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert [line.subject for line in page.rows(timeline) if line.what == "consented"] == ["newsletter", "trial"]
    for wanted in (["trial"], ["newsletter", "trial"], ["trial"]):
        await page.choose(*wanted)
        assert page.gets() == wanted
    await page.client.post(page.path, data={"List-Unsubscribe": "One-Click"})
    assert page.gets() == ["trial"]


async def test_everything_can_be_left_and_one_topic_taken_up_again(page: Page) -> None:
    """`all` shuts every topic, also those of tomorrow; a newer consent lifts it for its topic alone."""
    answer = await page.client.post(page.path, data={"choose": "none"})
    assert "すべてのメールの配信を停止しました" in answer.text
    assert page.gets() == []
    assert [row.suppresses for row in page.rows(events)] == ["all"]
    assert "停止しています" in await page.look()
    await page.choose("seminars")
    assert page.gets() == ["seminars"]


@pytest.mark.parametrize("reason", ["spam_reported", "bounced", "manual"])
async def test_what_the_person_did_not_undo_itself_is_not_lifted_here(page: Page, reason: Any) -> None:
    """The box cannot be ticked, and a request that ticks it anyway keeps no consent; the page says what to do."""
    with writing(page.process.engine) as connection:
        suppress(connection, ADDRESS, "all", reason, at=page.process.clock.now())
    text = await page.look()
    assert set(boxes(text).values()) == {"disabled"}
    await page.choose("newsletter")
    assert page.gets() == []
    assert len(page.rows(consents)) == 2


async def test_words_that_have_changed_meanwhile_are_shown_before_anybody_agrees_to_them(page: Page) -> None:
    """What was not ticked is left all the same."""
    text = await page.choose("trial", "newsletter", wording="of yesterday")
    assert "もう一度" in text
    assert page.gets() == ["newsletter"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        ("List-Unsubscribe=One-Click&choose=topics&topic=newsletter", "application/x-www-form-urlencoded"),
        (MULTIPART, "multipart/form-data; boundary=b"),
        ("", "application/x-www-form-urlencoded"),
        ("nonsense", "multipart/form-data"),
        ("{}", "application/json"),
    ],
)
async def test_one_click_means_the_topic_of_its_mail_whatever_the_request_looks_like(
    page: Page, content: str, kind: str
) -> None:
    """RFC 8058: mail programs post without a person, as a form of either kind, and some without a body."""
    answer = await page.client.post(page.path, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 200
    assert page.gets() == ["seminars"]


async def test_a_lead_that_is_gone_gets_no_page_of_topics(page: Page) -> None:
    """The link still works for what it is for."""
    path = f"/u/{UnsubscribeTokens.of(page.process.engine).token(Subscription('nobody', 'newsletter', 'k'))}"
    answer = await page.client.get(path)
    assert (answer.status_code, boxes(answer.text)) == (200, {})
    assert (await page.client.post(path, data={"choose": "topics", "topic": "newsletter"})).status_code == 200
    assert (await page.client.post(path, data={"List-Unsubscribe": "One-Click"})).status_code == 200


async def test_a_link_of_a_lead_that_was_merged_shows_and_changes_the_one_that_goes_on(process: Process) -> None:
    """The mail is old and names the other id; its reader is the same person."""
    page = await made(process)
    keep = {"id": "l2", "email": "l2@example.co.jp", "language": "en"}
    assert (await process.client.post("/api/leads", json=keep)).status_code == 201
    assert (await process.client.post("/api/leads/l2/merge", json={"lead": "l1"})).status_code == 200
    assert boxes(await page.look())["seminars"] == "checked"
    assert "English" not in await page.look(), "in the language of the lead that goes on"
    await page.choose("seminars")
    with reading(process.engine) as connection:
        assert suppressed(connection, "l2@example.co.jp", "newsletter") is not None
        assert suppressed(connection, "l2@example.co.jp", "seminars") is None
