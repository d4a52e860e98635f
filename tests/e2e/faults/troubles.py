"""The troubles of the fault suite, by name, with what a reader of its table is told."""

from __future__ import annotations

from tests.e2e.faults.run import SPEED, Trouble

NONE = Trouble("none", "nothing is wrong: what all others are compared with")

OF_SENDING = (  # 429 and 5xx hold all mail for seconds, so they are rare: a run of twenty minutes proves no more
    Trouble("rate limit", "every twelfth mail: 429, reset after 3 s",
            ({"fault": "rate_limit", "rate": 0.08, "reset_after": 3},)),
    Trouble("outage", "every twentieth mail: 503", ({"fault": "failure", "status": 503, "rate": 0.05},)),
    Trouble("error of one mail", "every twentieth mail: 500", ({"fault": "failure", "status": 500, "rate": 0.05},)),
    Trouble("refused key", "two mails: 401", ({"fault": "failure", "status": 401, "count": 2},)),
    Trouble("slow", "every second answer after 2 s", ({"fault": "slow", "seconds": 2, "rate": 0.5},)),
    Trouble("stall", "every tenth mail: taken, no answer", ({"fault": "stall", "seconds": 20, "rate": 0.1},)),
    Trouble("drop", "every third mail: taken, connection closed", ({"fault": "drop", "rate": 0.3},)),
    Trouble("drop, not taken", "every third mail: connection closed, not taken",
            ({"fault": "drop", "taken": False, "rate": 0.3},)),
    Trouble("drop, no look-up", "the same as `drop`, and the sink never tells what it has, as SendGrid",
            ({"fault": "drop", "rate": 0.3}, {"fault": "no_lookup"})),
    Trouble("drop, not taken, no look-up", "the mail is lost for good: nobody can tell, so it is not sent again",
            ({"fault": "drop", "taken": False, "rate": 0.05}, {"fault": "no_lookup"})),
)  # fmt: skip

OF_WEBHOOKS = (
    Trouble("duplicates", "every event three times", ({"fault": "duplicate", "times": 3},)),
    Trouble("re-keyed", "every event three times, each with another `sg_event_id`",
            ({"fault": "duplicate", "times": 3, "rekey": True},)),
    Trouble("shuffled", "every batch in a random order", ({"fault": "shuffle"},)),
    Trouble("late", "every second event 12 hours late", ({"fault": "late", "hours": 12, "rate": 0.5},)),
    Trouble("flood", "20 opens by machines for every event", ({"fault": "flood", "opens": 20},)),
    Trouble("forged", "with every batch three false ones, badly signed", ({"fault": "forge"},)),
)  # fmt: skip

ALL_AT_ONCE = (
    {"fault": "rate_limit", "rate": 0.03, "reset_after": 2},
    {"fault": "failure", "status": 503, "rate": 0.03},
    {"fault": "drop", "rate": 0.1},
    {"fault": "slow", "seconds": 1, "rate": 0.2},
    {"fault": "duplicate", "times": 3, "rekey": True},
    {"fault": "shuffle"},
    {"fault": "late", "hours": 6, "rate": 0.3},
    {"fault": "forge", "rate": 0.3},
)
OF_KILLS = (
    Trouble("kills", "SIGKILL of worker, web, relay, Temporal by turns, every 20 s",
            kill_every=20, speed=SPEED // 2),
    Trouble("kills, no look-up", "the same, and the sink never tells what it has",
            ({"fault": "no_lookup"},), kill_every=20, speed=SPEED // 2),
    Trouble("everything at once", "429, 503, drop, slow, re-keyed, shuffled, late, forged, and a kill every 30 s",
            ALL_AT_ONCE, kill_every=30, speed=SPEED // 2),
)  # fmt: skip

TROUBLES = (*OF_SENDING, *OF_WEBHOOKS, *OF_KILLS)

SMALL = (
    Trouble("sending", "429, 503 and lost answers", (
        {"fault": "rate_limit", "rate": 0.15, "reset_after": 1, "count": 3},
        {"fault": "failure", "rate": 0.1, "count": 3},
        {"fault": "drop", "rate": 0.3},
    )),
    Trouble("no look-up", "lost answers of a provider that never tells", (
        {"fault": "drop", "rate": 0.3}, {"fault": "no_lookup"},
    )),
    Trouble("webhooks", "re-keyed, shuffled, late, by thousands, forged", (
        {"fault": "duplicate", "times": 3, "rekey": True}, {"fault": "shuffle"}, {"fault": "forge"},
        {"fault": "late", "hours": 6, "rate": 0.5}, {"fault": "flood", "opens": 10},
    )),
    Trouble("kills", "SIGKILL by turns", kill_every=5, kills=4),
)  # fmt: skip
"""Three troubles of the sink and one of processes, for the usual tests."""
