"""The Japanese of the rules of the check; the English stands with the checks. A test proves that none is missing."""

from __future__ import annotations

from nurture.checks.rules import Rule

RULES: dict[str, Rule] = {
    "after-finish": Rule("終わるステップに、先へ進むためのキーがあります。", "どちらかを消します。"),
    "after-otherwise": Rule("`otherwise` の後ろに行き先があり、誰も通りません。", "前に移すか、消します。"),
    "attribute-test": Rule("属性の型に合わない条件です。", "メッセージに挙がっている条件を使います。"),
    "attribute-value": Rule("属性の型に合わない値です。", "型に合う値を書きます。"),
    "awaited-unnamed": Rule(
        "待っている行動が、どの行き先にも出てきません。警告です。",
        "行き先を加えるか、待つのをやめます。",
    ),
    "bare-event": Rule("いつからの行動かが決まらない場所に、行動がそのまま書かれています。", "`{did: …}` と書きます。"),
    "duplicate-key": Rule("同じキーが二度書かれています。", "一つにします。"),
    "duplicate-name": Rule("同じ名前が二つあります。", "片方の名前を変えます。"),
    "empty": Rule("中身の要るところが空です。", "書くか、キーごと消します。"),
    "empty-until": Rule("`until` が何も待っていません。", "待つものを書くか、`wait: 3d` とします。"),
    "encoding": Rule("ファイルが UTF-8 ではありません。", "UTF-8 で保存します。"),
    "enroll-itself": Rule(
        "いま歩いているシナリオ自身に登録しようとしています。必ず見送られます。警告です。",
        "ステップに戻すか、別のシナリオを選びます。",
    ),
    "file-name": Rule(".yml で終わるファイルは読まれません。警告です。", ".yaml にします。"),
    "form-email": Rule(
        "リードを見つけるためのメールアドレスを、フォームが尋ねていません。",
        "`email: required` を加えます。",
    ),
    "free-mail-sender": Rule(
        "差出人がフリーメールのアドレスで、受信側に拒否されます。警告です。",
        "自社ドメインから、SPF・DKIM・DMARC を設定して送ります。",
    ),
    "front-matter": Rule("テンプレートが見出しの部分で始まっていません。", "`---`、`subject: …`、`---` で始めます。"),
    "handoff-wait": Rule(
        "引き継ぎのステップに `wait` があります。営業が閉じるまで続くので書けません。",
        "`wait` を消します。",
    ),
    "hot-circle": Rule("ホットの定義が、ホットかどうかを尋ねています。", "別の条件にします。"),
    "hot-out-of-reach": Rule(
        "ホットリードの定義に、誰も満たせない規則があります。",
        "メッセージが挙げるもの(点の上限、両立しない規則、生じない行動)を直します。",
    ),
    "key-not-text": Rule("キーが文字列ではありません。", "文字列にします。数に見えるものは引用符で囲みます。"),
    "many-conditions": Rule(
        "一度に求める条件が多すぎて、当てはまる人がほとんど残りません。警告です。",
        "大事なものから始め、結果を見て足していきます。",
    ),
    "many-items": Rule(
        "score.yaml の項目が多すぎて、目が行き届きません。警告です。",
        "成約につながる 10〜20 項目から始めます。",
    ),
    "missing-file": Rule("必要なファイルがありません。", "メッセージの挙げるファイルを加えます。"),
    "missing-key": Rule("必須のキーがありません。", "加えます。"),
    "missing-max-visits": Rule(
        "`max_visits` がないので、`when_exhausted` は起こりません。",
        "`max_visits` を加えるか、消します。",
    ),
    "missing-otherwise": Rule("それ以外の全員の行き先がありません。", "最後に `{otherwise: step}` を書きます。"),
    "missing-when-exhausted": Rule(
        "`max_visits` を超えて着いたときの行き先がありません。",
        "`when_exhausted` に書きます。",
    ),
    "never-reached": Rule(
        "二つ目以降のフェーズに `reached_when` がありません。警告です。",
        "着いたと分かる条件を書きます。",
    ),
    "never-true": Rule("どんな値でも成り立たない条件です。", "範囲を直します。"),
    "no-confirm-link": Rule(
        "フォームの `confirm` のメールに、確認のためのリンクがありません。",
        "テンプレートに `[言葉]({{ confirm_link }})` を入れます。",
    ),
    "no-consent": Rule(
        "配信の単位があるのに同意の文面がなく、同意になりません。警告です。",
        "`consent` を加えるか、`topic` を消します。",
    ),
    "no-mail-here": Rule(
        "メールを送らないステップに、そのメールの反応が書かれています。警告です。",
        "`{opened: any}` とするか、テンプレートを名指しします。",
    ),
    "no-value": Rule("キーに値がありません。", "値を書くか、キーを消します。"),
    "no-way-on": Rule("先へも進まず、終わりもしないステップです。", "`then` を加えるか、`finish` にします。"),
    "nothing-counted": Rule("行動の項目に、数える行動がありません。", "`{signed_up: seminar}` のように書きます。"),
    "odd-points": Rule(
        "10 点を超える点数が、5 点刻みではありません。警告です。",
        "15・20・50 のような、きりのよい点数から始めます。",
    ),
    "on-hot": Rule("`on_hot` の先が引き継ぎのステップではありません。", "引き継ぎのステップか `ignore` にします。"),
    "nobody-takes": Rule(
        "受け持ちに有効な担当がいません。または fallback の担当が有効ではありません(警告)。",
        "ほかの担当を書くか、`active: true` にします。",
    ),
    "one-axis": Rule(
        "シナリオの入口のセグメントが一つの評価軸だけで、絞り込みが粗くなります。警告です。",
        "別の軸の条件や、行動の条件を掛け合わせます。",
    ),
    "outcome-outside-handoff": Rule(
        "`outcome` は、ここでは決して成り立ちません。警告です。",
        "引き継ぎのステップの `then` に移します。",
    ),
    "pretended-reply": Rule(
        "返信でないメールの件名が `Re:` などで始まっています。警告です。",
        "件名には、メールの内容を書きます。",
    ),
    "reminder-too-late": Rule(
        "引き継ぎがほかの担当へ移った後に催促することになります。警告です。",
        "`remind_after` を `accept_within` より短くします。",
    ),
    "reserved-name": Rule("別の意味が決まっている名前です。", "ほかの名前にします。"),
    "segment-circle": Rule("セグメントが互いを参照して輪になっています。", "輪を断ちます。"),
    "segment-out-of-reach": Rule(
        "条件どうしが両立せず、誰も当てはまらないセグメントです。",
        "メッセージの挙げる条件のどれかを広げるか、外します。",
    ),
    "sender-incomplete": Rule(
        "法律で全メールに求められる表示が未記入のままか、連絡の付かない内容です。",
        "正式名称・住所・問い合わせ先を書きます。",
    ),
    "several-actions": Rule("一つのステップで複数のことをしています。", "ステップを分けます。"),
    "template-name": Rule("テンプレートのファイル名が決まりに合いません。", "`templates/<名前>.<言語>.md` にします。"),
    "template-syntax": Rule("テンプレートの文面を読めません。", "示された行の括弧を直します。"),
    "two-deadlines": Rule("待ちに `timeout` と `by` の両方があります。", "一つにします。"),
    "unbounded-cycle": Rule(
        "いつまでも回り続ける輪です。",
        "どれかのステップに `max_visits` と、輪の外に出る `when_exhausted` を書きます。",
    ),
    "unknown-attribute": Rule("attributes.yaml にない属性です。", "正しい名前にするか、宣言します。"),
    "unknown-event": Rule("存在しないイベントです。", "正しい名前にするか、events.yaml で宣言します。"),
    "unknown-form": Rule("リンク先のフォームがありません。", "正しい名前にするか、forms.yaml に加えます。"),
    "unknown-holidays": Rule("その国の符号はありません。", "`jp` のような符号か `none` を書きます。"),
    "unknown-key": Rule("ここでは意味のないキーです。", "正しいキーにします。"),
    "unknown-phase": Rule("journey_map.yaml にないフェーズです。", "正しい名前にします。"),
    "unknown-queue": Rule("sales.yaml にない受け持ち(または担当)です。", "正しい名前にします。"),
    "unknown-rep": Rule("sales.yaml にいない担当です。", "正しい名前にします。"),
    "unknown-scenario": Rule("フォルダーにないシナリオです。", "正しい名前にします。"),
    "unknown-score": Rule("score.yaml にない項目です。", "正しい名前にします。"),
    "unknown-segment": Rule("segments.yaml にないセグメントです。", "正しい名前にするか、加えます。"),
    "unknown-step": Rule("シナリオにないステップです。", "正しい名前にするか、加えます。"),
    "unknown-subject": Rule("events.yaml に挙がっていない対象です。", "正しい名前にするか、加えます。"),
    "unknown-template": Rule(
        "そのテンプレートがないか、この言語のものがありません。",
        "正しい名前にするか、書きます。",
    ),
    "unknown-time-zone": Rule("そのタイムゾーンはありません。", "`Asia/Tokyo` のように書きます。"),
    "unknown-topic": Rule("sender.yaml にない配信の単位です。", "正しい名前にするか、加えます。"),
    "unknown-value": Rule("その選択肢はありません。", "`values` のキーを使います。"),
    "unknown-variable": Rule("誰にも埋められない変数です。", "正しい名前にするか、属性を宣言します。"),
    "unreachable-step": Rule("誰もたどり着けないステップです。", "行き先に加えるか、消します。"),
    "unreadable-file": Rule(
        "読めないファイルがあります(フォルダー、切れたリンク、権限のないファイル)。",
        "読めるファイルに置き換えます。",
    ),
    "unused-segment": Rule("どこにも使われていないセグメントです。警告です。", "使うか、消します。"),
    "unused-template": Rule("どのシナリオも送らないテンプレートです。警告です。", "使うか、消します。"),
    "useless-key": Rule("ここでは何の働きもないキーです。警告です。", "消します。"),
    "wait-without-timeout": Rule("反応がないと、いつまでも待ち続けます。", "`timeout: 7d` か `by` を加えます。"),
    "wording-language": Rule(
        "フォームの言語と、同意の文面の言語が違います。警告です。",
        "文面をフォームの言語で書きます。",
    ),
    "wrong-link": Rule("リンクがこのサーバーのパスではありません。", '`link("/forms/seminar")` のように書きます。'),
    "wrong-type": Rule("値の形が違います。", "メッセージの示す形で書きます。"),
    "wrong-value": Rule("ありえない値です。", "メッセージの示す値を書きます。"),
    "yaml-feature": Rule(
        "ここでは読まない YAML の書き方(アンカー、タグ、マージキー、複数の文書)です。",
        "中身をそのまま書きます。",
    ),
    "yaml-syntax": Rule("YAML として読めません。", "示された行の空白、コロン、引用符から確かめます。"),
    "zero-time-cycle": Rule("時間が過ぎないまま回る輪です。", "どこかに `wait` を入れます。"),
}
"""Every rule by its name."""
