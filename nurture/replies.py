"""Says what a mail that somebody wrote back is: an answer of a person, of a machine, or the wish to get no more.

Refuses to know who wrote it and what follows. Wrong in doubt on the side of the person: a machine's answer read by a
rep costs a minute, a person taken for a machine is not heard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["written", "opt_out", "automatic"]
LONGEST_WISH = 600
"""Whoever wants no more mail says so in fewer signs; a longer letter is for a person to read."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`why`: what gave it away, in words that hold nothing of the letter; `words`: what its writer wrote himself.

    `more`: who wants no more mail says something besides, so that it is a letter to be read as well.
    """

    kind: Kind
    why: str
    words: str
    more: bool = False


def judge(headers: Mapping[str, str], subject: str, text: str) -> Verdict:
    """What a mail is. `headers`: by name in lower case; `return-path` empty (`<>`) where it wants no answer."""
    words = own_words(text)
    machine = _machine(headers, subject)
    if machine is not None:
        return Verdict("automatic", machine, words)
    wish = _wish(subject, words)
    if wish is not None:
        return Verdict("opt_out", wish, words, more=_says_more(words))
    return Verdict("written", "a person wrote it", words)


# --- machines -------------------------------------------------------------------------------------------------------

_MACHINE_HEADERS = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoreply-from", "x-failed-recipients")
_BULK = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_NOBODY = re.compile(r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply)@", re.IGNORECASE)
_MACHINE_SUBJECT = re.compile(
    r"^[\s\[【「(（<＜:：*＊-]*("
    r"自動(返信|応答|回答|送信|配信)|不在(通知|連絡|案内|返信|の(お知らせ|ご連絡|連絡|ため)|に|です|中|[\s】\]）)：:]|$)"
    r"|(休暇|休業|出張|外出)(中|通知|の(お知らせ|ご連絡|ため)|に)|(年末年始|夏季|夏期|冬季|臨時)休(業|暇)|メールアドレス変更の(お知らせ|ご案内)"
    r"|out\s*of\s*(the\s*)?office|ooo\b|auto(matic|mated)?[\s-]*(reply|response|responder)|autoreply|on vacation"
    r"|vacation (reply|response|notice)|away from (the )?office|undeliver|delivery (status|failure)|returned mail"
    r"|配信(不能|失敗)|mail delivery)",
    re.IGNORECASE,
)


def _machine(headers: Mapping[str, str], subject: str) -> str | None:
    """What says that no person wrote it, or None."""
    submitted = headers.get("auto-submitted", "no").partition(";")[0].strip().lower()
    if submitted not in ("no", ""):
        return "Auto-Submitted"
    if headers.get("precedence", "").strip().lower() in _BULK:
        return "Precedence"
    for name in _MACHINE_HEADERS:
        if name in headers:
            return name
    if headers.get("return-path", "<x>").strip() in ("", "<>"):
        return "it has no return path"
    if _NOBODY.search(headers.get("from", "")):
        return "its sender is a machine"
    if headers.get("content-type", "").lower().startswith("multipart/report"):
        return "it is a report on a mail"
    return "its subject" if _MACHINE_SUBJECT.match(subject.strip()) else None


# --- what somebody wrote himself ------------------------------------------------------------------------------------

_QUOTED = re.compile(r"^\s*[>＞|｜]")
_ATTRIBUTION = re.compile(
    r"(wrote|schrieb|a écrit|writes)\s*[:：]\s*$"
    r"|(さん|様|氏)?(は|が|の)?(書きました|wrote|のメール|からのメール)\s*[:：]?\s*$"
    r"|^\s*(on\s.+|\d{4}[年/.-]\s?\d{1,2}[月/.-]\s?\d{1,2}日?.*)(<[^>\s]+@[^>\s]+>|[:：])\s*[:：]?\s*$",
    re.IGNORECASE,
)
_BEGIN_OF_ATTRIBUTION = re.compile(r"^\s*(on\s.+\d{4}.*|\d{4}[年/.-]\s?\d{1,2}[月/.-]\s?\d{1,2}日?.*)$", re.IGNORECASE)
_ALL_BELOW = re.compile(
    r"^\s*([-_=＿―─━]{20,}\s*$"
    r"|[-=*＿_ー－―─\s]{2,}\s*(original message|original|forwarded message"
    r"|元の(メッセージ|メール)|転送(メッセージ)?|引用)"
    r"|-- ?$"
    r"|(from|sent|差出人|送信者|送信元|送信日時|発信元)\s*[:：]\s*\S)",
    re.IGNORECASE,
)
_LONGEST_MARK, _LOOKED_AT = 300, 10
"""Nobody writes a longer line above what is quoted; and so many lines below it show whether it is marked."""
_OUR_FOOTER = re.compile(r"https?://\S+/u/\S{20,}|配信を停止できます|you can unsubscribe on this page")


def own_words(text: str) -> str:
    """The text without what it quotes, whatever mail program quoted it: what stands above it, and between."""
    lines = [
        line.replace("\u3000", " ").rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ]
    own: list[str] = []
    for number, line in enumerate(lines):
        if _QUOTED.match(line):
            continue
        if _ALL_BELOW.match(line[:_LONGEST_MARK]) or _OUR_FOOTER.search(line[:2000]):
            break
        below = lines[number + 1 : number + 1 + _LOOKED_AT]
        if _attributes(line, below):
            if _next(below, skip=_ATTRIBUTION).lstrip().startswith((">", "＞", "|")):
                continue  # somebody who answers below, or between, what is quoted
            break
        own.append(line)
    return "\n".join(own).strip()


def _attributes(line: str, below: list[str]) -> bool:
    """True of `On …, somebody wrote:`, which may be broken into two lines."""
    if len(line) > _LONGEST_MARK:
        return False
    if _ATTRIBUTION.search(line):
        return True
    return (
        bool(_BEGIN_OF_ATTRIBUTION.match(line)) and bool(below) and bool(_ATTRIBUTION.search(below[0][:_LONGEST_MARK]))
    )


def _next(lines: list[str], *, skip: re.Pattern[str]) -> str:
    return next((line for line in lines if line.strip() and not skip.search(line[:_LONGEST_MARK])), "")


# --- who wants no more ----------------------------------------------------------------------------------------------

_MAIL = r"(配信|メルマガ|メールマガジン|メール|ﾒｰﾙ|DM|ニュースレター|購読)"
_END = (
    r"(停止|解除|中止|不要|いりません|要りません|止めて|やめて|送らないで|送付しないで|差し控え|お断り|拒否"
    r"|取消|取り消し|削除して)"
)
_BETWEEN = (
    r"(の|を|は|が|も|等|など|ご|[ 　]|配信|送信|送付|購読|登録|案内|連絡|お知らせ|メール"
    r"|今後|以後|もう|一切|すべて|全て)"
)
"""What may stand between the two without meaning something else: a brochure that is not needed is no wish."""
_WISHES = re.compile(
    rf"{_MAIL}{_BETWEEN}{{0,6}}{_END}"
    r"|(配信|送信|購読)\s*(の|を)?\s*(停止|解除|中止|拒否)"
    r"|(^|[。、\s]|メール|メルマガ|会員|読者|配信|アドレス)の?登録\s*[のを]?\s*(停止|解除|抹消|削除|取消|取り消し)"
    rf"|(^|[。、\s]|このような|こうした|これ以上の?)(ご?案内|お知らせ){_BETWEEN}{{0,4}}{_END}"
    r"|^\s*(退会|解除|停止|不要です|不要)\s*(希望|を?お?願い(いた)?します|してください|して下さい|です)?\s*[。.!！]*\s*$"
    r"|(今後|以後|もう)[^\n。？?]{0,16}(送らないで|送信しないで|送付しないで|メールしないで|連絡し(ない|てこない)で|(案内|連絡|メール|配信|送付)(は|も)?(不要|結構|要りません|いりません))"
    r"|(リスト|名簿|宛先)[^\n。？?]{0,8}(外して|はずして|削除)",
    re.MULTILINE,
)
_NOT_WISHED = re.compile(
    r"(停止|解除|中止|削除)(し|され|を?し)?(ないで|なくて)"
    r"|(停止|解除|中止|不要|拒否)の?(機能|方法の|設定|条件|率|件数|者|理由|数|ページ|フォーム|リンク|ボタン|画面)"
    r"|(停止|解除|中止|不要)(では|じゃ)(ない|あり)|不要(でしょうか|ですか)|再開|(停止|解除)(されて|になって)(い|しま)|御社の|貴社の|弊社の(メルマガ|配信)"
    r"|(停止|解除)[^\n。]{0,12}(どこ(です|に|で|か)|どう(やって|すれば|したら))"
)
_MAILS = r"(e-?mails?|mails?|mailings?|newsletters?|messages|spam|advertising|marketing)\b"
_OUR_LIST = (
    r"[^.\n]{0,40}\b(lists?|database|(e-?)?mails?|mailings?|newsletters?|communications?|advertising|marketing)\b"
)
_SUCH = r"((me|us|any|more|further|these|this|those|such|your|all|the|marketing|promotional|of)\s+){0,5}"
_WISHES_IN_ENGLISH = re.compile(
    r"^\W*((please|pls|kindly)\s+)?("
    r"unsubscribe( me| us)?\b(?! (rate|link|page|form|feature|button|handling))"
    rf"|remove (me|us)(\W*$|\W+(please|thanks?|thank you)\b|\s+from\b{_OUR_LIST})"
    r"|remove (my|this|our) (e-?mail|mail|address|contact)\b"
    rf"|take (me|us) off\b{_OUR_LIST}|opt[\s-]?(me )?out(\W*$|\s+(of|from)\b{_OUR_LIST})"
    r"|stop\W*$"
    rf"|stop (sending\s+)?{_SUCH}{_MAILS}"
    r"|stop (e-?mailing|mailing|contacting) (me|us)\b|stop sending (me|us) (this|these|such|those)\b"
    rf"|(do not|don'?t) (send|mail) {_SUCH}{_MAILS}"
    r"|(do not|don'?t) (e-?mail|mail|contact|write( to)?) (me|us)"
    r"( (again|any ?more|any longer|further|please))?\s*([.!,;]|$)"
    r"|(do not|don'?t) (send|mail) (me|us) (anything|any ?more|these|such)\b"
    rf"|(i|we) (do not|don'?t|no longer) want (to (get|receive) )?{_SUCH}{_MAILS}"
    r"|no more (e-?mails?|mails?|newsletters?)\b"
    r"|(i|we) (want|wish|would like) to (unsubscribe|opt out|be removed)\b|cancel (my|the) subscription\b)",
    re.IGNORECASE,
)
_GREETING = re.compile(r"^\s*(hi|hello|dear|hey)\b[^.!?]{0,60}$", re.IGNORECASE)
_ONLY = re.compile(
    r"^\W*((please )?unsubscribe|remove( me)?|opt[\s-]?out|stop"
    r"|(メール|メルマガ)?(配信|購読)?(の)?(停止|解除)(希望|依頼|のお願い)?|退会(希望)?)\W*$",
    re.IGNORECASE,
)


_SENTENCE = re.compile(r"[^。.!！?？\n]*[。.!！?？]*")
_POLITE = re.compile(
    r"お世話|お疲れ|よろしく|宜しく|お手数|恐れ入り|恐縮|申し訳|すみません|ありがとう|有難う|感謝|失礼|と申します"
    r"|拝啓|敬具|いつも|(社|㈱|[(（]株[)）]).{0,16}です\W*$|^.{1,8}です\W*$"
    r"|^\W*(hi|hello|dear|hey|thanks?|thank you|(best |kind )?regards|sincerely|cheers|sorry)\b"
    r"|^\W*(i'm|i am|this is) [\w .]{1,40}$",
    re.IGNORECASE,
)
_FURTHER = re.compile(
    r"[?？]\s*$|ください|下さい|お願い|ますか|ですか|いただけ|頂け|たい"
    r"|\b(please|could you|can you|would you|call|send)\b|.{8,}[。.!！]\s*$",
    re.IGNORECASE,
)
_ALSO = re.compile(
    r"(不要|停止|解除|結構|いりません|要りません)[^\n。]{0,16}?(が|けど|けれど)[、,]?[^\n。]{2,60}?"
    r"(お願い|ください|下さい|たい|ますか|ですか|いただけ)"
)


def _wish(subject: str, words: str) -> str | None:
    """What says that its writer wants no more mail, or None. In doubt a mail is a letter."""
    if _ONLY.match(subject.strip()):
        return "its subject"
    if not words or len(words) > LONGEST_WISH:
        return None
    if _WISHES.search(words) and not _NOT_WISHED.search(words):
        return "its words"
    first = next((line for line in words.split("\n") if line.strip() and not _GREETING.match(line)), "")
    return "its words" if _WISHES_IN_ENGLISH.match(first) else None


def _says_more(words: str) -> bool:
    """True where somebody who wants no more mail says something else as well, which a person has to read."""
    if len(words) > LONGEST_WISH or _ALSO.search(words):
        return True
    sentences = (each.strip() for each in _SENTENCE.findall(words))
    others = [each for each in sentences if each and not _is_wish(each) and not _POLITE.search(each)]
    return any(_FURTHER.search(each) for each in others)


def _is_wish(sentence: str) -> bool:
    return bool(_WISHES.search(sentence) or _WISHES_IN_ENGLISH.match(sentence) or _ONLY.match(sentence))
