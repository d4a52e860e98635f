"""Guesses what the columns of a table mean from their names and cells; refuses to be believed without a look."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from adapters.deals.cells import FLAGS, date_like, items, number, plain, unknown
from adapters.deals.columns import Column, Columns, ColumnsRefused, OutcomeColumn
from adapters.deals.table import Table
from nurture.conditions import EventPattern
from nurture.definitions import Attribute, AttributeType

MOST_CHOICES = 60
"""A column with more words than that, and with most of them rare, is text that nobody counts."""
_LOST = re.compile(
    r"(?<![a-z])((closed?)?(lost|loses?|loss)|fail(ed|ure)?|reject(ed)?|disqualif[a-z]*|declined?|churn(ed)?|cancel[a-z]*|"
    r"dead|not[ _-]?(won|convert(ed)?)|unqualif[a-z]*)(?![a-z])|"
    r"失注|不成|見送|敗|負け|^負$|辞退|対象外|キャンセル|却下|不採用|解約|解除|断念|断り|断られ|謝絶"
)
_WON = re.compile(
    r"(?<![a-z])((closed?)?(won|wins?)|convert(ed)?|success(ful)?|purchased?|bought|customer|signed)(?![a-z])|"
    r"受注|成約|契約|獲得|成立|勝|採用|購入|決定"
)
_UNDECIDED = re.compile(
    r"(?<![a-z])(un(?!qualif)[a-z]*|not(?![ _-]?(won|convert))|no|prospect[a-z]*|potential|likely|expect[a-z]*|pending|"
    r"review[a-z]*|follow[a-z]*)(?![a-z])|"
    r"未|見込|予定|検討|判断中|保留|交渉|待ち|中$"
)
"""What is to come, and what somebody denies: neither won nor lost, whatever word stands beside it …"""
_CERTAIN = re.compile(r"^(closed?[ _:-]*)?(won|lost)(?![a-z])|失注(?!.*(予定|見込|検討|中$))|見送り$")
"""… but for reasons that follow an outcome: `Lost - no budget`, `見込み薄で失注`."""
_YES = {word for word, value in FLAGS.items() if value} | {"済", "1.0"}
_NO = {word for word, value in FLAGS.items() if not value} | {"未", "0.0"}
_OUTCOME = re.compile(
    r"outcome|result|status|stage|won|convert|target|label|^y$|class|response|success|deal|"
    r"結果|成約|受注|成否|勝敗|ステータス|状態|フェーズ|契約|購入"
)
_ID = re.compile(
    r"(^|[_\W])(id|no|uuid|key|code|number)$|^(id|lead|deal)[_\W]?|番号|コード|管理no|^no\.?$|[a-z]Id$|ＩＤ|ID$"
)
_SINCE = re.compile(
    r"creat|regist|since|first|open|received|lead.?date|entry|inquir|acquired|作成|登録|獲得日|発生|受付|初回|流入|起票|開始"
)
_CLOSED = re.compile(
    r"clos|decid|won.?(on|at|date)|lost.?(on|at|date)|end.?date|finish|クローズ|受注日|失注日|成約日|契約日|完了|決着|終了|確定"
)
_JUDGED = re.compile(r"snapshot|judged|as.?of|handed|mql|時点|引き?渡し|基準日")
_AFTERWARDS = re.compile(
    r"(lost|loss|won|win|close|closing|reject)[ _-]?(reason|note|comment|type)|duration|"
    r"call.?(time|length|sec)|contract|invoice|amount|revenue|last.?(activity|contact|touch|modified|updat)|失注理由|受注理由|成約理由|決め手|契約|請求|金額|売上|通話時間|最終|更新日"
)
_PERSONAL = re.compile(
    r"phone|tel$|fax|address|氏名|^名前|電話|住所|メールアドレス$|^(first|last|full)?_?name$|url|memo|note|comment|備考|メモ"
)
_EVENTS: tuple[tuple[str, str], ...] = (
    ("attended", r"attend(ed|ance)?|participat(ed|ion)?|joined|参加|出席|来場|受講"),
    ("downloaded", r"download(ed|s)?|dl$|ダウンロード|ｄｌ"),
    ("visited", r"visit(ed|s)?|view(ed|s)?|閲覧|訪問|アクセス"),
    ("signed_up", r"sign(ed)?.?up|subscrib(ed|tion)?|申込|申し込み|トライアル開始"),
    ("requested", r"request(ed)?|inquir(ed|y)|enquir(ed|y)|asked|demo|問合|問い合わせ|問い合せ|請求|依頼|相談|見積"),
    ("opened", r"mail.?open(ed)?|opened|開封"),
    ("clicked", r"click(ed|s)?|クリック"),
    ("replied", r"repl(y|ied)|返信"),
)
_MAIL = frozenset({"opened", "clicked", "replied"})
_DAY_WORDS = re.compile(
    r"(^|[_\W])(on|at|date|day|datetime|time|last|first|latest|most_recent)($|(?=[_\W]))|年月日|日時|日付|日$|最終|初回|最新"
)


def guess(table: Table, known: Mapping[str, Attribute] | None = None) -> Columns:
    """What the columns probably mean. `known`: attributes of a folder, taken for columns of their name or label.

    Raises ColumnsRefused where no column looks like an outcome.
    """
    cells = {name: [cell for cell in table.column(name) if not unknown(cell)] for name in table.header}
    outcome = _outcome(table, cells)
    rest = [name for name in table.header if name != outcome.column]
    dates = [name for name in rest if _dates(cells[name])]
    id_ = next((name for name in rest if name not in dates and _ID.search(name) and _distinct(cells[name])), None)
    since = next((name for name in dates if _SINCE.search(plain(name)) and not _event(name)), None)
    closed = next((name for name in dates if name != since and _CLOSED.search(plain(name))), None)
    judged = next((name for name in dates if name not in (since, closed) and _JUDGED.search(plain(name))), None)
    full = [name for name in dates if name not in (closed, judged) and len(cells[name]) == len(table.rows)]
    since = since or next((name for name in full if not _event(name)), None)
    taken = {id_, since, closed, judged}
    names = _Names(known or {})
    columns = {name: _column(name, cells[name], names, is_date=name in dates) for name in rest if name not in taken}
    dated = since or closed or judged
    return Columns(
        outcome=outcome, id=id_, since=since, closed=closed, judged=judged, order="time" if dated else "none",
        columns=columns,
    )  # fmt: skip


class _Names:
    """Names for attributes, each given once: that of the folder where name or label agree, else the column's own."""

    def __init__(self, known: Mapping[str, Attribute]) -> None:
        self._known = {plain(name): name for name in known}
        self._known |= {plain(each.label): name for name, each in known.items() if each.label}
        self._given: set[str] = set()

    def of(self, column: str) -> str:
        name = base = self._known.get(plain(column)) or re.sub(r"[\s/\\]+", "_", column.strip())[:90]
        number = 1
        while name in self._given:
            number += 1
            name = f"{base}_{number}"
        self._given.add(name)
        return name


