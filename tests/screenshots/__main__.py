"""Takes the pictures of the console for the documents, in both languages; knows what each page is called, not why."""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Page
from sqlalchemy import select

from adapters.clock import Clock
from adapters.database import users
from adapters.database.engine import migrate, open_database, reading
from adapters.database.schema import handoffs, inbox
from adapters.settings import Settings
from tests.browser import one_chromium
from tests.screenshots import sample
from tests.web.browsing import reading_in, serving, settled
from tests.web.people import link
from tests.web.process import KEY, Process, client_of
from web.app import make_app

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
MOST_BYTES = 150_000


def _as_it_is(page: Page) -> None:
    """Nothing is done before the picture."""


def _smaller(page: Page) -> None:
    page.check("input[value=half]")
    page.locator("h1").scroll_into_view_if_needed()


def _at(selector: str) -> Callable[[Page], None]:
    """Begin the picture at this part of the page."""
    return lambda page: page.evaluate("(it) => document.querySelector(it).scrollIntoView()", selector)


@dataclass(frozen=True)
class Shot:
    """One picture: who looks at which page, on what, and what is done before it is taken. Sizes in CSS pixels."""

    path: str
    login: str = "hanako"
    size: tuple[int, int] = (1200, 760)
    scheme: str = "light"
    before: Callable[[Page], None] = _as_it_is


SHOTS = {
    "start": Shot("/"),
    "desk": Shot("/desk", login="ichiro"),
    "desk-phone": Shot("/desk", login="ichiro", size=(390, 780)),
    "task": Shot("/desk/TASK", login="ichiro"),
    "leads": Shot("/leads?scenario=seminar_to_demo"),
    "lead": Shot("/leads/LEAD", size=(1200, 700)),
    "scenario": Shot("/scenarios/seminar_to_demo?since=90d&counts=1", login="mika", size=(1200, 900), before=_smaller),
    "scenario-dark": Shot(
        "/scenarios/seminar_to_demo?since=90d&counts=1", login="mika", size=(1200, 900), scheme="dark", before=_smaller
    ),
    "segment": Shot("/segments/midsize_infrastructure?counts=1", login="mika"),
    "four-r": Shot("/segments/midsize_infrastructure?counts=1&report=1", login="mika", before=_at("#four-r")),
    "journey": Shot("/journey", login="mika", size=(1200, 700)),
    "report": Shot("/report?since=90d&whole=1", login="mika"),
    "inbox": Shot("/inbox"),
}


@contextmanager
def _served() -> Iterator[tuple[Process, str, dict[str, str]]]:
    """The sample in a database of its own, served on this machine; with what stands in paths that names stand for."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        engine = open_database(f"sqlite:///{home / 'nurture.db'}")
        migrate(engine)
        store = sample.fill(engine)
        clock = Clock(engine)
        app = make_app(Settings(home=home, temporal_port=1), engine, store=store, clock=clock)
        process = Process(app, engine, store, clock, client_of(app, KEY))
        of_rep = select(handoffs.c.id, handoffs.c.lead).where(handoffs.c.rep == "rep_1", handoffs.c.state == "accepted")
        with reading(engine) as connection:
            task = connection.execute(of_rep.order_by(handoffs.c.made_at.desc())).first()
            mail = connection.execute(select(inbox.c.message).order_by(inbox.c.id.desc())).scalar()
        if task is None or mail is None:
            raise SystemExit(
                "the sample has no accepted task of rep_1, or no mail: look at tests/screenshots/sample.py"
            )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        with serving(process, home, port) as url:
            yield process, url, {"TASK": quote(task.id), "LEAD": task.lead, "MAIL": mail}
        engine.dispose()


def _take(browser: Browser, process: Process, url: str, path: str, shot: Shot, language: str) -> bytes:
    """The picture as PNG."""
    with reading(process.engine) as connection:
        user = users.named(connection, shot.login)
    with reading_in(browser, language, scheme=shot.scheme) as page:
        page.set_viewport_size({"width": shot.size[0], "height": shot.size[1]})
        page.goto(f"{url}/login?token={link(process, 'entry', user)}")
        page.goto(f"{url}{path}")
        settled(page)
        shot.before(page)
        return page.screenshot(animations="disabled", caret="hide", scale="css")


def main() -> int:
    """Take them; 1 where one is larger than a document should carry."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.screenshots",
        description="Take the pictures of the console for the documents, from made-up data at a fixed time.",
        epilog="example: python -m tests.screenshots --only desk --only lead --language ja",
    )
    parser.add_argument("--only", action="append", choices=sorted(SHOTS), help="one picture; may be said several times")
    parser.add_argument("--language", action="append", choices=["ja", "en"], help="one language instead of both")
    parser.add_argument("--to", type=Path, default=IMAGES, metavar="FOLDER", help="instead of docs/images")
    said = parser.parse_args()
    said.to.mkdir(parents=True, exist_ok=True)
    large = 0
    with _served() as (process, url, names), one_chromium() as browser:
        for name in said.only or SHOTS:
            path = SHOTS[name].path
            for written, value in names.items():
                path = path.replace(written, value)
            for language in said.language or ("ja", "en"):
                picture = _take(browser, process, url, path, SHOTS[name], language)
                (said.to / f"{name}.{language}.png").write_bytes(picture)
                large += len(picture) > MOST_BYTES
                note = (
                    f" - more than {MOST_BYTES // 1000} kB: show less of the page" if len(picture) > MOST_BYTES else ""
                )
                sys.stdout.write(f"{name}.{language}.png {len(picture) // 1000} kB{note}\n")
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())
