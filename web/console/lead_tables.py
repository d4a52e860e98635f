"""The words of leads, their timeline and their mails in Japanese and English; refuses to know any lead."""

from __future__ import annotations

STATUSES: dict[str, tuple[str, str]] = {
    "idle": ("シナリオの外", "in no scenario"), "waiting": ("反応待ち", "waiting"), "sending": ("送信中", "sending"),
    "blocked": ("停止(要対応)", "blocked"), "paused": ("一時停止", "paused"),
    "with_sales": ("営業対応中", "with sales"),
    "erased": ("消去済み", "erased"),
}  # fmt: skip
KINDS: dict[str, tuple[str, str]] = {
    "event": ("行動", "Event"), "decision": ("判断", "Decision"), "send": ("メール", "Mail"),
    "handoff": ("営業", "Sales"), "score": ("評価", "Score"), "ops": ("運用", "Ops"),
}  # fmt: skip
EVENTS: dict[str, tuple[str, str]] = {
    "delivered": ("メールが届いた", "Mail delivered"), "opened": ("メールを開封", "Opened a mail"),
    "clicked": ("メールのリンクをクリック", "Clicked in a mail"), "replied": ("メールに返信", "Replied"),
    "bounced": ("メールが届かなかった", "Mail bounced"), "unsubscribed": ("配信を停止", "Unsubscribed"),
    "spam_reported": ("迷惑メールとして報告", "Reported spam"), "visited": ("ページを閲覧", "Visited"),
    "downloaded": ("資料をダウンロード", "Downloaded"), "signed_up": ("申し込み", "Signed up"),
    "attended": ("参加", "Attended"), "requested": ("依頼", "Requested"),
}  # fmt: skip
LINES: dict[str, tuple[str, str]] = {
    "entered": ("シナリオに入った", "Entered the scenario"), "arrived": ("ステップに到着", "Arrived at the step"),
    "reaction": ("反応で次へ", "A reaction led on"), "timeout": ("待ち時間が終わった", "The wait ended"),
    "skipped": ("ステップをとばした", "Skipped the step"), "passed": ("ステップを通過", "Passed the step"),
    "exhausted": ("訪問の上限に達した", "Visits are used up"),
    "finished": ("シナリオを終えた", "Finished the scenario"),
    "anywhere": ("どこからでもの条件で移動", "Moved by `anywhere`"), "set": ("属性を書き込み", "Set an attribute"),
    "blocked": ("ステップで停止", "Blocked at the step"), "retrying": ("もう一度試す", "Trying again"),
    "not_begun": ("始めなかった", "Not begun"), "notified": ("社内に知らせた", "Told colleagues"),
    "enrolment_refused": ("シナリオに入れなかった", "Enrolment refused"),
    "enrolment_awaits_confirmation": ("同意の確認待ちで開始を保留", "Enrolment waits for a confirmation"),
    "page_views_joined": ("それまでの閲覧を結び付けた", "Earlier page views joined"),
    "visitor_known": ("ブラウザーを本人のものと確認", "A browser is known to be theirs"),
    "consented": ("受信に同意", "Consented"), "consent_confirmed": ("同意が確認された", "Consent confirmed"),
    "unsubscribe_lifted": ("配信停止を解除", "Unsubscribe lifted"),
    "confirmation_asked": ("同意の確認メールを依頼", "Asked to confirm the consent"),
    "confirmation_not_asked": ("同意の確認メールを送らなかった", "Confirmation not asked"),
    "reply_ignored": ("自動応答のため無視", "An automatic reply was ignored"),
    "reply_unproven": ("差出人を確かめられない返信", "A reply of an unproven sender"),
    "deferred": ("送信を延期", "Sending deferred"), "held_out": ("比較のため送らない側", "Held out: no mail"),
    "send_not_stopped": ("送信を止められなかった", "Mail could not be stopped"),
    "send_not_needed": ("送信は不要になった", "Mail no longer needed"),
    "send_refused": ("送信を断られた", "Mail refused"),
    "send_too_late": ("送信が期限に間に合わない", "Too late to send"), "held": ("送信を保留", "Mail held"),
    "accepted": ("引き受けられた", "Accepted"), "refused": ("拒否された", "Refused"),
    "unknown": ("結果不明", "Unknown"),
    "cancelled": ("取り消し", "Cancelled"), "returned": ("差し戻し", "Returned"),
    "dropped": ("破棄された", "Dropped"),
    "handed_over": ("営業に引き渡した", "Handed over to sales"), "given": ("担当が決まった", "Given to a rep"),
    "waiting": ("担当の空き待ち", "Waits for a rep"), "reassigned": ("担当を変更", "Given to another rep"),
    "snoozed": ("あとで対応", "Snoozed"), "won": ("受注", "Won"), "lost": ("失注", "Lost"),
    "expired": ("期限切れ", "Expired"),
    "note_added": ("メモを追加", "Note added"), "reason_added": ("理由を追加", "Reason added"),
    "handoff_failed": ("引き渡せなかった", "Could not be handed over"),
    "task_stays": ("営業タスクは残る", "The task stays"),
    "letter_came_late": ("返信が遅れて届いた", "A letter came late"),
    "letter_unread": ("未読の返信あり", "An unread letter"),
    "told": ("営業に知らせた", "Sales was told"), "not_told": ("営業に知らせられなかった", "Sales was not told"),
    "hot": ("ホットになった", "Became hot"), "not_hot": ("ホットではなくなった", "No longer hot"),
    "hot_held_back": ("ホットの通知を控えた", "Hot, held back"),
    "on_hot": ("ホットで営業のステップへ", "Moved by `on_hot`"),
    "phase": ("フェーズが進んだ", "Reached a phase"), "points": ("点数が変わった", "Points changed"),
    "reversed": ("機械の行動として取り消し", "Reversed: it was a machine"),
    "paused": ("一時停止した", "Paused"), "resumed": ("再開した", "Resumed"),
    "go_to": ("ステップへ移動させた", "Moved by hand"),
    "not_moved": ("移動できなかった", "Could not be moved"), "retried": ("再試行した", "Retried"),
    "migrated": ("新しいデプロイへ移した", "Migrated"), "not_migrated": ("移せなかった", "Could not be migrated"),
    "merged": ("別のリードと統合", "Merged with another lead"), "erased": ("消去した", "Erased"),
}  # fmt: skip
"""What a line of the timeline says; one that is not here is shown as it is written."""
HANDOFF_LINES: dict[str, tuple[str, str]] = {"accepted": ("担当が受領", "Accepted by the rep")}
SEND_LINES: dict[str, tuple[str, str]] = {
    "accepted": ("メールを送信", "Mail sent"),
    "returned": ("メールが戻った", "Mail returned"),
}
WHYS: dict[str, str] = {
    "waits for a reaction or the timeout": "反応があるか、待ち時間が終わるのを待っています",
    "waits for the send window": "送ってよい時間帯になるのを待っています",
    "with the mail provider, or held for it: see the timeline": (
        "メールの送信中、または送信の保留中です(下の履歴を参照)"
    ),
    "waits for the outcome of the handoff": "営業の結果を待っています",
    "the task is with sales": "営業のタスクになっています",
    "in no scenario": "どのシナリオも歩いていません",
    "the person is forgotten": "ご本人の希望により消去されました",
    "the definition is no longer met": "定義を満たさなくなった",
    "on the preference page": "配信設定のページで",
    "the side of the split without a mail": "比較のため、メールを送らない側",
    "the lead is in no scenario": "どのシナリオも歩いていない",
}
"""Sentences of the engine that come often; others are shown as they are written."""
MAILS: dict[str, tuple[str, str]] = {
    "accepted": ("送信済み", "sent"), "processed": ("送信済み", "sent"), "deferred": ("配送待ち", "deferred"),
    "delivered": ("到着", "delivered"), "opened": ("開封", "opened"), "clicked": ("クリック", "clicked"),
    "replied": ("返信あり", "replied"), "blocked": ("ブロック", "blocked"), "dropped": ("破棄", "dropped"),
    "bounced": ("不達", "bounced"), "unsubscribed": ("配信停止", "unsubscribed"),
    "spam_reported": ("迷惑メール報告", "spam reported"), "held": ("保留中", "held"),
    "in_flight": ("送信中", "in flight"),
    "unknown": ("結果不明", "unknown"), "refused": ("拒否", "refused"), "cancelled": ("取り消し", "cancelled"),
}  # fmt: skip
BAD_MAILS = frozenset({"blocked", "dropped", "bounced", "unsubscribed", "spam_reported", "refused", "unknown"})
BASES: dict[str, tuple[str, str]] = {
    "opt_in": ("本人の同意", "opt-in"), "business_card": ("名刺", "business card"),
    "existing_customer": ("取引関係", "existing customer"),
    "published_address": ("公開アドレス", "published address"),
    "contract": ("契約", "contract"),
}  # fmt: skip
SUPPRESSED: dict[str, tuple[str, str]] = {
    "unsubscribed": ("配信停止", "unsubscribed"), "one_click": ("ワンクリック配信停止", "one-click unsubscribe"),
    "spam_reported": ("迷惑メール報告", "spam reported"), "bounced": ("不達", "bounced"),
    "manual": ("手動", "by hand"),
    "erased": ("消去", "erased"),
}  # fmt: skip
REPLIES: dict[str, tuple[str, str]] = {
    "written": ("返信", "letter"), "opt_out": ("配信停止の希望", "wish to unsubscribe"),
    "automatic": ("自動応答", "automatic"),
}  # fmt: skip
TASKS: dict[str, tuple[str, str]] = {
    "open": ("未受領", "open"), "accepted": ("対応中", "accepted"), "won": ("受注", "won"),
    "lost": ("失注", "lost"),
    "returned": ("差し戻し", "returned"), "expired": ("期限切れ", "expired"),
}  # fmt: skip
ENROLMENTS: dict[str, tuple[str, str]] = {
    "enrolled": ("進行中", "running"), "queued": ("順番待ち", "queued"), "ended": ("終了", "ended"),
}  # fmt: skip
