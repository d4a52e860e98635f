"""Says by which one-time links people come in first: the first admin of `up`, and those of the demo."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from adapters.database import user_links, users
from adapters.database.engine import open_database, reading, writing
from adapters.settings import Settings
from cli.supervisor import say_on_stderr
from nurture.errors import NurtureError

ANOTHER_WAY = "nurture users add LOGIN --name NAME --role admin"
_PATIENCE = timedelta(seconds=10)
"""How long a link may wait for the database, with Ctrl-C in vain."""

DEMO = (
    ("mika", "見本 美香", "marketer", None),
    ("ichiro", "例示 一郎", "sales", "rep_1"),
    ("osamu", "運用 修", "ops", None),
)
"""Who there is in a demo: login name, name, role and rep. None has a password."""


async def say_first_link(settings: Settings) -> None:
    """As long as there is no user: the link behind which the first admin chooses a name and a password.

    A database that does not answer holds nothing else up: it is said how a link is made later.
    """
    try:
        token = await asyncio.to_thread(_first_token, settings)
    except (SQLAlchemyError, NurtureError) as error:
        why = error.what if isinstance(error, NurtureError) else type(error).__name__
        say_on_stderr(f"no link for the first admin could be made: {why}. {ANOTHER_WAY} makes one")
        return
    if token is not None:
        say_on_stderr(f"make the first admin here (good once, for 24 h): {settings.public_url}/first?token={token}")


def _first_token(settings: Settings) -> str | None:
    engine = open_database(settings.database_url)
    try:
        with reading(engine) as connection:
            if not users.nobody(connection):
                return None
        with writing(engine, _PATIENCE) as connection:
            return user_links.make(connection, "first", None, datetime.now(UTC))
    finally:
        engine.dispose()


TRY: dict[str, tuple[str, str]] = {
    "marketer": (
        "マーケターとして: シナリオの図でリードが歩くのを見て、営業が閉じた結果をレポートで読みます。",
        "As a marketer: watch leads walk through the picture of a scenario, and read in the report what sales closed.",
    ),
    "sales": (
        (
            "営業として: デスクで理由を読み、引き継ぎを受けて、受注・失注で閉じます。"
            "いま歩いているリード(lead_…)のものを差し戻すと、シナリオに戻ります。"
        ),
        (
            "As sales: read on the desk why, accept a task, and close it as won or lost. Return one of a lead that"
            " walks (lead_…), and it goes back to its scenario."
        ),
    ),
    "ops": (
        "運用として: リードを一人開き、履歴を読んで、一時停止し、再開します。",
        "As ops: open a lead, read its timeline, pause it and resume it.",
    ),
}
"""What each person of a demo is asked to try first: in Japanese, in English."""


def demo_words(links: Mapping[str, str]) -> list[str]:
    """What is said beside the links of `demo_links`: for each person what to try, in both languages, and where.

    Nothing, where there is none of them.
    """
    theirs = {role: links[f"as {role}"].split()[0] for role in TRY if f"as {role}" in links}
    if not theirs:
        return []
    said = [
        "次のリンクから試せます(それぞれ別のブラウザーかプライベートウィンドウで。1 回だけ有効)。",
        "Links to try it by, each in a browser or private window of its own (each good once):",
    ]
    for role, link in theirs.items():
        ja, en = TRY[role]
        said += ["", f"  {ja}", f"  {en}", f"    {link}"]
    return [*said, ""]


def demo_links(engine: Engine, settings: Settings) -> dict[str, str]:
    """Each person of the demo, by the role they have in it, and a link that lets them in; whoever is missing is made.

    Left out is who was given another role since, or is deactivated: an admin has decided so.
    """
    links: dict[str, str] = {}
    now = datetime.now(UTC)
    with writing(engine) as connection:
        users.hold(connection)
        known = {each.login: each for each in users.listed(connection)}
        for login, name, role, rep in DEMO:
            user = known.get(login) or users.add(connection, login, name=name, role=role, rep=rep, real_now=now)
            if user.role != role or not user.active:
                continue
            token = user_links.make(connection, "entry", user.id, now)
            links[f"as {role}"] = f"{settings.public_url}/login?token={token}  (good once)"
    return links
