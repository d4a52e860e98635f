"""The unsubscribe link of a mail: the page asks, the post acts, at once and once."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import select, update

from adapters.database import erasures
from adapters.database.consents import suppressed
from adapters.database.engine import Busy, reading, writing
from adapters.database.schema import erasures as erasure_rows
from adapters.database.schema import events, suppressions
from adapters.mail.tokens import Subscription, UnsubscribeTokens
from tests.web.process import Process

ADDRESS = "l1@example.co.jp"


@pytest.fixture
async def path(process: Process) -> str:
    """The unsubscribe path of a mail of the topic newsletter to a known lead."""
    await process.client.post("/api/leads", json={"id": "l1", "email": ADDRESS})
    subscription = Subscription("l1", "newsletter", "l1/seminar_to_demo/1/newsletter/1")
    return f"/u/{UnsubscribeTokens.of(process.engine).token(subscription)}"


def why_suppressed(process: Process, topic: str = "newsletter") -> str | None:
    """Why no mail of the topic may go to the lead."""
    with reading(process.engine) as connection:
        return suppressed(connection, ADDRESS, topic)


async def test_looking_at_the_page_changes_nothing(process: Process, path: str) -> None:
    """Mail scanners look too. The page is not for search engines and asks in the lead's language, or as it is asked."""
    answer = await process.anybody().get(path, headers={"Accept-Language": "en-GB"})
    assert answer.status_code == 200
    assert "停止" in answer.text
    assert "newsletter" in answer.text
    assert "noindex" in answer.headers["x-robots-tag"]
    assert why_suppressed(process) is None
    english = await process.anybody().get(f"{path}?lang=en")
    assert "Unsubscribe" in english.text


async def test_one_click_is_effective_at_once_for_the_topic_of_the_mail(process: Process, path: str) -> None:
    """The address is shut for the topic and for no other, and the lead's workflow will hear of it."""
    answer = await process.anybody().post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert why_suppressed(process) == "one_click"
    assert why_suppressed(process, "seminars") is None
    with reading(process.engine) as connection:
        event = connection.execute(select(events)).one()
    assert (event.lead, event.type, event.suppresses) == ("l1", "unsubscribed", "newsletter")
    assert event.send == "l1/seminar_to_demo/1/newsletter/1"


async def test_doing_it_again_changes_nothing(process: Process, path: str) -> None:
    """One suppression and one event, however often it is posted."""
    client = process.anybody()
    for _ in range(3):
        assert (await client.post(path, data={"List-Unsubscribe": "One-Click"})).status_code == 200
    with reading(process.engine) as connection:
        assert len(connection.execute(select(suppressions)).all()) == 1
        assert len(connection.execute(select(events)).all()) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_that_is_not_ours_is_404(process: Process, path: str, method: str) -> None:
    """A page says so in words, and nothing happens."""
    client: httpx.AsyncClient = process.anybody()
    for wrong in ("/u/abc", path[:-3], path + "A"):
        answer = await client.request(method, wrong)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
    assert why_suppressed(process) is None


async def came_back(process: Process) -> None:
    """The lead was forgotten, and its person has posted a form since, under another lead."""
    now = datetime.now(UTC)
    with writing(process.engine) as connection:
        erasures.ask(connection, "l1", by="tests", now=now, real_now=now)


@pytest.mark.parametrize("asked", [False, True])
async def test_an_old_link_of_somebody_who_was_forgotten_shuts_the_address(
    process: Process, path: str, *, asked: bool
) -> None:
    """Who came back by a form since is the same reader, as long as it is known which address it was."""
    await came_back(process)
    if asked:  # the provider was told, so that only the hash is left
        with writing(process.engine) as connection:
            connection.execute(update(erasure_rows).values(addresses=[]))
    for _ in range(2):
        assert (await process.anybody().post(path, data={"List-Unsubscribe": "One-Click"})).status_code == 200
    with reading(process.engine) as connection:
        rows = connection.execute(select(suppressions).where(suppressions.c.reason == "one_click")).all()
    assert [row.scope for row in rows] == ["newsletter"]


async def test_an_old_link_of_somebody_who_is_forgotten_for_good_promises_nothing(process: Process, path: str) -> None:
    """The page does not know it, and names the contact."""
    await came_back(process)
    with writing(process.engine) as connection:
        connection.execute(update(erasure_rows).values(addresses=[], address_hash=None))
    sender = process.store.current().sender
    assert sender is not None
    for method in ("GET", "POST"):
        answer = await process.anybody().request(method, path)
        assert answer.status_code == 404
        assert sender.contact in answer.text


async def test_a_post_in_a_character_set_that_is_none_is_one_click(process: Process, path: str) -> None:
    """Mail programs send all kinds of them."""
    for charset in ("undefined", "no-such"):
        kind = f"multipart/form-data; boundary=b; charset={charset}"
        body = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n'
        answer = await process.anybody().post(path, content=body, headers={"Content-Type": kind})
        assert answer.status_code == 200
    assert why_suppressed(process) == "one_click"


async def test_a_database_that_is_busy_is_no_fault_of_the_reader(
    process: Process, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, to come again: a mail program that is told 422 does not."""

    def busy(*_: object, **__: object) -> None:
        raise Busy

    monkeypatch.setattr("web.unsubscribe.unsubscribe", busy)
    answer = await process.anybody().post(path, data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
