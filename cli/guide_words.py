"""The words of `nurture guide` between its texts and its figures, in both languages."""

from __future__ import annotations

from nurture.wording.conditions import Language

LABELS: dict[Language, dict[str, str]] = {
    "en": {
        "judged_by": "judged by", "database": "the leads in the database",
        "next": "Enter for the next step, q to leave: ",
        "no_segment": "there is no segment yet: write one into segments.yaml",
        "no_map": "there is no journey map yet: write journey_map.yaml",
        "no_scenario": "no scenario hands over to sales yet: write a step with `handoff`",
        "no_audience": "there is no audience.yaml yet: how often do people open, click and sign up?",
        "no_result": "nobody was won or lost yet: bring past deals along with --history FILE.csv",
        "no_hot": "there is no hot_lead.yaml yet: nobody becomes hot by score or phase",
        "end": "end", "share": "leads", "days": "days (half of them)", "still_at": "still at ",
        "mails": "{mails:.1f} mails per lead",
        "points": "points", "deals": "deals", "won": "won", "interval": "95 % sure",
        "out_of_order": "fewer points were won more often",
        "items": "{attributes} items for what a lead is, {behaviours} for what it did",
        "agreed": "agreed on {date} by {by}",
        "nobody": "nobody has agreed to it yet: nurture hot agree --by marketing --by sales",
        "per_week": "hot leads a week, last 180 days", "capacity": "sales can take {limit:.0f}",
        "at_least": "sales can take at least {limit:.0f}",
        "hot_won": "won of those hot leads", "all_won": "of all that were closed: {all}",
        "found": "won leads that were hot before", "ahead": "half of them {days:.0f} days or more ahead",
        "nobody_hot": "→ It asks too much: nobody was hot. `{backtest}` tells what each won lead lacked.",
        "simple": "Simple enough to begin with: nothing to warn of.",
    },
    "ja": {
        "judged_by": "もとにするデータ", "database": "データベースのリード",
        "next": "Enter で次のステップ、q で終わり: ",
        "no_segment": "セグメントがまだありません。segments.yaml に書いてください",
        "no_map": "ジャーニーマップがまだありません。journey_map.yaml に書いてください",
        "no_scenario": "営業に引き継ぐシナリオがまだありません。`handoff` のあるステップを書いてください",
        "no_audience": "audience.yaml がまだありません。開封・クリック・申し込みの割合を書いてください",
        "no_result": "受注・失注がまだありません。--history ファイル.csv で過去の商談を渡してください",
        "no_hot": "hot_lead.yaml がまだありません。スコアやフェーズでホットになる人はいません",
        "end": "終わり方", "share": "割合", "days": "日数(中央値)", "still_at": "まだ ",
        "mails": "一人あたりメール {mails:.1f} 通",
        "points": "点", "deals": "商談", "won": "受注率", "interval": "95 % の範囲",
        "out_of_order": "点の低い人のほうが受注につながっています",
        "items": "属性 {attributes} 項目、行動 {behaviours} 項目",
        "agreed": "{date} に合意({by})",
        "nobody": "まだ誰も合意していません: nurture hot agree --by marketing --by sales",
        "per_week": "一週間のホットリード(直近 180 日)", "capacity": "営業が受け取れるのは {limit:.0f} 件",
        "at_least": "営業が受け取れるのは {limit:.0f} 件以上",
        "hot_won": "そのうち受注した割合", "all_won": "全体では {all}",
        "found": "受注のうち、先にホットだった数", "ahead": "半数は {days:.0f} 日以上前",
        "nobody_hot": "→ 誰もホットになっていません。何が足りなかったかは `{backtest}` で分かります。",
        "simple": "はじめるには十分シンプルです。気になる点はありません。",
    },
}  # fmt: skip
