"""Shows one lead as a page: where it stands and why, what it did, what it was sent; refuses to move it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from adapters.database import lead_dossier
from adapters.database.engine import reading
from web.console import lead_tables
from web.console.lead_list import url_of
from web.console.lead_view import LINES, Page, page_of
from web.console.lead_words import LeadWords
from web.console.times import local_times
from web.context import Here, Nurture
from web.pages import Cursor, following_url
from web.security import READER
from web.session import language_of, render

router = APIRouter(prefix="/leads", include_in_schema=False, dependencies=[READER])

Said = Literal["pause", "resume", "leave", "go_to", "retry", "erase", ""]


@router.get("/{lead}")
def lead_page(
    request: Request,
    here: Here,
    lead: str,
    said: Annotated[Said, Query()] = "",
    merged: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = None,
) -> Response:
    """Everything about one lead; the timeline from `cursor` on. The id of a merged one leads to who goes on."""
    found = living(request, here, lead)
    if isinstance(found, Response):
        return found
    definitions = here.store.current()
    words = LeadWords(definitions, language_of(request))
    with reading(here.engine) as connection:
        page = page_of(
            connection, found, store=here.store, current=definitions, now=here.clock.now(), words=words,
            settings=here.settings, cursor=cursor,
        )  # fmt: skip
    if page is None:
        return _unknown(request)
    times = local_times(here)
    return render(
        request, "console/lead.html", page=page, w=words, tables=lead_tables, said=said, url=url_of(found),
        was_merged=merged if merged in page.merged else "", cursor=cursor, older=_older(request, page),
        local_text=lambda said: times["local"](datetime.fromisoformat(said)), **times,
    )  # fmt: skip


@router.get("/{lead}/company")
def company_page(request: Request, here: Here, lead: str) -> Response:
    """Other leads of the same company, on a page of their own."""
    found = living(request, here, lead)
    if isinstance(found, Response):
        return found
    with reading(here.engine) as connection:
        company, several, more = lead_dossier.colleagues(connection, found)
    words = LeadWords(here.store.current(), language_of(request))
    return render(
        request, "console/lead_company.html", url=url_of(found), company=company, several=several, more=more,
        url_of=url_of, w=words, tables=lead_tables,
    )  # fmt: skip


def living(request: Request, here: Nurture, lead: str) -> str | Response:
    """The id of a lead that goes on by itself; else the page to answer with: of an unknown one, or on to who does."""
    with reading(here.engine) as connection:
        found = lead_dossier.living(connection, lead)
    if found is None:
        return _unknown(request)
    if found != lead:
        return RedirectResponse(f"{url_of(found)}?{urlencode({'merged': lead})}", status_code=303)
    return found


def _unknown(request: Request) -> Response:
    return render(request, "console/lead_unknown.html", status=404)


def _older(request: Request, page: Page) -> str | None:
    url = following_url(request, page.older, limit=LINES)
    return f"{url}#timeline" if url is not None else None
