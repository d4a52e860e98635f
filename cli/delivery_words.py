"""The words of the delivery report in Japanese and English; refuses to know a figure."""

from __future__ import annotations

from nurture.delivery import Advice, Verdict

VERDICTS: dict[str, dict[Verdict, str]] = {
    "en": {"good": "good", "watch": "look into it", "bad": "too much", "too_few": "too few to say"},
    "ja": {"good": "良好", "watch": "要確認", "bad": "限度超え", "too_few": "少なくて判断できず"},
}
COLUMNS: dict[str, dict[str, str]] = {
    "en": {
        "name": "", "sent": "sent", "delivered": "delivered", "dead": "dead", "mailbox": "no mailbox",
        "blocked": "turned away", "deferred": "put off", "spam": "spam", "unsubscribed": "unsubscribed",
        "opened": "opened", "clicked": "clicked", "verdict": "verdict",
    },
    "ja": {
        "name": "", "sent": "送信", "delivered": "到着", "dead": "宛先なし", "mailbox": "受信箱不通",
        "blocked": "受信拒否", "deferred": "保留", "spam": "迷惑報告", "unsubscribed": "配信停止",
        "opened": "開封(人)", "clicked": "クリック(人)", "verdict": "判定",
    },
}  # fmt: skip
TITLES: dict[str, dict[str, str]] = {
    "en": {
        "all": "all mail", "scenarios": "by scenario", "domains": "by receiving domain", "since": "mails sent from",
        "until": "to", "none": "no mail was sent in this time", "more": "{count} more domains: --csv FILE has all",
        "about": "shares in per cent with their 95 % interval; opens and clicks of machines are not counted",
    },
    "ja": {
        "all": "すべてのメール", "scenarios": "シナリオ別", "domains": "受信ドメイン別", "since": "送信日時",
        "until": "〜", "none": "この期間に送ったメールはありません",
        "more": "ほかに {count} ドメイン。全件は --csv FILE で",
        "about": "割合は % と 95 % 信頼区間。機械による開封とクリックは数えません",
    },
}  # fmt: skip
ADVICE: dict[str, dict[Advice, str]] = {
    "en": {
        "dead": "Many addresses do not exist: find out which import or form they come from and leave it out. They are "
        "suppressed already.",
        "spam": "People report these mails as spam: send less often, to fewer, and say why they get it. Look at the "
        "consent of this list first.",
        "turned_away": "Receivers turn these mails away because of the sender or the text: look at SPF, DKIM, DMARC "
        "and the reputation of the sending domain. No lead is suppressed for it.",
        "mailboxes": "Many mailboxes take no mail: an old list. An address is suppressed on the third such day.",
        "unsubscribed": "Many unsubscribe: the topic is not what they expected. Split it, or send less often.",
        "silent": "Nobody opened any of these mails: see whether open tracking is on, and whether they land in the "
        "spam folder.",
        "not_told": "Of many mails nothing was told: see whether the provider's webhook reaches Nurture.",
    },
    "ja": {
        "dead": "存在しない宛先が多くあります。どの取り込みやフォームから来たかを調べ、その名簿を外してください。"
        "該当のアドレスはすでに配信停止です。",
        "spam": "迷惑メールと報告されています。まず名簿の同意を確かめ、回数と対象を減らし、"
        "なぜ届くのかを本文に書いてください。",
        "turned_away": "差出人や本文を理由に受信側が断っています。SPF・DKIM・DMARC と送信ドメインの評価を"
        "確かめてください。リードは配信停止になりません。",
        "mailboxes": "受信できない受信箱が多く、名簿が古いおそれがあります。三日目に配信停止になります。",
        "unsubscribed": "配信停止が多く、期待と内容が合っていません。話題を分けるか、回数を減らしてください。",
        "silent": "だれも開封していません。開封の計測と、迷惑メールフォルダーに入っていないかを確かめてください。",
        "not_told": "結果の届かないメールが多くあります。送達サービスの Webhook が届いているかを確かめてください。",
    },
}
