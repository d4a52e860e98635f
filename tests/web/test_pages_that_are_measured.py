"""What the benchmark of pages asks for is there, over tables as it fills them: its figures are not of errors."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from adapters.database import lead_words
from adapters.database.engine import reading
from adapters.database.schema import events, leads
from adapters.database.schema import lead_words as word_rows
from tests.bench.company_life import Life, fill
from tests.bench.pages import deployed, pages_of
from tests.web.people import browser_of, person, post
from tests.web.process import Process
from web.session import load_templates, templates


async def test_every_page_that_is_measured_is_there(empty: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and what comes after them; what is posted, too. Leads that are sought are found; nothing is compiled."""
    load_templates()
    monkeypatch.setattr(templates.env, "compile", None)
    life = deployed(empty.engine, 1100, 4)
    empty.store.refresh()
    fill(empty.engine, life)
    browser = await browser_of(empty, person(empty, "hanako", "admin"))
    pages, parts = pages_of(empty.engine, life)
    for page in (*pages, *parts):
        answer = await (post(browser, page.path, **page.form) if page.form else browser.get(page.path))
        assert answer.status_code == 200, page
        if page.form:
            assert ('class="leads"' in answer.text) == ("nobody" not in page.form["q"]), page


def test_the_tables_are_filled_as_the_product_fills_them(process: Process) -> None:
    """As many rows as asked for, and each lead is searched by what is known of it."""
    life = Life(30, 8, process.store.current(), datetime.now(UTC))
    fill(process.engine, life)
    with reading(process.engine) as connection:
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == 30 * 8
        words = {row.lead: row.words for row in connection.execute(select(word_rows))}
        for row in connection.execute(select(leads)):
            made = lead_words.words_of(row.id, row.email, [], row.name, row.attributes)
            assert words[row.id] == made.replace("\n", " ")
    assert len(words) == 30
