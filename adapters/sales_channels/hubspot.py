"""Makes a task in HubSpot for the contact that a lead is there; refuses to read outcomes: those come by the webhook.

CRM API v3 (`/crm/v3/objects/…`, `/crm/v3/owners`), and v4 for what is associated with a contact. A contact is read by
its address, not searched: HubSpot's search lags behind what was just written.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx

from adapters.sales_channels.asking import ask, refused
from adapters.sales_channels.port import NeverTaken, Notice, NotTaken, Person

TIMEOUT = timedelta(seconds=2.5)
"""Of each request: six of them are made at most."""
TASK_TO_CONTACT = 204
"""HubSpot's own number for "this task belongs to this contact"."""
LONGEST_BODY = 60_000
_KNOWN = re.compile(r"Existing ID:\s*(\d+)")
_SCOPES = "give NURTURE_HUBSPOT_TOKEN the scopes crm.objects.contacts.read, .write and crm.objects.owners.read"


@dataclass(frozen=True, slots=True)
class HubSpot:
    """One account, by the token of a private app."""

    token: str
    host: str

    @property
    def ready(self) -> bool:
        return True

    def deliver(self, notice: Notice) -> None:
        """Find the contact, else create it, and create its task, unless an earlier attempt has.

        Raises:
            NeverTaken: the lead has no address.
            NotTaken: HubSpot does not answer, or refuses; 429 with the rest it wants.
        """
        person = notice.person
        if person is None or person.email is None:
            raise NeverTaken("the lead has no address, by which HubSpot knows people")
        contact = self._contact(person, person.email)
        mark = f"nurture: {notice.key}"
        if notice.again and self._has_task(contact, mark):
            return
        owner = self._owner(notice.reader.email) if notice.reader is not None else None
        self._ask("POST", "/crm/v3/objects/tasks", json=_task(notice, contact, owner, mark))

    def _contact(self, person: Person, email: str) -> str:
        found = self._ask(
            "GET", f"/crm/v3/objects/contacts/{quote(email, safe='')}", params={"idProperty": "email"},
            good=frozenset({404}),
        )  # fmt: skip
        if found.status_code != 404:
            return _id(found)
        told = {"email": email, "lastname": person.name, "company": person.company}
        properties = {name: value for name, value in told.items() if value}
        made = self._ask("POST", "/crm/v3/objects/contacts", json={"properties": properties}, good=frozenset({409}))
        if made.status_code != 409:
            return _id(made)
        # made by somebody else just now, or known under a second address
        known = _KNOWN.search(str(_json(made).get("message", "")))
        if known is None:
            raise NotTaken("it says that the contact exists, and not which")
        return known.group(1)

    def _owner(self, email: str) -> str | None:
        """The HubSpot user with the rep's address; None: the task is nobody's, and says so."""
        results = _json(self._ask("GET", "/crm/v3/owners", params={"email": email, "limit": "1"})).get("results")
        first = results[0] if isinstance(results, list) and results else None
        return str(first["id"]) if isinstance(first, dict) and "id" in first else None

    def _has_task(self, contact: str, mark: str) -> bool:
        """Whether one of the contact's tasks carries the mark; associations are there as soon as the task is."""
        answer = self._ask("GET", f"/crm/v4/objects/contacts/{contact}/associations/tasks", params={"limit": "500"})
        tasks = [{"id": str(each["toObjectId"])} for each in _json(answer).get("results", [])]
        for start in range(0, len(tasks), 100):
            asked = {"properties": ["hs_task_body"], "inputs": tasks[start : start + 100]}
            read = _json(self._ask("POST", "/crm/v3/objects/tasks/batch/read", json=asked))
            bodies = (str(each.get("properties", {}).get("hs_task_body") or "") for each in read.get("results", []))
            if any(html.escape(mark) in body or mark in body for body in bodies):
                return True
        return False

    def _ask(self, method: str, path: str, *, good: frozenset[int] = frozenset(), **given: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = ask(method, f"{self.host}{path}", timeout=TIMEOUT, headers=headers, good=good | {401, 403}, **given)
        if answer.status_code in (401, 403):
            raise refused(answer, _SCOPES)
        return answer


def _task(notice: Notice, contact: str, owner: str | None, mark: str) -> dict[str, Any]:
    lines = [notice.words, "", notice.links["page"]]
    if owner is None and notice.reader is not None:
        lines.append(f"({notice.reader.rep}: no HubSpot user has this rep's address)")
    told = "<br>".join(html.escape(line) for line in "\n".join(lines).splitlines())[:LONGEST_BODY]
    properties = {
        "hs_timestamp": int((notice.due or notice.made_at).timestamp() * 1000),
        "hs_task_subject": notice.headline,
        "hs_task_body": f"{told}<br>{html.escape(mark)}",
        "hs_task_status": "NOT_STARTED",
        "hs_task_priority": "HIGH" if notice.kind == "handoff" else "MEDIUM",
        "hs_task_type": "TODO",
        **({"hubspot_owner_id": owner} if owner is not None else {}),
    }
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": TASK_TO_CONTACT}
    return {"properties": properties, "associations": [{"to": {"id": contact}, "types": [kind]}]}


def _id(answer: httpx.Response) -> str:
    found = _json(answer).get("id")
    if found is None:
        raise NotTaken("something else than HubSpot answered", do="look at NURTURE_HUBSPOT_HOST", needs_person=True)
    return str(found)


def _json(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise NotTaken("something else than HubSpot answered", do="look at NURTURE_HUBSPOT_HOST", needs_person=True)
    return said
