"""The words of the report of hot leads in Japanese and English; refuses to know a figure."""

from __future__ import annotations

from nurture.review.advice import AdviceWord
from nurture.review.tasks import Verdict
from nurture.wording.conditions import Language

VERDICTS: dict[Language, dict[Verdict, str]] = {
    "en": {"good": "good", "fair": "not clear", "weak": "look into it", "too_few": "too few to say"},
    "ja": {"good": "良好", "fair": "どちらとも言えず", "weak": "要確認", "too_few": "少なくて判断できず"},
}
COMPARED: dict[Language, dict[Verdict, str]] = {
    "en": {"good": "won more often", "fair": "as the others", "weak": "more rarely", "too_few": "too few"},
    "ja": {"good": "高い", "fair": "差は不明", "weak": "低い", "too_few": "件数不足"},
}
"""A group against all others."""
QUESTIONS: dict[Language, dict[str, str]] = {
    "en": {
        "paths": "1. How did hot leads get there?",
        "timing": "2. Was the time right?",
        "results": "3. Did hot leads lead to results?",
        "quality": "4. Was their quality right?",
        "number": "5. Was their number right?",
        "thresholds": "6. Is the threshold right?",
        "shortfall": "7. What stands in the way of more hot leads?",
    },
    "ja": {
        "paths": "1. ホットリードはどのような経緯を辿ったか",
        "timing": "2. 適切なタイミングで抽出できたか",
        "results": "3. ホットリードは成果につながったか",
        "quality": "4. ホットリードの質に違和感がなかったか",
        "number": "5. ホットリードの件数は適切か",
        "thresholds": "6. 基準の点数は適切か",
        "shortfall": "7. ホットリードの絞り込みに課題となる点はなかったか",
    },
}
LABELS: dict[Language, dict[str, str]] = {
    "en": {
        "heading": "hot leads handed to sales {since} to {now}", "leads": "{leads:,} leads looked at",
        "no_tasks": "No hot lead was handed to sales in this time. What keeps leads from becoming hot stands below; "
        "nurture hot explain --lead ID says it of one lead.",
        "none_decided": "{tasks} hot lead(s), none of them won or lost yet: results need {needed}. Record outcomes "
        "with POST /api/handoffs/ID/close.",
        "too_few": "{decided} hot lead(s) won or lost: {needed} more until there are opinions{until}. "
        "The figures below are only what was counted.",
        "until": ", at the present pace of {pace:.1f} a week by {day}",
        "never": "; none was in this time, so nobody can say when",
        "name": "", "tasks": "hot", "share": "share", "won_rate": "won of won+lost", "open": "open",
        "won": "won", "lost": "lost", "returned": "back", "expired": "late", "amount": "amount",
        "steps": "steps", "verdict": "",
        "rule": "by rule (a lead may meet several)", "scenario": "by scenario", "phase": "by phase",
        "last": "by what it did last", "segment": "by segment (a lead may be in several)", "rep": "by rep",
        "week": "by week", "month": "by month", "(none)": "(none)", "(unknown)": "(unknown)", "replied": "wrote back",
        "to_hot": "from becoming known to the task: {span} in the middle",
        "accept": "from the task to the call, in open hours",
        "close": "from the accepting to the closing", "win": "from the task to the win",
        "span": "what", "number": "n", "quarter": "a quarter within", "middle": "half within",
        "three_quarters": "three quarters within",
        "accepted_within": "by how soon the lead was called, in open hours",
        "1h": "1 hour", "4h": "4 hours", "1bd": "1 day of work ({hours:g} hours)", "later": "later", "never_": "never",
        "before": "the time before: {share} won", "all": "all hot leads",
        "returned_of": "given back: {share} of those closed", "reason": "reason for giving back",
        "no_reason": "(no reason given)", "points": "by points at the handoff",
        "halves": "won of the half with fewer points: {lower}; with more: {upper}",
        "per_week": "{rate:.1f} hot leads a week; sales closes {closed:.1f} a week", "takes": " and can take {limit}",
        "limit": "{limit:.1f} ({why}); {over} week(s) were above", "at_least": "at least ", "week_of": "week of",
        "made": "hot", "closed": "closed", "capacity": "holds at most", "holds": "holds now",
        "closed_week": "closed a week",
        "threshold": "total at least", "a_week": "hot a week", "fits": "sales can take it", "yes": "yes", "no": "no",
        "unknown": "–", "now": "now", "recommended": "recommended", "below": "won just above (to the next)",
        "caveat": "No outcome is known of {unseen} leads at the recommended threshold: sales had only some, and these "
        "were chosen. Hand over 5 to 10 % by lot below the threshold, then look again.",
        "no_definition": "No rule of hot_lead.yaml asks for the total alone; this is what one would bring.",
        "handed_over": "of all leads {share} ever came to sales", "step": "step", "arrived": "arrived",
        "lost_here": "ended there without sales", "silent": "nothing came in time", "ended": "with the word",
        "asked": "step that asks", "asks": "asks for", "did": "did it", "rather": "its phase rather does",
        "action": "deed that no rule or item catches", "of_won": "of the won", "of_others": "of all others",
        "about": "back: given back by sales; late: closed by nobody in time. A lead was called when its task was "
        "accepted, or closed without. Shares with their 95 % interval; no opinion below {enough} won or lost. Tasks of "
        "the last weeks are not all closed yet, and quick ones close first.",
        "d": "{value:.1f} days", "h": "{value:.1f} hours", "m": "{value:.0f} min",
        "share_cell": "{value:.0%} ({low:.0%}–{high:.0%})", "of": "{hits} of {of}, {cell}", "nobody": "nobody yet",
    },
    "ja": {
        "heading": "営業に渡したホットリード {since} 〜 {now}", "leads": "対象リード {leads:,} 件",
        "no_tasks": "この期間に営業へ渡したホットリードはありません。何が妨げているかは下の 7 を、一人ずつの理由は "
        "nurture hot explain --lead ID を見てください。",
        "none_decided": "ホットリード {tasks} 件。受注・失注はまだ 0 件です。判断には {needed} 件必要です。結果は "
        "POST /api/handoffs/ID/close で記録します。",
        "too_few": "受注・失注は {decided} 件。判断にはあと {needed} 件必要です{until}。"
        "下の数字は数えた結果にすぎません。",
        "until": "(週 {pace:.1f} 件の今のペースなら {day} ごろ)",
        "never": "(この期間に結果が出ていないため、時期は分かりません)",
        "name": "", "tasks": "件数", "share": "割合", "won_rate": "受注率", "open": "対応中",
        "won": "受注", "lost": "失注", "returned": "差し戻し", "expired": "期限切れ", "amount": "金額",
        "steps": "通ったステップ", "verdict": "ほかと比べて",
        "rule": "ルール別(一件が複数に当てはまることがあります)", "scenario": "シナリオ別", "phase": "フェーズ別",
        "last": "直前の行動別", "segment": "セグメント別(一件が複数に入ることがあります)", "rep": "担当者別",
        "week": "週別", "month": "月別", "(none)": "(なし)", "(unknown)": "(不明)", "replied": "返信",
        "to_hot": "リード獲得から引き継ぎまで: 中央値 {span}",
        "accept": "引き継ぎから連絡まで(営業時間で計算)", "close": "受領から完了まで",
        "win": "引き継ぎから受注まで",
        "span": "かかった時間", "number": "件数", "quarter": "4 分の 1 はこれ以内", "middle": "中央値",
        "three_quarters": "4 分の 3 はこれ以内",
        "accepted_within": "連絡の早さ別(営業時間で計算)",
        "1h": "1 時間以内", "4h": "4 時間以内", "1bd": "1 営業日({hours:g} 時間)以内", "later": "それ以後",
        "never_": "連絡なし",
        "before": "前の同じ長さの期間の受注率: {share}", "all": "ホットリード全体",
        "returned_of": "差し戻し: 完了のうち {share}", "reason": "差し戻しの理由", "no_reason": "(理由の記入なし)",
        "points": "引き継ぎ時の点数別",
        "halves": "受注率: 点数の低い半分 {lower}、高い半分 {upper}",
        "per_week": "ホットリードは週 {rate:.1f} 件、営業が完了するのは週 {closed:.1f} 件",
        "takes": "、受けられるのは{limit}",
        "limit": "週 {limit:.1f} 件({why})。超えた週は {over} 週", "at_least": "少なくとも", "week_of": "週の初め",
        "made": "ホット", "closed": "完了", "capacity": "上限", "holds": "いまの担当", "closed_week": "週の完了",

        "threshold": "合計点がこれ以上", "a_week": "週の件数", "fits": "営業が受けられるか", "yes": "はい",
        "no": "いいえ", "unknown": "–", "now": "現在", "recommended": "推奨",
        "below": "受注率(次の点数までの人)",
        "caveat": "推奨の点数に届く人のうち {unseen} は、結果が分かりません。結果があるのは営業に渡した人だけで、"
        "渡す人は選ばれています。基準に届かない人からも 5〜10 % をくじ引きで渡し、改めて見てください。",
        "no_definition": "hot_lead.yaml に合計点だけのルールはありません。あったとしたらの数字です。",
        "handed_over": "全リードのうち営業に渡ったことのある人: {share}", "step": "ステップ", "arrived": "到着",
        "lost_here": "営業に渡らずここで終了", "silent": "期限まで反応なし", "ended": "終了の言葉",
        "asked": "求めているステップ", "asks": "求める行動", "did": "した人",
        "rather": "同じフェーズの人がむしろする行動",
        "action": "どのルールにも加点項目にもない行動", "of_won": "受注した人のうち", "of_others": "ほかの人のうち",
        "about": "連絡とは、タスクの受領(なければ完了)のことです。割合は 95 % 信頼区間つき。受注・失注が "
        "{enough} 件に満たないうちは判断しません。直近の引き継ぎはまだ完了しておらず、早く決まるものほど"
        "先に数えられます。",
        "d": "{value:.1f} 日", "h": "{value:.1f} 時間", "m": "{value:.0f} 分",
        "share_cell": "{value:.0%}({low:.0%}〜{high:.0%})", "of": "{of} 件中 {hits} 件、{cell}", "nobody": "まだなし",
    },
}  # fmt: skip
ADVICE: dict[Language, dict[AdviceWord, str]] = {
    "en": {
        "close_tasks": "Most tasks are not closed: ask sales to record outcomes; nothing can be learned before.",
        "tighten_rule": "{0}: won surely more rarely than the others ({share}). Ask more of it, or drop it, and try "
        "that "
        "with nurture backtest.",
        "more_of": "{0}: won surely more often than the others ({share}). Bring more leads onto this way.",
        "accept_sooner": "Called within four open hours {share} were won, later {against}: notify reps at once, and "
        "shorten accept_within.",
        "nobody_calls": "Only {share} were taken up: see whether the notification reaches the reps, and whether "
        "they have room.",
        "expiring": "{share} ended because nobody closed them: close_within is too short, or sales has too many.",
        "ask_reasons": "{share} were given back without a reason: agree that a reason is written; it is what the "
        "definition is mended by.",
        "returned_often": "Sales gives back {share}: look at the reasons together, then at the rule they came by.",
        "reason_leads": "“{0}” is the most frequent reason ({share}): write it into `not` of hot_lead.yaml, or ask for "
        "what is missing.",
        "score_says_nothing": "More points are not won more often ({share} against {against}): nurture report history "
        "writes what nurture score fit needs to fit the score anew.",
        "too_many": "{number:.1f} a week more than sales can take: raise the threshold (question 6), or hire.",
        "too_few_hot": "Sales could take {number:.1f} a week more: lower the threshold (question 6), and see to the "
        "steps of question 7.",
        "no_capacity": "What sales can take is not known: write capacity and close_within into sales.yaml, or name it "
        "with --capacity N.",
        "raise": "Raise the total from {0} to {1}: sales can take {number:.1f} a week; there {share} were won, now "
        "{against}.",
        "lower": "Lower the total from {0} to {1}: sales can take {number:.1f} a week, and those between were won "
        "{share} "
        "(now {against}).",
        "keep": "Keep the threshold at {number:g}.",
        "lower_by_lot": "Sales could take all from {1} on ({number:.1f} a week), but too few below {0} were ever won "
        "or "
        "lost ({share}): hand some of them over by lot first.",
        "loses_most": "{0} loses most leads ({share}), mostly with `{1}`: another mail, more time, or a way back into "
        "the scenario.",
        "asks_early": "{0} asks for {1}, and {share} do it; leads of its phase rather do {2} ({against}): ask for that "
        "first.",
        "uncaught": "{0}: {share} of the won did it, {against} of the others, and it gives no points: add it to "
        "score.yaml, and try that with nurture backtest.",
        "no_definition": "Write hot_lead.yaml: without it nobody becomes hot.",
    },
    "ja": {
        "close_tasks": "大半のタスクが完了していません。結果を記録するよう営業に頼んでください。"
        "それまでは何も学べません。",
        "tighten_rule": "{0}: 受注率がほかより明らかに低い({share})。条件を厳しくするか外し、nurture backtest で"
        "確かめてください。",
        "more_of": "{0}: 受注率がほかより明らかに高い({share})。この道筋のリードを増やしてください。",
        "accept_sooner": "4 時間以内に連絡すると受注率 {share}、それより遅いと {against}。担当者にすぐ知らせ、"
        "accept_within を短くしてください。",
        "nobody_calls": "連絡したのは {share} だけです。通知が届いているか、担当者に余裕があるかを確かめてください。",
        "expiring": "{share} が、だれも完了しないまま期限切れです。close_within が短いか、営業の手が足りていません。",
        "ask_reasons": "理由のない差し戻しが {share} あります。理由を書くことを取り決めてください。"
        "定義を直す材料になります。",
        "returned_often": "差し戻しが {share} あります。理由を営業と一緒に読み、どのルールで来たかを見てください。",
        "reason_leads": "最も多い理由は「{0}」({share})。hot_lead.yaml の `not` に書くか、"
        "足りない条件を加えてください。",
        "score_says_nothing": "点数が高くても受注率は上がっていません({share}、低い半分は {against})。"
        "nurture report history で過去のデータを書き出し、nurture score fit で配点を見直してください。",
        "too_many": "営業が受けられる件数を週 {number:.1f} 件上回っています。基準を上げる(6)か、人を増やしてください。",
        "too_few_hot": "営業はあと週 {number:.1f} 件受けられます。基準を下げる(6)か、7 のステップを見直してください。",
        "no_capacity": "営業が受けられる件数が分かりません。sales.yaml の capacity と close_within を書くか、"
        "--capacity N で指定してください。",
        "raise": "合計点を {0} から {1} に上げると、営業が受けられる週 {number:.1f} 件になります。受注率は {share}、"
        "現在は {against} です。",
        "lower": "合計点を {0} から {1} に下げても、週 {number:.1f} 件で営業が受けられます。あいだの人の受注率は "
        "{share}、"
        "現在の基準では {against} です。",
        "keep": "基準の {number:g} 点を保ってください。",
        "lower_by_lot": "{1} 点からなら全員を受けられます(週 {number:.1f} 件)。ただし {0} 点未満で受注・失注した人が"
        "少なすぎます({share})。まず一部をくじ引きで渡してください。",
        "loses_most": "{0} で最も多く失っています({share}、多くは `{1}`)。メールを替える、待つ時間を延ばす、"
        "シナリオに戻す道を作ることを考えてください。",
        "asks_early": "{0} は「{1}」を求めていますが、したのは {share} です。同じフェーズの人はむしろ「{2}」をします"
        "({against})。先にそちらを求めてください。",
        "uncaught": "{0}: 受注した人の {share}、ほかの人の {against} がしていますが、点になりません。score.yaml "
        "に加え、"
        "nurture backtest で確かめてください。",
        "no_definition": "hot_lead.yaml を書いてください。なければだれもホットになりません。",
    },
}
