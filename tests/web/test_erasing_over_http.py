"""Disclosure and erasure over HTTP: what is answered, to whom, and that asking twice is one erasure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from adapters.database import api_keys, erasures
from adapters.database.engine import reading, writing
from adapters.database.schema import audit
from adapters.database.schema import consents as consent_rows
from adapters.mail.tokens import Subscription, UnsubscribeTokens
from tests.web.process import Process

ADDRESS = "l1@example.co.jp"
LEAD = {"id": "l1", "email": ADDRESS, "name": "見本 一郎", "attributes": {"employees": 30}}


async def test_an_erasure_is_accepted_shown_and_the_same_when_it_is_asked_for_again(process: Process) -> None:
    """202 with how far it is; the lead is shown as erased, without a name, from then on."""
    client = process.client
    await client.post("/api/leads", json=LEAD)
    assert (await client.get("/api/leads/l1/erasure")).status_code == 404
    answer = await client.delete("/api/leads/l1")
    assert answer.status_code == 202
    told = answer.json()
    assert (told["lead"], told["state"], told["provider"], told["by"]) == ("l1", "running", "asked", "settings")
    assert (await client.delete("/api/leads/l1")).json() == told == (await client.get("/api/leads/l1/erasure")).json()
    shown = (await client.get("/api/leads/l1")).json()
    assert (shown["status"], shown["email"], shown["name"]) == ("erased", None, None)
    assert [each["id"] for each in (await client.get("/api/leads?status=erased")).json()["items"]] == ["l1"]
    assert (await client.get(f"/api/leads?q={ADDRESS}")).json()["items"] == []
    with reading(process.engine) as conn:
        assert conn.execute(select(func.count()).where(audit.c.did == "erase")).scalar() == 1


async def test_what_the_provider_refused_is_shown_to_who_erases_it_by_hand(process: Process) -> None:
    """To a reader without the right to erase it is not; told that it is done, nobody has the address any more."""
    client = process.client
    await client.post("/api/leads", json=LEAD)
    assert (await client.delete("/api/leads/l1?provider=done")).status_code == 404
    assert "addresses" not in (await client.delete("/api/leads/l1")).json()
    early = await client.delete("/api/leads/l1?provider=done")
    assert (early.status_code, early.json()["where"]) == (409, "query.provider")
    with writing(process.engine) as conn:
        erasures.provider_answered(conn, "l1", "refused", f"no {ADDRESS}")
        key = api_keys.add(conn, "sales", "sales", datetime.now(UTC))
    assert (await client.get("/api/leads/l1/erasure")).json()["addresses"] == [ADDRESS]
    assert ADDRESS not in (await process.anybody(key).get("/api/leads/l1/erasure")).text
    assert ADDRESS not in (await client.get("/api/leads/l1")).text
    done = (await client.delete("/api/leads/l1?provider=done")).json()
    assert (done["provider"], "addresses" in done) == ("by_hand", False)
    assert (await client.delete("/api/leads/l1?provider=done")).json() == done


@pytest.mark.parametrize("path", ["/api/leads/nobody", "/api/leads/nobody/erasure", "/api/leads/nobody/export"])
async def test_a_lead_that_is_not_there_is_a_404(client: httpx.AsyncClient, path: str) -> None:
    """With what to do."""
    answer = await client.request("DELETE" if path.endswith("nobody") else "GET", path)
    assert answer.status_code == 404
    assert answer.json()["do"]


async def test_sales_and_intake_erase_nobody_and_get_nobody_s_data(process: Process) -> None:
    """Who reads leads does not hand out files of them; 403 with the roles that may."""
    await process.client.post("/api/leads", json=LEAD)
    for role in ("sales", "intake"):
        with writing(process.engine) as conn:
            key = api_keys.add(conn, role, role, datetime.now(UTC))
        client = process.anybody(key)
        assert (await client.delete("/api/leads/l1")).status_code == 403
        assert (await client.get("/api/leads/l1/export")).status_code == 403
    assert (await process.client.get("/api/leads/l1")).json()["status"] == "idle"


async def test_an_export_holds_what_was_told_of_the_person(client: httpx.AsyncClient) -> None:
    """Profile, consent with its basis, and the points with their reason."""
    consent = {"topics": ["newsletter"], "basis": "business_card", "source": "展示会"}
    await client.post("/api/leads", json={**LEAD, "attributes": {"employees": 200}, "consent": consent})
    found: dict[str, Any] = (await client.get("/api/leads/l1/export")).json()
    assert found["profile"]["email"] == ADDRESS
    assert found["profile"]["attributes"]["employees"] == {"label": "従業員数", "value": 200}
    assert [(each["topic"], each["basis"], each["source"]) for each in found["consents"]] == [
        ("newsletter", "business_card", "展示会")
    ]
    assert {each["item"]: each["points"] for each in found["score"]["items"]} == {"employees_100": 15}


@pytest.mark.parametrize("basis", [None, "asked", "OPT_IN", 3])
async def test_a_consent_says_on_what_it_rests(process: Process, basis: Any) -> None:
    """Without a basis, or with one that there is not, nothing is kept; the answer lists those there are."""
    consent = {"topics": ["newsletter"], **({} if basis is None else {"basis": basis})}
    answer = await process.client.post("/api/leads", json={**LEAD, "consent": consent})
    assert answer.status_code == 422
    assert answer.json()["where"] == "body.consent.basis"
    assert basis is None or "business_card" in answer.json()["what"]
    with reading(process.engine) as conn:
        assert conn.execute(select(consent_rows)).all() == []


async def test_an_unsubscribe_link_of_an_erased_lead_does_no_harm(process: Process) -> None:
    """Somebody opens an old mail and presses: the page answers, and nothing is stored of them."""
    await process.client.post("/api/leads", json=LEAD)
    await process.client.delete("/api/leads/l1")
    url = UnsubscribeTokens.of(process.engine).url("", Subscription(lead="l1", topic="newsletter", send_key="k"))
    answer = await process.anybody(None).post(url)
    assert answer.status_code == 200
    shown = (await process.client.get("/api/leads/l1")).json()
    assert shown["seq"] == shown["stored_seq"] == 2
