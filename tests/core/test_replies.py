"""What a mail is that somebody wrote back: judged by its headers, its subject and its own words, in two languages."""

from __future__ import annotations

import time

import pytest

from nurture.replies import judge, own_words

FOOTER = (
    "--------------------------------\n例示商事\n東京都例示区 1-1\nhello@example.com\n\n"
    "今後このようなメールがご不要な方は、こちらのページで配信を停止できます。\n"
    "https://news.example.co.jp/u/abcdefghijklmnopqrstuvwxyz0123456789"
)


def quoted(text: str, mark: str = "> ") -> str:
    """Each line as mail programs quote it."""
    return "\n".join(f"{mark}{line}" for line in text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "配信停止",
        "お世話になっております。\n○○株式会社の田中です。\n\n今後、配信を停止していただけますでしょうか。\nよろしくお願いいたします。",
        "メルマガの解除をお願いします",
        "もうメールを送らないでください。",
        "今後のご案内は不要です。",
        "解除",
        "Hi Taro,\nplease remove me from your list.\nThanks",
        "Unsubscribe\n\nOn Fri, Nov 27, 2026 at 10:00 AM News <news@x.jp> wrote:\n> hello",
        "STOP",
        "今後のご連絡は不要です",
        "今後はメール不要です",
        "今後このようなメールは送らないでください",
        "登録を解除してください。",
        "お手数ですがリストから外してください",
        "退会希望",
        "配信の停止をお願い致します。\n\n-- \n田中",
        "Please stop sending me these emails.",
        "Don't email me again",
        "I no longer want to receive your newsletter.",
        "配信を停止してください",
        "メールマガジンの購読を解除したいです。",
        "メールの配信を停止してください。\n\n株式会社サンプル\n田中太郎\nTEL 03-0000-0000",
        "unsubscribe",
        "remove me from your list",
        "Don't send me any more emails please",
        "Opt out",
        "もうメールしないでください",
    ],
)
def test_a_wish_to_get_no_more_mail_is_understood(text: str) -> None:
    """With greetings before it and a signature below, in the words that people use."""
    for whole in (text, f"{text}\n\n{quoted(FOOTER)}"):
        verdict = judge({}, "Re: お知らせ", whole)
        assert (verdict.kind, verdict.more) == ("opt_out", False)


@pytest.mark.parametrize("subject", ["unsubscribe", "配信停止", "メール配信停止希望", "退会", "STOP"])
def test_a_subject_that_says_nothing_else_is_a_wish(subject: str) -> None:
    """An empty mail with it is what instructions ask for; after `Re:` it is only the subject of ours."""
    assert judge({}, subject, "").kind == "opt_out"
    assert judge({}, f"Re: {subject}", "お世話になります").kind == "written"


@pytest.mark.parametrize(
    "text",
    [
        "配信を停止しないでください。楽しみにしています。",
        "御社の製品にはメール配信停止の機能がありますか？",
        "配信停止率を下げたいので相談したいです",
        "Our unsubscribe rate is high. Can you help?",
        "メールでのご連絡ありがとうございます。電話は不要です、メールでお願いします。",
        "契約の解除条件について教えてください",
        "お電話ください",
        "ご案内の件、サンプルは不要です。見積をください",
        "今後の打ち合わせは不要です。契約書を送ってください",
        "こちらから電話しますのでご連絡は不要です",
        "詳しく知りたい",
        "配信停止の理由についてアンケートを取りたいのですが",
        "メルマガを再開してください（以前、配信停止にしました）",
        "Please do not hesitate to call me.",
        "ご案内の資料は不要ですが、お見積りをお願いします。",
        "メールでのお見積りは不要です。お電話をください。",
        "セミナーの登録を取り消して、来月の回に変更できますか。",
        "配信の停止ボタンはどこですか",
        "Don't send a quote yet, let's talk on Tuesday. Can you call me?",
        "Please do not mail the brochure, I'd rather have a demo.",
        "Remove this line item and we will sign.",
        "Take me off the call on Tuesday, Bob will join.",
        "Remove me from the meeting invite please",
        "I don't want to miss your newsletter, is there an archive?",
        "Stop by our booth on Tuesday.",
        "セミナーのご案内メールの登録は不要でしょうか？",
    ],
)
def test_who_only_speaks_of_it_is_a_person_to_be_answered(text: str) -> None:
    """In doubt a rep reads it: that costs a minute, and a lead that is shut out by mistake is lost."""
    assert judge({}, "Re: お知らせ", text).kind == "written"


@pytest.mark.parametrize(
    "text",
    [
        "配信を停止してください。見積書はいつ届きますか。",
        "メルマガは不要ですが、お見積りをお願いします。",
        "配信停止をお願いします。\n来週の打ち合わせは予定どおりでお願いします。",
        "Please remove me from your list. Can you call me on Tuesday?",
        "Unsubscribe\nPlease send the contract to my colleague instead.",
    ],
)
def test_who_wants_no_more_mail_and_says_more_is_read_as_well(text: str) -> None:
    """The address is shut, and what else was said is not lost."""
    verdict = judge({}, "Re: お知らせ", text)
    assert (verdict.kind, verdict.more) == ("opt_out", True)


