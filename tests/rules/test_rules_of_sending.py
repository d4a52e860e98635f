"""Rules 1, 2 and 10 of the design, as far as they are about mail: whatever fails, dies or is taken back when."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from temporalio.exceptions import ApplicationError

from adapters.database import consents, enrolments, events, positions
from adapters.database.engine import reading, writing
from adapters.database.events import accept_mail
from adapters.database.mail_events import MailEvent
from adapters.database.schema import sends
from adapters.mail.port import Accepted, Answer, Erasure, Evidence, Held, Mail, Refused, Unknown
from nurture import gate
from nurture.commands import SendMail
from nurture.definitions import Definitions, Sender
from nurture.records import CancelledSend, EnrolmentChange, Position, Record
from nurture.state import State
from tests.activities.conftest import EMAIL, LEAD, SENDER, SendDesk
from tests.mail.fake_provider import Fault

Fate = Literal[
    "accepted",
    "refused",
    "held",
    "all_held",
    "lost",
    "lost_untaken",
    "killed_before",
    "killed_after",
    "told_and_killed",
]
FATES: tuple[Fate, ...] = (
    "accepted", "refused", "held", "all_held", "lost", "lost_untaken", "killed_before", "killed_after",
    "told_and_killed",
)  # fmt: skip


class Killed(BaseException):
    """The worker was killed: nothing after this runs."""


@dataclass
class Fates:
    """A provider in memory that takes or loses each mail as it is told; `taken` is what really went out."""

    settles: bool
    tell: Callable[[str], None]
    coming: list[Fate] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)

    def send(self, mail: Mail) -> Answer:
        fate = self.coming.pop(0) if self.coming else "accepted"
        if fate in ("accepted", "lost", "killed_after", "told_and_killed"):
            self.taken[mail.send_key] += 1
        match fate:
            case "accepted":
                return Accepted("m")
            case "refused":
                return Refused("400: no valid address")
            case "held":
                return Held("500: made to fail")
            case "all_held":
                return Held("503: made to fail", provider_wide=True)
            case "lost" | "lost_untaken":
                return Unknown("no answer")
            case "told_and_killed":
                self.tell(mail.send_key)
        raise Killed

    def lookup(self, send_key: str) -> Evidence:
        if self.taken[send_key]:
            return "accepted" if self.settles else "cannot_tell"
        return "absent" if self.settles else "cannot_tell"

    def erase(self, addresses: Sequence[str]) -> Erasure:
        return Accepted(addresses[0])


def attempts(desk: SendDesk, command: SendMail, *, most: int = 12) -> str:
    """Try as Temporal does, until the activity has an answer."""
    for _ in range(most):
        try:
            return desk.send(command).outcome
        except (Killed, ApplicationError):
            desk.trouble_is_over()
            desk.change(command.key, attempted_at=desk.now() - timedelta(seconds=30))  # the attempt's time is over
    raise AssertionError("the send never comes to an end")


_visits = iter(range(1, 1_000_000))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=st.lists(st.sampled_from(FATES), max_size=5), settles=st.booleans(), again=st.integers(1, 3))
def test_rule_1_at_most_one_mail_per_visit_whatever_crashes_when(
    desk: SendDesk, fates: list[Fate], settles: bool, again: int
) -> None:
    """Any sequence of crashes, lost answers and outages, then the same order again and again: one mail or none.

    An answer that is lost is settled by evidence only: `accepted` means one mail went, and where nobody can tell it is
    `unknown`, for good.
    """

    def tell(key: str) -> None:
        at = desk.now()
        with writing(desk.engine) as conn:
            accept_mail(conn, [MailEvent(id=f"e/{key}", send=key, type="processed", at=at)], at, None)

    fake = Fates(settles, tell, list(fates))
    desk.mailer = fake
    command = desk.command(visit=next(_visits))
    outcome = attempts(desk, command)
    went = fake.taken[command.key]
    assert went <= 1
    match outcome:
        case "accepted":
            assert went == 1
        case "refused":
            assert went == 0
        case other:
            assert other == "unknown"
            assert not settles
    fake.coming.clear()
    for issue in range(again):  # Temporal's store was set back, or a worker asks again
        attempts(desk, command.model_copy(update={"issue": issue + 1}))
    assert fake.taken[command.key] == went


def test_rule_1_two_workers_that_try_the_same_send_at_once_send_it_once(desk: SendDesk) -> None:
    """Eight attempts at the same instant: the ledger lets one of them through to the provider."""
    command, ready = desk.command(), threading.Barrier(8)
    outcomes: list[str] = []

    def attempt() -> None:
        other = SendDesk(desk.engine, desk.provider, desk.store, timeout=timedelta(seconds=5))
        ready.wait()
        try:
            outcomes.append(other.send(command).outcome)
        except ApplicationError as error:
            outcomes.append(error.message)

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.provider.keys() == {command.key: 1}
    assert desk.row().state == "accepted", "the answer settles what another attempt called unknown"


# --- rule 2 ---------------------------------------------------------------------------------------------------------

CLOSED = Definitions(
    sender=Sender.model_validate(
        {
            "legal_name": "例示", "postal_address": "例示", "contact": "info@example.com",
            "from": {"name": "例示", "email": "news@example.com"}, "time_zone": "Asia/Tokyo",
            "window": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"},
            "cap": {"mails": 2, "per": "7d"}, "topics": ["newsletter"],
        }
    )
)  # fmt: skip
TOLERANCE = timedelta(minutes=15)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
hours = st.integers(-24 * 14 * 60, 24 * 14 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes))


@given(
    st.booleans(), st.booleans(), st.booleans(), st.sampled_from([None, "bounced"]), st.lists(hours, max_size=4),
    hours, st.integers(-60, 60),
)  # fmt: skip
def test_rule_2_the_gate_opens_for_nothing_it_should_not(
    runs: bool,
    address: bool,
    consented: bool,
    suppressed: str | None,
    sent: Sequence[datetime],
    now: datetime,
    ago: int,
) -> None:
    """Open means: enrolled, an address, consent, no suppression, a working hour in Tokyo, under the cap."""
    slot = now - timedelta(minutes=ago)
    verdict = gate.judge(
        gate.Asked(
            enrolment_runs=runs, has_address=address, topic="newsletter", consented=consented, suppressed=suppressed,
            sent=sorted(sent), time_zone=None, slot=slot, now=now, tolerance=TOLERANCE,
        ),
        CLOSED,
    )  # fmt: skip
    judged = slot if 0 <= ago <= 15 else now
    tokyo = judged + timedelta(hours=9)
    in_window = tokyo.weekday() < 5 and 9 <= tokyo.hour < 18
    under_cap = sum(at > judged - timedelta(days=7) for at in sent) < 2
    allowed = runs and address and consented and suppressed is None
    assert (verdict.gate == "open") == (allowed and in_window and under_cap)
    assert verdict.gate == "open" or verdict.reason
    if verdict.gate == "deferred":
        assert allowed
        assert verdict.until is not None
        assert verdict.until > judged


def test_rule_2_no_mail_goes_after_an_unsubscribe_though_the_send_was_held(desk: SendDesk) -> None:
    """The provider is down, the lead unsubscribes by the link of an older mail, the provider is back."""
    desk.provider.fail_next(Fault(status=503))
    desk.held()
    with writing(desk.engine) as conn:
        events.unsubscribe(conn, LEAD, "newsletter", now=desk.now(), send=f"{LEAD}/invite/1/before/1")
    desk.trouble_is_over()
    result = desk.send()
    assert (result.outcome, result.reason, desk.taken()) == ("refused", "suppressed: one_click", 0)


def test_rule_2_no_send_begins_after_an_unsubscribe_was_answered(desk: SendDesk) -> None:
    """Mails are sent as fast as they can be while the lead unsubscribes: every one began before its answer."""
    begun = threading.Event()
    outcomes: list[str] = []

    def sending() -> None:
        for visit in range(1, 400):
            outcomes.append(desk.send(desk.command(visit=visit)).outcome)
            if visit == 5:
                begun.set()
            if outcomes[-1] == "refused":
                return

    desk.timeout = timedelta(seconds=5)
    thread = threading.Thread(target=sending)
    thread.start()
    assert begun.wait(20)
    with writing(desk.engine) as conn:
        events.unsubscribe(conn, LEAD, "newsletter", now=desk.now())
    answered = desk.now()
    thread.join()
    assert outcomes[-1] == "refused"
    with reading(desk.engine) as conn:
        began = conn.execute(select(sends.c.attempted_at).where(sends.c.state != "refused")).scalars().all()
    assert len(began) == desk.taken() >= 5
    assert max(began) < answered


def test_rule_2_no_send_begins_after_a_leave_was_applied(desk: SendDesk) -> None:
    """The record of the leave is written while the provider is down: whichever of its two parts is seen first."""
    desk.provider.fail_next(Fault(status=503))
    command = desk.command()
    desk.held(command)
    left = Record(
        lead=LEAD,
        number=2,
        state=State(lead=LEAD, seq=3, records=2, unanswered=(command, command.model_copy(update={"issue": 2}))),
        position=Position(),
        enrolments=(EnrolmentChange(enrolment=1, state="ended", at=desk.now(), finish="left"),),
        cancelled=(CancelledSend(key=command.key, issue=1),),
    )
    with writing(desk.engine) as conn:
        assert positions.write(conn, LEAD, [left]) == {command.key: "cancelled"}
    desk.trouble_is_over()
    assert desk.send(command).outcome == "cancelled"
    assert desk.send(command.model_copy(update={"issue": 2})).reason == "the enrolment has ended"
    assert desk.taken() == 0


def test_rule_2_a_consent_that_came_with_an_import_lifts_nothing(desk: SendDesk) -> None:
    """Unsubscribed, then imported again with a newer consent, then enrolled anew: still no mail."""
    with writing(desk.engine) as conn:
        consents.suppress(conn, EMAIL, "newsletter", "one_click", at=desk.now())
    desk.upsert(consent={"topics": ["newsletter"], "basis": "opt_in", "source": "file"})
    with writing(desk.engine) as conn:
        scenario = desk.store.current().scenarios["invite"].model_copy(update={"scenario": "other"})
        enrolments.decide(conn, LEAD, scenario, deployment=1, now=desk.now())
    assert desk.send().outcome == "refused"
    assert desk.taken() == 0


# --- rule 10 --------------------------------------------------------------------------------------------------------


def test_rule_10_whatever_keeps_a_mail_from_going_is_on_the_timeline_with_its_reason(
    make_desk: Callable[..., SendDesk],
) -> None:
    """Held, deferred, refused by the provider, refused by the gate, unknown: one line each, none without a reason."""
    desk = make_desk(sender=SENDER + "cap: {mails: 1, per: 7d}\n")
    desk.provider.fail_next(Fault(status=503), Fault(status=400), Fault(kind="drop_untaken"))
    desk.held(desk.command(visit=1))
    desk.trouble_is_over()
    assert desk.send(desk.command(visit=1)).outcome == "refused"
    assert desk.send(desk.command(visit=2)).outcome == "unknown"
    assert desk.send(desk.command(visit=3)).outcome == "deferred"
    assert desk.send(desk.command(visit=4, topic="seminars")).outcome == "refused"
    lines = desk.lines()
    assert [(line["what"], line["visit"]) for line in lines] == [
        ("held", 1), ("refused", 1), ("unknown", 2), ("deferred", 3), ("refused", 4),
    ]  # fmt: skip
    for line in lines:
        assert line["reason"], line
        assert line["scenario"], line
        assert line["step"], line