def _outcome(table: Table, cells: Mapping[str, Sequence[str]]) -> OutcomeColumn:
    """The column with words for won and lost, else one of yes and no whose name or place says what it is."""
    ranked = []
    for index, name in enumerate(table.header):
        counted = Counter(cells[name])
        if not 1 <= len(counted) <= 40:
            continue
        ended = [word for word in counted if _CERTAIN.search(plain(word)) or not _UNDECIDED.search(plain(word))]
        lost = tuple(word for word in ended if _LOST.search(plain(word)))
        won = tuple(word for word in ended if word not in lost and _WON.search(plain(word)))
        yes = tuple(word for word in counted if plain(word) in _YES)
        no = tuple(word for word in counted if plain(word) in _NO)
        named, last = bool(_OUTCOME.search(plain(name))), index == len(table.header) - 1
        half = sum(counted[word] for word in (*won, *lost)) >= 0.5 * len(cells[name])
        if won and lost:
            ranked.append((3 + named if half else 0, index, OutcomeColumn(column=name, won=won, lost=lost)))
        elif yes and len(yes) + len(no) == len(counted) and (named or (last and no)):
            ranked.append((1 + named, index, OutcomeColumn(column=name, won=yes, lost=no)))
        elif won and named:
            ranked.append((-1, index, OutcomeColumn(column=name, won=won, lost=lost)))
    if not ranked:
        raise ColumnsRefused(
            "no column looks like an outcome: none has words such as won and lost, 受注 and 失注, yes and no",
            where=table.name,
            do="write a columns.yaml with `outcome: {column: …, won: […], lost: […]}` and name it with --columns; "
            f"the columns are: {', '.join(table.header)}",
        )
    return max(ranked, key=lambda each: each[:2])[2]


def _column(name: str, cells: Sequence[str], names: _Names, *, is_date: bool) -> Column:
    low = plain(name)
    if not cells:
        return Column(ignore="empty")
    if is_date and (event := _event(name)) is not None:
        return Column(event=event)
    if _AFTERWARDS.search(low):
        return Column(ignore="may be known only after the outcome")
    if _PERSONAL.search(low) or sum("@" in cell for cell in cells) >= 0.5 * len(cells):
        return Column(ignore="about one person, or free text")
    if _ID.search(name) and _distinct(cells):
        return Column(ignore="another one for each row")
    kind = "date" if is_date else _type(cells)
    return Column(attribute=names.of(name), type=kind) if kind else Column(ignore="text that differs from row to row")


def _type(cells: Sequence[str]) -> AttributeType | None:
    """The type of an attribute with these cells; None for text of which hardly any stands twice."""
    counted = Counter(cells)
    if len(counted) <= 2 and all(plain(word) in FLAGS for word in counted):
        return "flag"
    if sum(number(cell) is not None for cell in cells) >= 0.95 * len(cells):
        return "number"
    if _lists(cells):
        return "list"
    if len(counted) <= MOST_CHOICES:
        return "choice"
    often = sum(count for count in counted.values() if count >= max(5, len(cells) / 500))
    return "text" if often >= 0.5 * len(cells) else None


def _event(name: str) -> EventPattern | None:
    """The event whose day a column of that name holds: `seminar_attended_on` is `attended: seminar`."""
    low = plain(name)
    for kind, pattern in _EVENTS:
        if re.search(pattern, low) is None:
            continue
        if kind in _MAIL:
            return EventPattern(type=kind, subject="any")
        rest = re.sub(pattern, " ", low)
        if kind == "requested" and "demo" in low:
            rest = "demo"
        subject = re.sub(r"[\s_\W]+", "_", _DAY_WORDS.sub(" ", rest)).strip("_")
        return EventPattern(type=kind, subject=subject or "any")
    return None


def _lists(cells: Sequence[str]) -> bool:
    several = [cell for cell in cells if re.search(r"[;、|]", cell)]
    words = {word for cell in cells[:2000] for word in items(cell)}
    return len(several) >= 0.2 * len(cells) and len(words) <= MOST_CHOICES


def _distinct(cells: Sequence[str]) -> bool:
    return len(cells) > 1 and len(set(cells)) >= 0.95 * len(cells)


def _dates(cells: Sequence[str]) -> bool:
    """True for a column of dates, by some of its cells; plain digits are days only where every cell can be one."""
    some = cells[:: max(1, len(cells) // 500)]
    return date_like(some) >= (1.0 if all(cell.isdecimal() for cell in some) else 0.9)
