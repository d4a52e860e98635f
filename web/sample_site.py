"""Shows the web site of the made-up company of the demo, with the page snippet on it; refuses to exist anywhere else.

A few pages in Japanese and, below /site/en, in English: what they are for is to be clicked through.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from web.session import language_of, templates
from web.snippet import small

router = APIRouter(prefix="/site", include_in_schema=False)

PAGES = ("top", "pricing", "catalog", "seminar")
_BANNER = small((Path(__file__).parent / "static" / "banner.js").read_text(encoding="utf-8"))
_CATALOG = {
    "ja": "架空インフラサービス 製品カタログ(見本)\n\n夜間監視 / 通知の整理 / 障害の記録\n",
    "en": "Fictional Infrastructure: product catalog (a sample)\n\nNight watch / quieter alerts / incident records\n",
}


@router.get("")
def enter(request: Request) -> Response:
    """To the top page, in the reader's language, with the mark of the mail that led here."""
    top = "/site/" if language_of(request) == "ja" else "/site/en/"
    return RedirectResponse(f"{top}?{request.url.query}" if request.url.query else top)


@router.get("/banner.js")
def banner() -> Response:
    """The script of the banner that asks for the consent."""
    return Response(_BANNER, media_type="text/javascript")


@router.get("/catalog.txt")
@router.get("/en/catalog.txt")
def catalog(request: Request) -> Response:
    """What the catalog page offers for download."""
    language = "en" if request.url.path.startswith("/site/en/") else "ja"
    headers = {"content-disposition": 'attachment; filename="catalog.txt"'}
    return Response(_CATALOG[language], media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/en")
@router.get("/en/{page}")
@router.get("/en/")
def english(request: Request, page: str = "") -> Response:
    """One page in English."""
    return _page(request, page, "en")


@router.get("/")
@router.get("/{page}")
def japanese(request: Request, page: str = "") -> Response:
    """One page in Japanese."""
    return _page(request, page, "ja")


def _page(request: Request, name: str, language: str) -> Response:
    page = name or PAGES[0]
    if page not in PAGES:
        raise HTTPException(404)
    base = "/site" if language == "ja" else "/site/en"
    values = {"language": language, "ja": language == "ja", "base": base, "page": page}
    return templates.TemplateResponse(request, f"site/{page}.html", values)
