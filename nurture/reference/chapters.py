"""The prose of the reference in English and Japanese; refuses to name a key that the models could name."""

from __future__ import annotations

ENGLISH: dict[str, str] = {
    "title": "Scenario reference",
    "other": "[日本語](scenario-reference.ja.md)",
    "intro": (
        "Every file of `scenarios/`, every key, every condition and every rule of the check. This page is "
        "written by `nurture schema --reference docs` from the models that read the files; change it there. "
        "Words are explained in the [glossary](glossary.md), a way from nothing to the first handoff in the "
        "[tutorial](tutorial.md)."
    ),
    "editor": (
        "In an editor with YAML support the same sentences show up while you type, once `nurture schema` has "
        "written `schema/` and the first line of a file is `# yaml-language-server: "
        "$schema=./schema/scenario.schema.json`."
    ),
    "files": "Files",
    "conditions": "Conditions",
    "about_conditions": (
        "One language everywhere: edges, `until`, `skip`, `leave`, `anywhere`, segments, score items, hot lead. "
        "A condition is an event, or a mapping that opens with one of the words below."
    ),
    "events": "Events",
    "about_events": (
        "An event is written `type` or `{type: subject}`. A subject is a path: `{attended: seminar}` also means "
        "`seminar/2026-12`; `any` means every subject. Told by the mail provider, with the template as subject: "
        "{mail}. Told by forms and by `POST /events`: {web}. Others are declared in events.yaml. A mail event "
        "alone (`opened`) means the mail of this visit; `{opened: any}` any mail since this visit began. A click "
        "or a reply counts as an open."
    ),
    "durations": "Durations",
    "about_durations": (
        "A whole number and a unit: `45s` seconds, `30m` minutes, `12h` hours, `3d` days, `2w` weeks, `5bd` "
        "business days (the same local time on the fifth next open day: no holiday, no closed day, a day of the "
        "window). None is longer than ten years."
    ),
    "templates": "Templates",
    "about_templates": (
        "A mail is a file `templates/<name>.<language>.md`: front matter between two lines `---`, then the text "
        "in Markdown. Subject, preheader and text may hold variables: `lead.name`, "
        '`lead.attributes.<attribute>`, and `link("/path")` for an address of this server (a form is at '
        "`/forms/<name>`); in the mail of a form's `confirm` also `confirm_link`. A value "
        'that may be unknown takes `| default("…")`; one that is unknown and has none '
        "blocks the step for that lead, and the timeline says so. Legal name, postal address, contact and the "
        "way to unsubscribe are added at the end of every mail. A subject that begins with `{` stands in quotes."
    ),
    "rules": "Rules of the check",
    "about_rules": (
        "`nurture check` names its rule in brackets behind each message. Errors stop a deploy, warnings do not."
    ),
    "rule_head": "rule | finds | how to mend it",
    "file:scenario": "Any YAML file with another name than those below: one scenario each.",
    "file:attributes": "What can be known of a lead. Needed where a condition names an attribute.",
    "file:events": "Own event types, and known subjects.",
    "file:segments": "Named sets of leads.",
    "file:journey_map": "How the imagined customer thinks and acts on the way to buying.",
    "file:score": "Points for what a lead is and does.",
    "file:hot_lead": "The one rule, agreed between marketing and sales, for handing a lead over.",
    "file:forms": "Form pages, each at `/forms/<name>`.",
    "file:sender": "Whose mails these are, and when they may go. Needed where a scenario sends.",
    "file:sales": "Reps and queues. Needed where a scenario hands off.",
}
"""Chapters, and what each kind of file holds."""

