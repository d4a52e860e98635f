"""Decides which pages the navigation shows to whom, and by which keys; refuses to know what is on them."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts

from nurture.roles import Right
from web.security import Caller


@dataclass(frozen=True, slots=True)
class Place:
    """A page that the navigation may lead to; `key` is pressed after `g`."""

    path: str
    key: str
    ja: str
    en: str
    right: Right = "read"
    hidden_from: tuple[str, ...] = ()
    """Roles whose work it is not; the page itself decides by the right."""


PLACES = (
    Place("/desk", "d", "デスク", "Desk", hidden_from=("ops",)),
    Place("/scenarios", "s", "シナリオ", "Scenarios", hidden_from=("sales",)),
    Place("/leads", "l", "リード", "Leads"),
    Place("/segments", "e", "セグメント", "Segments", hidden_from=("sales",)),
    Place("/journey", "j", "ジャーニーマップ", "Journey map"),
    Place("/definitions", "f", "定義", "Definitions", hidden_from=("sales",)),
    Place("/inbox", "i", "受信トレイ", "Inbox"),
    Place("/report", "r", "レポート", "Report"),
    Place("/review", "v", "月次レビュー", "Monthly review", hidden_from=("ops",)),
    Place("/ops", "o", "運用", "Ops", hidden_from=("sales", "marketer")),
    Place("/audit", "c", "変更の記録", "Changes", right="audit"),
    Place("/users", "u", "ユーザー", "Users", right="people"),
)
"""In the order of the navigation. One whose page is not served is left out."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigation, in the reader's language."""

    path: str
    key: str
    word: str
    here: bool


def navigation(request: Request, caller: Caller | None, language: str) -> list[Entry]:
    """What this caller's pages link to; nothing for nobody."""
    if caller is None:
        return []
    there, path = _served(request.app), request.url.path
    return [
        Entry(each.path, each.key, each.ja if language == "ja" else each.en, _within(path, each.path))
        for each in PLACES
        if each.path in there and caller.may(each.right) and caller.role not in each.hidden_from
    ]


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def _served(app: FastAPI) -> frozenset[str]:
    """The paths of the app's pages, looked up once: what is served does not change while it runs."""
    found: frozenset[str] | None = getattr(app.state, "pages", None)
    if found is None:
        every = iter_route_contexts(app.routes)
        found = frozenset(each.path for each in every if each.path and "GET" in (each.methods or ()))
        app.state.pages = found
    return found