QUOTING = {
    "gmail": f"2026年11月27日(金) 10:00 例示商事 <news@example.com>:\n\n{quoted(FOOTER)}",
    "gmail, broken": f"On Fri, Nov 27, 2026 at 10:00 AM\nExample <news@example.com> wrote:\n\n{quoted(FOOTER)}",
    "outlook": f"-----Original Message-----\nFrom: news@example.com\nSubject: x\n\n{FOOTER}",
    "outlook, japanese": f"________________________________\n差出人: 例示商事\n送信日時: 2026年11月27日\n\n{FOOTER}",
    "outlook, no line": f"From: news@example.com\nSent: Friday\n\n{FOOTER}",
    "thunderbird": f"On 27/11/2026 10:00, Example wrote:\n{quoted(FOOTER)}",
    "thunderbird, japanese": f"2026/11/27 10:00、例示商事 さんは書きました:\n{quoted(FOOTER)}",
    "yahoo": f"----- Original Message -----\n{quoted(FOOTER, '>')}",
    "becky": f"On Fri, 27 Nov 2026 10:00:00 +0900\nnews@example.com wrote:\n\n{quoted(FOOTER, '> ')}",
    "full width": quoted(FOOTER, "＞"),
    "not marked at all": FOOTER,
    "an iphone": f"iPhoneから送信\n\n2026/11/27 10:00、例示商事 <news@example.com>のメール:\n\n{FOOTER}",
}


@pytest.mark.parametrize("program", QUOTING)
def test_the_footer_of_our_own_mail_unsubscribes_nobody(program: str) -> None:
    """It holds the words 配信 and 停止, and every mail program quotes it in its own way."""
    verdict = judge({}, "Re: お知らせ", f"資料をいただけますか。\n\n{QUOTING[program]}")
    assert verdict.kind == "written"
    assert verdict.words.replace("iPhoneから送信", "").strip() == "資料をいただけますか。"


def test_who_answers_below_what_is_quoted_is_heard() -> None:
    """And between its lines."""
    attribution = "On Fri, Nov 27, 2026 News <n@example.com> wrote:"
    text = f"{attribution}\n{quoted('価格は?')}\n一万円なら\n{quoted(FOOTER)}\n配信停止をお願いします"
    assert own_words(text) == "一万円なら\n配信停止をお願いします"
    assert judge({}, "Re: x", text).kind == "opt_out"


@pytest.mark.parametrize(
    "headers",
    [
        {"auto-submitted": "auto-replied"},
        {"auto-submitted": "auto-generated; type=vacation"},
        {"precedence": "bulk"},
        {"precedence": "auto_reply"},
        {"x-autoreply": "yes"},
        {"x-autorespond": "x"},
        {"return-path": "<>"},
        {"from": "Mail Delivery System <MAILER-DAEMON@mx.example.jp>"},
        {"x-failed-recipients": "a@example.com"},
    ],
)
def test_a_machine_is_known_by_its_headers_whatever_it_says(headers: dict[str, str]) -> None:
    """RFC 3834, and what was there before it."""
    verdict = judge(headers, "Re: x", "配信停止")
    assert verdict.kind == "automatic"
    assert judge({"auto-submitted": "no", "return-path": "<a@example.com>"}, "Re: x", "はい").kind == "written"


@pytest.mark.parametrize(
    "subject",
    [
        "自動返信: Re: お知らせ", "【自動応答】不在のお知らせ", "[自動返信] お知らせ", "不在通知",
        "不在にしております Re: お知らせ",
        "休暇中です", "夏季休業のお知らせ", "出張中 Re: お知らせ", "Out of Office: x", "Out of the office",
        "Automatic reply: お知らせ",
        "Auto-Reply: x", "Autoreply", "Undelivered Mail Returned to Sender", "Delivery Status Notification (Failure)",
        "Mail delivery failed", "メールアドレス変更のお知らせ",
    ],
)  # fmt: skip
def test_a_machine_without_such_headers_is_known_by_its_subject(subject: str) -> None:
    """Those of mail programs and servers in Japan and elsewhere."""
    assert judge({}, subject, "x").kind == "automatic"


@pytest.mark.parametrize("subject", ["Re: 自動返信メールの作り方", "不在者投票システムの件", "Re: Out of office"])
def test_a_person_who_writes_about_such_things_is_a_person(subject: str) -> None:
    """The words stand at the beginning of a machine's subject, not after `Re:`."""
    assert judge({}, subject, "詳しく教えてください").kind == "written"


@pytest.mark.parametrize(
    "text",
    [
        "on " + "<" * 50_000,
        "\n" * 50_000,
        "x wrote:\n" * 5_000 + "> y",
        " " * 50_000 + "x",
        "https://" * 6_000,
        "on 2026 " * 6_000 + ":",
        "メールの" * 12_000,
        "- " * 25_000,
    ],
)
def test_no_letter_takes_long_to_judge(text: str) -> None:
    """Anybody can write one: the largest that is read takes a moment, whatever is in it."""
    began = time.process_time()
    judge({}, "不在 " * 80, text)
    assert time.process_time() - began < 2
