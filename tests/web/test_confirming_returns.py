"""Who has unsubscribed and whose address is written into a form once more: by whomever, it is told or asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.confirming import confirm
from adapters.database.consents import ERASED, SuppressionReason, suppress, suppressed
from adapters.database.engine import reading, writing
from adapters.database.schema import confirmations, consents, timeline
from tests.web.process import Process
from tests.web.test_forms import ADDRESS, deploy, rows

SENTENCE = "以前に配信を停止された方には、確認のメールをお送りします。"
AT_ONCE = """
at_once:
  event: {requested: survey}
  fields: {email: required}
  topic: seminars
  consent: {version: ja_1, text: ご案内をお送りすることに同意します。}
"""


async def post(process: Process, form: str = "seminar", location: str = "/thanks") -> None:
    """Fill in a form of the sample."""
    answer = await process.anybody().post(f"/forms/{form}", data={"email": ADDRESS})
    assert (answer.status_code, answer.headers["location"]) == (303, location)


def leave(process: Process, reason: SuppressionReason = "one_click", scope: str = "seminars") -> None:
    """The person unsubscribes."""
    with writing(process.engine) as connection:
        suppress(connection, ADDRESS, scope, reason, at=datetime.now(UTC))


def shut(process: Process) -> str | None:
    """Why no mail about seminars may go to the person."""
    with reading(process.engine) as connection:
        return suppressed(connection, ADDRESS, "seminars")


def decisions(process: Process) -> list[tuple[str, str]]:
    """What the timeline says was decided, with its subject."""
    return [(row.what, row.subject) for row in rows(process, timeline) if row.kind == "decision"]


async def test_the_first_post_is_the_consent(process: Process) -> None:
    """Nobody is asked who has never unsubscribed, nor twice."""
    await post(process)
    await post(process)
    assert (shut(process), len(rows(process, consents)), rows(process, confirmations)) == (None, 2, [])
    assert decisions(process) == []


@pytest.mark.parametrize("scope", ["seminars", "all"])
@pytest.mark.parametrize("reason", ["one_click", "unsubscribed", ERASED])
@pytest.mark.parametrize("known", [True, False])
async def test_who_has_unsubscribed_is_asked_by_mail(
    process: Process, scope: str, reason: SuppressionReason, known: bool
) -> None:
    """A stranger who writes the address into a form brings no mail back; the person who presses the button does."""
    if known:
        await post(process)
    before = len(rows(process, consents))
    leave(process, reason, scope)
    await post(process)
    assert (shut(process), len(rows(process, consents))) == (reason, before)
    assert decisions(process) == [("confirmation_asked", "seminar")]
    (request,) = rows(process, confirmations)
    later = datetime.now(UTC) + timedelta(minutes=1)
    confirm(process.engine, request.id, store=process.store, now=later)
    assert shut(process) is None
    await post(process)
    assert len(rows(process, confirmations)) == 1, "who came back is asked no more"


async def test_an_unsubscribe_of_something_else_asks_nobody(process: Process) -> None:
    """The topic of the form is what counts."""
    await post(process)
    leave(process, scope="newsletter")
    await post(process)
    assert (shut(process), rows(process, confirmations)) == (None, [])


async def test_without_confirm_the_post_lifts_it_at_once_and_the_timeline_says_so(process: Process) -> None:
    """The rule of the contract; whoever looks at the lead sees that nobody was asked."""
    deploy(process, AT_ONCE)
    await post(process, "at_once", "/forms/at_once/thanks")
    assert decisions(process) == []
    leave(process)
    await post(process, "at_once", "/forms/at_once/thanks")
    assert shut(process) is None
    assert decisions(process) == [("unsubscribe_lifted", "seminars")]
    (told,) = [row for row in rows(process, timeline) if row.what == "unsubscribe_lifted"]
    assert "asked nobody by mail" in told.reason


async def test_a_complaint_is_neither_asked_about_nor_lifted(process: Process) -> None:
    """No form undoes it."""
    await post(process)
    leave(process, "spam_reported", "all")
    await post(process)
    assert (shut(process), rows(process, confirmations), decisions(process)) == ("spam_reported", [], [])


async def test_the_page_says_so_to_everybody(process: Process) -> None:
    """Before it is sent and after; it is the same page whoever has unsubscribed."""
    visitor = process.anybody()
    for path in ("/forms/seminar", "/forms/seminar/thanks"):
        assert SENTENCE in (await visitor.get(path)).text
    assert "If you have unsubscribed before, we mail you a link." in (await visitor.get("/forms/trial")).text
    for form in ("whitepaper", "demo"):
        assert SENTENCE not in (await visitor.get(f"/forms/{form}")).text
    leave(process)
    page: Any = await visitor.post("/forms/seminar", data={"email": "wrong"})
    assert SENTENCE in page.text
