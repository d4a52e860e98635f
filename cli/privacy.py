"""`nurture leads export | erase`: what a person may ask for about itself; refuses to judge whether it may."""

from __future__ import annotations

import csv
import json
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.text import Text

from adapters.database import disclosure, erasures, leads
from adapters.database.engine import reading, settle_log, writing
from adapters.database.sequence import UnknownLead
from adapters.lead_export import BOM, cell
from cli.console import Ended, err, out
from cli.opening import Data, opened
from cli.who import who
from nurture.errors import NurtureError

GOES = (
    (
        "name, address, attributes, events, timeline, score, notes of tasks: deleted",
        "氏名・アドレス・属性・行動履歴・タイムライン・スコア・営業メモ: 削除します",
    ),
    (
        "running scenarios end, mails that have not begun never go, an open task closes as expired",
        "実行中のシナリオは終了し、送信前のメールは送られず、営業タスクは期限切れとして閉じます",
    ),
    ("the mail provider is asked to delete the address", "メール配信事業者にもアドレスの削除を依頼します"),
)
STAYS = (
    (
        "a hash of the address, so that nobody mails it again (an import cannot lift it, a form by the person can)",
        "アドレスのハッシュ値: 二度と送らないために残します(解除は本人のフォーム送信のみ。取り込みでは不可)",
    ),
    (
        "what was agreed to, without the address, for a month after the last mail: Japan's law asks for it",
        "同意の記録(アドレスなし): 最後のメールから1か月、特定電子メール法の定めにより保存します",
    ),
    (
        "numbers of mails, enrolments and tasks under the lead's id, without any text",
        "メール・登録・営業タスクの件数(リードID のみ、本文なし)",
    ),
)


class Format(StrEnum):
    """In what a person reads it."""

    JSON = "json"
    CSV = "csv"


Named = Annotated[str, typer.Argument(metavar="LEAD", help="The lead's id, or its address.")]


def export(
    lead: Named,
    form: Annotated[Format, typer.Option("--format", help="json for machines, csv for a spreadsheet.")] = Format.JSON,
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write; else it is printed.")
    ] = None,
) -> None:
    """Everything that is stored about one person, to be handed to that person.

    Profile, consents with their wording, suppressions, mails with their subjects, events, scenarios, tasks, timeline,
    and the score with what each point comes from. CSV has the columns section, number, name and value.
    """
    with opened() as data, reading(data.engine) as connection:
        found = disclosure.of(connection, erasures.lead_named(connection, lead), data.store, data.clock.now())
    try:
        with file.open("w", encoding="utf-8", newline="") if file is not None else nullcontext(sys.stdout) as target:
            _write(target, found, form, marked=file is not None)
    except OSError as error:
        raise NurtureError(
            f"the file cannot be written: {error.strerror}", where=str(file), do="name another file"
        ) from error
    if file is not None:
        err.print(f"{file} holds personal data: hand it over safely and delete it", style="yellow")


def _write(target: TextIO, found: dict[str, Any], form: Format, *, marked: bool) -> None:
    if form is Format.JSON:
        target.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
        return
    if marked:
        target.write(BOM)
    rows = csv.writer(target, lineterminator="\n")
    rows.writerow(["section", "number", "name", "value"])
    for section, number, name, value in disclosure.lines(found):
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
        rows.writerow([section, number, cell(name), cell(text)])


def erase(
    lead: Named,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    done_by_hand: Annotated[
        bool,
        typer.Option("--done-by-hand", help="What the mail provider refused was erased there: forget the address."),
    ] = False,
) -> None:
    """Let a person be forgotten, for good: here, in Temporal, and at the mail provider.

    It holds at once; what is left to do is done by the running system (`nurture up`), whatever fails meanwhile. Asking
    again changes nothing and shows how far it is, and what somebody has to erase at the mail provider that refused.
    """
    with opened() as data:
        if done_by_hand:
            _by_hand(data, lead)
            return
        with reading(data.engine) as connection:
            name = erasures.lead_named(connection, lead)
            before, view = erasures.of(connection, name), leads.view(connection, name)
        if before is None and not yes:
            _ask(name, view or {})
        with writing(data.engine) as connection:
            done = erasures.ask(connection, name, by=f"cli:{who()}", now=data.clock.now(), real_now=datetime.now(UTC))
            left = erasures.addresses_of(connection, done.lead, while_it_is="refused")
    if before is None:
        out.print(f"lead {name} is erased: no mail goes any more, and the rest follows while `nurture up` runs")
    else:
        out.print(f"lead {name} was erased already, asked for at {done.shown()['asked_at']}: {done.state}")
    if done.provider == "refused":
        out.print(Text(f"the mail provider did not do it: {done.provider_said}", style="yellow"))
    if left:
        out.print(Text(f"erase there / 配信事業者の側で消すもの: {', '.join(left)}", style="yellow"))
        out.print(f"then / 消したら: nurture leads erase {name} --done-by-hand", soft_wrap=True)


def _by_hand(data: Data, lead: str) -> None:
    with writing(data.engine) as connection:
        name = erasures.lead_named(connection, lead)
        try:
            erasures.done_by_hand(connection, name, by=f"cli:{who()}", now=data.clock.now())
        except UnknownLead as error:
            raise NurtureError(f"lead {name!r} was not erased", do=f"nurture leads erase {name}") from error
    settle_log(data.engine)
    out.print(f"lead {name}: its address, erased at the mail provider, is forgotten / アドレスの控えを消しました")


def _ask(name: str, view: dict[str, Any]) -> None:
    said = " ".join(str(view[key]) for key in ("name", "email") if view.get(key))
    err.print(Text(f"{name}  {said}", style="bold"))
    for title, several in (("goes / 消えるもの", GOES), ("stays / 残るもの", STAYS)):
        err.print(Text(f"\n{title}", style="bold"))
        for english, japanese in several:
            err.print(Text(f"  - {english}\n    {japanese}"))
    err.print("\nBackups and files that were exported are yours to see to. It cannot be undone. / 元に戻せません。")
    if not typer.confirm("Erase? / 消去しますか", default=False, err=True):
        err.print("nothing was done / 何も変更していません")
        raise Ended(0)
