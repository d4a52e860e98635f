"""Says in words what a line of a timeline tells; refuses to leave out one that it has no words for."""

from __future__ import annotations

from adapters.database.desk import Happened
from nurture.definitions import Definitions

_WORDS = {
    "opened": ("メールを開封", "opened a mail"),
    "clicked": ("メールのリンクをクリック", "clicked in a mail"),
    "replied": ("メールに返信", "answered a mail"),
    "visited": ("ページを閲覧", "visited"),
    "downloaded": ("資料をダウンロード", "downloaded"),
    "signed_up": ("申し込み", "signed up for"),
    "attended": ("参加", "attended"),
    "requested": ("依頼", "requested"),
    "delivered": ("メールが到着", "a mail was delivered"),
    "bounced": ("メールが不達", "a mail bounced"),
    "unsubscribed": ("配信停止", "unsubscribed"),
    "spam_reported": ("迷惑メールとして報告", "reported a mail as spam"),
    "entered": ("シナリオに入った", "entered the scenario"),
    "arrived": ("ステップに着いた", "arrived at the step"),
    "finished": ("シナリオを終えた", "finished the scenario"),
    "passed": ("次へ進んだ", "went on"),
    "go_to": ("移った", "moved"),
    "timeout": ("待ち時間が過ぎた", "the wait is over"),
    "hot": ("ホットになった", "became hot"),
    "not_hot": ("ホットでなくなった", "is not hot any more"),
    "on_hot": ("ホットになり営業へ", "went to sales as it became hot"),
    "phase": ("段階が進んだ", "reached a phase"),
    "set": ("属性を設定", "an attribute was set"),
    "skipped": ("とばした", "skipped"),
    "reaction": ("反応の規則が働いた", "a reaction was triggered"),
    "notified": ("営業に知らせた", "sales was told"),
    "paused": ("送信を止めた", "mail was paused"),
    "resumed": ("送信を再開した", "mail was resumed"),
    "merged": ("リードを統合", "merged"),
    "consented": ("同意", "consented"),
}


def in_words(line: Happened, definitions: Definitions, language: str) -> str:
    """An own event by its label; what nobody has given words to stands as it is written."""
    own = definitions.events.get(line.what)
    if own is not None and own.label:
        return own.label
    ja, en = _WORDS.get(line.what, (line.what, line.what.replace("_", " ")))
    return ja if language == "ja" else en