JAPANESE: dict[str, str] = {
    "title": "シナリオの書き方",
    "other": "[English](scenario-reference.md)",
    "intro": (
        "`scenarios/` のすべてのファイル、キー、条件、そして確認で見つかる間違いの一覧です。"
        "ファイルを読む仕組みそのものから `nurture schema --reference docs` が書き出しているので、"
        "実際の動きと食い違いません。言葉の意味は[用語集](glossary.md)に、"
        "ゼロから最初の引き継ぎまでの道のりは[チュートリアル](tutorial.ja.md)にあります。"
    ),
    "editor": (
        "YAML に対応したエディターでは、同じ説明が入力中に出ます。`nurture schema` で `schema/` を書き出し、"
        "ファイルの一行目に `# yaml-language-server: $schema=./schema/scenario.schema.json` と書いてください。"
    ),
    "files": "ファイル",
    "conditions": "条件",
    "about_conditions": (
        "分岐、`until`、`skip`、`leave`、`anywhere`、セグメント、スコア項目、ホットリードのどこでも、"
        "同じ書き方です。条件は、行動(イベント)か、下の言葉で始まる書き方のどれかです。"
    ),
    "events": "イベント(行動)",
    "about_events": (
        "イベントは `種類` または `{種類: 対象}` と書きます。対象はパスとして読み、`{attended: seminar}` は "
        "`seminar/2026-12` にも当てはまります。`any` はすべての対象です。"
        "メールの反応(対象はテンプレート):{mail}。フォームや `POST /events` で届くもの:{web}。それ以外は "
        "events.yaml で宣言します。メールの反応だけを書いたとき(`opened`)は今回の到着で送ったメール、`{opened: "
        "any}` は今回の到着より後のすべてのメールを指します。クリックや返信は、開封したことにもなります。"
    ),
    "durations": "期間",
    "about_durations": (
        "整数と単位で書きます。`45s` 秒、`30m` 分、`12h` 時間、`3d` 日、`2w` 週、`5bd` "
        "営業日(祝日・休業日・送信時間帯のない曜日を除いて数えた、同じ時刻)。10 年が上限です。"
    ),
    "templates": "テンプレート(メール)",
    "about_templates": (
        "メールは `templates/<名前>.<言語>.md` というファイルです。二本の `---` のあいだに見出しを書き、"
        "続けて本文を Markdown で書きます。件名・プレヘッダー・本文には変数を使えます。`lead.name`、"
        '`lead.attributes.<属性>`、このサーバーのアドレスになる `link("/path")`(フォームは '
        "`/forms/<名前>`)の三つです。フォームの `confirm` のメールでは `confirm_link` も使えます。"
        '分からないことのある値には `| default("…")` を添えます。'
        "添えずに値がなければ、そのリードだけがそのステップで止まり、理由がタイムラインに残ります。正式名称、"
        "住所、問い合わせ先、配信停止の方法は、どのメールにも末尾に自動で入ります。"
        "`{` で始まる件名は引用符で囲みます。"
    ),
    "rules": "確認で見つかる間違い",
    "about_rules": (
        "`nurture check` のメッセージの末尾にある `[ ]` が、この表の名前です。エラーがあると反映できませんが、"
        "警告なら反映できます。"
    ),
    "rule_head": "名前 | 見つけるもの | 直し方",
    "file:scenario": "下に挙がっていない名前の YAML ファイルは、どれもシナリオです。一つのファイルに一つ書きます。",
    "file:attributes": "リードについて知ることのできるもの。条件に属性を使うなら必要です。",
    "file:events": "独自のイベントと、対象の一覧。",
    "file:segments": "名前のあるリードの集団。",
    "file:journey_map": "想定する見込み客が、購入までに何を考え、どう動くか。",
    "file:score": "属性と行動の点。",
    "file:hot_lead": "マーケティングと営業で合意した、引き渡しの基準。一つだけです。",
    "file:forms": "フォームのページ。それぞれ `/forms/<名前>` に出ます。",
    "file:sender": "差出人と、送ってよい時間。メールを送るなら必要です。",
    "file:sales": "営業担当と受け持ち。引き継ぎをするなら必要です。",
}
"""The same in Japanese."""
