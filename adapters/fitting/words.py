"""The words of the report in its languages; every key has both."""

from __future__ import annotations


def _joined(*sentences: str) -> str:
    return " ".join(sentences)


_BOTH: dict[str, tuple[str, str]] = {
    "title": ("A score from past deals", "過去の商談から作ったスコア"),
    "summary": ("In short", "要点"),
    "careful": ("Be careful", "注意"),
    "leads": ("leads", "リード"),
    "won": ("won", "受注"),
    "lost": ("lost", "失注"),
    "rate": ("win rate", "受注率"),
    "items": ("The items", "スコアの項目"),
    "items_plot": ("Win rate of the leads that get the points", "点が付いたリードの受注率"),
    "points": ("points", "点"),
    "item": ("item", "項目"),
    "when": ("when", "条件"),
    "interval": ("interval (95 %)", "95% 信頼区間"),
    "mean": ("all leads", "全体"),
    "judged": ("How well it tells", "当たり方"),
    "time": ("Judged by the latest leads", "後から来たリードで評価"),
    "random": ("Judged by leads drawn by lot", "無作為に選んだリードで評価"),
    "fitted_to": ("fitted to", "学習"),
    "judged_by": ("judged by", "評価"),
    "scored_by": ("score", "スコアの作り方"),
    "card": ("this card", "このカード"),
    "current": ("the card you have", "今のスコア"),
    "single": ("its best item alone", "最良の 1 項目だけ"),
    "recency": ("recency", "直近の行動からの日数"),
    "regression": ("logistic regression", "ロジスティック回帰"),
    "boosting": ("gradient boosting", "勾配ブースティング"),
    "best": ("won of the best", "受注率(上位"),
    "lift": ("lift of the best", "リフト(上位"),
    "roc": ("Won leads found against lost leads taken along", "ROC 曲線"),
    "false": ("lost leads taken along", "巻き込んだ失注"),
    "true": ("won leads found", "見つけた受注"),
    "gains": ("What the best leads hold", "上位から渡したときに拾える受注"),
    "handed": ("leads handed over, the best first", "スコアの高い順に渡した割合"),
    "capacity": ("capacity", "営業の対応枠"),
    "capacity, which no threshold keeps": (
        "capacity, which no threshold keeps",
        "営業の対応枠に収まるしきい値はありません",
    ),
    "F1": ("F1", "F1 が最大"),
    "calibration": ("Foretold and true win rate", "予測した受注率と実際"),
    "foretold": ("foretold", "予測"),
    "came_true": ("true", "実際"),
    "distribution": ("Scores of won and lost leads", "受注と失注のスコア分布"),
    "score": ("score", "スコア"),
    "share": ("share", "割合"),
    "threshold": ("threshold", "しきい値"),
    "thresholds": ("Thresholds", "しきい値と件数"),
    "above": ("leads at or above", "以上のリード"),
    "per_week": ("a week", "1 週間あたり"),
    "precision": ("won of them", "そのうち受注"),
    "recall": ("of all wins", "全受注に占める割合"),
    "drift": ("Win rate over time", "受注率の推移"),
    "part": ("part, the first leads first", "時期(古い順に 5 等分)"),
    "notes": ("What was left out", "使わなかったもの"),
    "problems": ("What was wrong with the table", "表の問題点"),
    "more": ("more", "件省略"),
    "read": (
        _joined(
            "AUC is the chance that a won lead has more points than a lost one: 0.5 is chance, 1 is perfect.",
            "Lift says how many times more wins the best leads hold than as many leads drawn by lot.",
            "Intervals hold the true figure in 95 of 100 cases.",
            "All figures of this chapter are of leads that the card was not fitted to (held_out/score.yaml);",
            "the card that is written was then fitted once more to all leads, in the same way.",
            "The win rates of its items, above, are of the leads it was fitted to, and flatter it a little.",
        ),
        (
            "AUC は、受注したリードの点が失注したリードの点より高い確率です(0.5 は偶然、1 は完全)。"
            "リフトは、上位のリードの受注率が全体の何倍かを表します。信頼区間は 95% のものです。"
            "この章の数字はすべて、学習に使っていないリードでのものです(held_out/score.yaml)。"
            "書き出したカードは、同じ方法で全リードから作り直しています。"
            "上の項目ごとの受注率は学習に使ったリードでの値なので、少し高めに出ます。"
        ),
    ),
    "unseen": (
        _joined(
            "How many leads reach a threshold is counted by the card that is written.",
            "How many of them were won is not, for it was fitted to them too: it is counted for as many leads,",
            "the best by the held-out card, which has not seen them. The chart shows all leads, with the written card.",
        ),
        (
            "しきい値以上の件数は、書き出したカードで数えています。受注の数は、書き出したカードがそのリードも"
            "学習に使っているため、評価用のカード(held_out/score.yaml)で上から同じ件数を選んで数えています。"
            "グラフは、書き出したカードでの全リードの点です。"
        ),
    ),
    "ceiling": (
        "Gradient boosting shows about what these columns can tell at most; a card of few items cannot reach it.",
        "勾配ブースティングは、これらの列から引き出せる上限の目安です。項目の少ないカードでは届きません。",
    ),
    "held_out": (
        _joined(
            "Let 5 to 10 per cent of the leads go to sales by lot, whatever they score:",
            "otherwise the next history knows only the leads that this score has chosen.",
        ),
        (
            "スコアに関係なく、5〜10% のリードを無作為に営業へ渡し続けてください。"
            "そうしないと、次の学習データはこのスコアが選んだリードだけになってしまいます。"
        ),
    ),
}

WORDS: dict[str, dict[str, str]] = {
    language: {key: pair[index] for key, pair in _BOTH.items()} for index, language in enumerate(("en", "ja"))
}
