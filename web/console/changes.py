"""Shows who changed what as a page, the newest first; refuses to know how it is noted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from adapters.database import audit
from adapters.database.engine import reading
from web.console.times import local_times
from web.context import Here
from web.pages import Cursor, following_url
from web.security import need
from web.session import render

router = APIRouter(prefix="/audit", include_in_schema=False, dependencies=[Depends(need("audit"))])

_ON_A_PAGE = 50
Word = Annotated[str, Query(max_length=400)]


@router.get("")
def changes_page(
    request: Request, here: Here, by: Word = "", did: Word = "", subject: Word = "", cursor: Cursor = None
) -> Response:
    """All changes, or those by somebody, of a kind, or on something."""
    wanted = {"by": by.strip(), "did": did.strip(), "subject": subject.strip()}
    with reading(here.engine) as connection:
        found, following = audit.rows(
            connection, _ON_A_PAGE, cursor, **{name: word or None for name, word in wanted.items()}
        )
    older = following_url(request, following, limit=_ON_A_PAGE)
    return render(request, "console/audit.html", changes=found, wanted=wanted, older=older, **local_times(here))
