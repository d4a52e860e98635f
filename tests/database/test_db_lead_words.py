"""Who is gone is found by no word and knows nothing any more, whichever release wrote last; who is there is found."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from adapters import mending_words
from adapters.database import erasures, lead_words, leads, positions
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.leads import LeadUpsert
from adapters.database.merging import merge
from adapters.database.schema import lead_words as word_rows
from adapters.database.schema import leads as lead_rows
from nurture.records import Position, Record
from nurture.state import State
from tests.database.conftest import NOW


@pytest.fixture
def seven(engine: Engine, deployed: DeploymentStore) -> DeploymentStore:
    """Leads l0 to l6, all of one company."""
    with writing(engine) as conn:
        for number in range(7):
            said = {"id": f"l{number}", "email": f"l{number}@example.com", "attributes": {"company": "ABC"}}
            leads.upsert(conn, LeadUpsert.model_validate(said), store=deployed, now=NOW)
    return deployed


def words(engine: Engine) -> dict[str, str]:
    """What each lead is searched by."""
    with reading(engine) as conn:
        return {row.lead: row.words for row in conn.execute(select(word_rows))}


def found(engine: Engine, sought: str, **how: str) -> list[str]:
    """Ids of leads that a search finds, over all its pages of two."""
    ids: list[str] = []
    cursor = None
    while True:
        with reading(engine) as conn:
            several, cursor = leads.page(conn, 2, cursor, q=sought, **how)  # type: ignore[arg-type]
        ids += [each["id"] for each in several]
        if cursor is None:
            return ids


def named(lead: str) -> Record:
    """A record by which a scenario says the company of a lead."""
    return Record(
        lead=lead, number=1, state=State(lead=lead, records=1), position=Position(), attributes={"company": "ABC"}
    )


@pytest.mark.parametrize("how", ["merged", "erased"])
def test_a_record_on_its_way_tells_nothing_of_who_is_gone(seven: DeploymentStore, how: str) -> None:
    """The workflow of a merged or erased lead may have set the company just before it heard of that."""
    with writing(seven.engine) as conn:
        if how == "merged":
            merge(conn, "l6", "l1", store=seven, now=NOW, by="tests")
        else:
            erasures.ask(conn, "l1", by="tests", now=NOW, real_now=NOW)
        conn.execute(update(lead_rows).where(lead_rows.c.id == "l1").values(attributes={}))
        positions.write(conn, "l1", [named("l1")])
    with reading(seven.engine) as conn:
        row = conn.execute(select(lead_rows).where(lead_rows.c.id == "l1")).one()
    assert (row.attributes, row.record, row.status) == ({}, 1, "erased")
    assert "l1" not in words(seven.engine)


@pytest.mark.parametrize(("how", "few"), [({}, 0), ({"status": "idle"}, 0), ({"status": "idle"}, 100)])
def test_words_of_who_is_gone_hide_nobody_from_a_search(
    seven: DeploymentStore, how: dict[str, str], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is full of leads that are there, and the next one follows, though an older release left words behind."""
    monkeypatch.setattr(leads, "_FEW", few)
    with writing(seven.engine) as conn:
        for gone in ("l1", "l3"):
            merge(conn, "l6", gone, store=seven, now=NOW, by="tests")
            conn.execute(insert(word_rows).values(lead=gone, words="abc"))
    assert found(seven.engine, "ABC", **how) == ["l0", "l2", "l4", "l5", "l6"]


@pytest.mark.parametrize("few", [0, 100])
def test_a_search_goes_on_over_those_who_fit_nothing_else(
    seven: DeploymentStore, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is full of leads that fit all that is asked, whether few do or many."""
    monkeypatch.setattr(leads, "_FEW", few)
    with writing(seven.engine) as conn:
        conn.execute(update(lead_rows).where(lead_rows.c.id.in_(("l0", "l3", "l4"))).values(status="waiting"))
    assert found(seven.engine, "ABC", status="waiting") == ["l0", "l3", "l4"]
    assert found(seven.engine, "l1@", status="waiting") == []
    assert found(seven.engine, "l5@", status="idle") == ["l5"]


def test_what_an_older_release_wrote_is_mended(seven: DeploymentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It erased l1, made l2 and named l3: words of the first go, of the second come; of the third by a comparison."""
    monkeypatch.setattr(mending_words, "AT_ONCE", 2)
    right = words(seven.engine)
    with writing(seven.engine) as conn:
        erasures.ask(conn, "l1", by="tests", now=NOW, real_now=NOW)
        conn.execute(insert(word_rows).values(lead="l1", words=right["l1"]))
        conn.execute(delete(word_rows).where(word_rows.c.lead.in_(("l2", "l4", "l5"))))
        conn.execute(update(lead_rows).where(lead_rows.c.id == "l3").values(name="山田 太郎"))
    right = {lead: text for lead, text in right.items() if lead != "l1"}
    assert mending_words.mend_words(seven.engine) == 4
    assert words(seven.engine) == right
    assert mending_words.mend_words(seven.engine) == 0
    assert mending_words.compare_words(seven.engine) == 1
    assert found(seven.engine, "山田") == ["l3"]
    assert mending_words.compare_words(seven.engine) == 0


@pytest.mark.parametrize(("company", "sought"), [(["見本通信", "ABC"], "見本"), (4217, "421")])
def test_a_company_that_is_no_text_is_found(company: object, sought: str) -> None:
    """attributes.yaml may say that it is a list or a number."""
    assert sought in lead_words.words_of("l1", None, [], None, {"company": company})
