"""Says what somebody who tries a demo may do first, by role; refuses to know whether it is one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One thing to try: where, and what to do there, in the reader's language."""

    url: str
    place: str
    what: str


_DESK = (
    "/desk", "デスク", "Desk",
    ("引き継ぎを一つ開いて理由を読み、「受ける」を押し、「閉じる」で受注と金額を入れます。いま歩いているリード(lead_…)の"
    "ものは「差し戻す」とシナリオに戻ります(過去の商談のものは戻りません)。"),
    ("Open a task, read why it came, and accept it. Close it as won with an amount. Return one of a lead that walks "
    "(lead_…), and it goes back to its scenario; those of past deals have none."),
)  # fmt: skip
_REPORT = (
    "/report", "レポート", "Report",
    "営業が受けた・戻した・閉じた結果が、数秒で入ります。最初からある数週間分は、見本の過去の商談です。",
    "What sales accepts, returns or closes shows here within seconds. The weeks before are past deals of the sample.",
)  # fmt: skip
_STEPS: dict[str, tuple[tuple[str, str, str, str, str], ...]] = {
    "marketer": (
        ("/scenarios/seminar_to_demo", "シナリオの図", "Picture of the scenario",
         "開いたまま待ちます。リードが歩くのに合わせて、人数がひとりでに変わります。ステップを押すと、誰がいるか分かります。",
         "Leave it open: the figures change by themselves as leads walk. A step shows who stands there."),
        ("/segments", "セグメント", "Segments", "「中堅インフラ企業」を開くと、条件ごとに何人減るかが出ます。",
         "Open the one of midsize infrastructure: how many each condition removes."),
        _REPORT,
    ),
    "sales": (
        _DESK,
        ("/desk/team", "チーム", "Team", "誰が何件持っているか。同僚(仮名 二葉)の分は、見本の観客が片付けます。",
         "Who holds how many. Those of your colleague 仮名 二葉 are seen to by the audience."),
        ("/leads?hot=1", "ホットリード", "Hot leads",
         "一人を開くと、点数の内訳と、どの条件でホットになったかが読めます。",
         "Open one: what its points come from, and which rule made it hot."),
        _REPORT,
    ),
    "ops": (
        ("/leads?status=waiting", "反応待ちのリード", "Leads that wait",
         "一人を開き、「一時停止」し、「再開」します。どちらも理由とともに履歴に残ります。",
         "Open one, pause it and resume it. Both stand on its timeline, with your reason."),
        ("/inbox", "受信トレイ", "Inbox", "届いたメールを開いてリンクを押すと、そのリードが反応します。",
         "Open a mail and follow its link: the lead reacts."),
        ("/health/ready", "稼働状況", "Health", "デモでは 1 日が 2 秒で過ぎます。いまの時刻がここに出ます。",
         "In the demo a day passes in two seconds; this shows the time it is."),
    ),
}  # fmt: skip
_STEPS["admin"] = (_DESK, _STEPS["marketer"][0], _STEPS["ops"][0], _REPORT)


def first_steps(role: str, language: str) -> tuple[FirstStep, ...]:
    """What this role may try; nothing for roles that only programs have."""
    ja = language == "ja"
    return tuple(
        FirstStep(url, place_ja if ja else place_en, what_ja if ja else what_en)
        for url, place_ja, place_en, what_ja, what_en in _STEPS.get(role, ())
    )
