"""What became of mails can be read at the worker's own endpoint, where Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from adapters.settings import Settings
from tests.activities.conftest import SendDesk
from tests.mail.fake_provider import Fault
from worker import runtime_of

Making = Callable[..., SendDesk]


class Counted:
    """A desk, and what its counters say at the endpoint of Temporal's SDK."""

    def __init__(self, make_desk: Making, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/metrics"
        self._runtime = runtime_of(Settings(metrics=f"127.0.0.1:{port}"))
        self._make = make_desk

    def desk(self, **given: object) -> SendDesk:
        """A desk that counts."""
        return self._make(**given, meter=self._runtime.metric_meter)

    def said(self, name: str, label: str) -> dict[str, float]:
        """The samples of one counter that are not nought, by one label."""
        return {each.labels[label]: each.value for each in self._samples(name) if each.value}

    def all(self, name: str) -> set[str]:
        """The outcomes that are shown, also those that never were."""
        return {each.labels["outcome"] for each in self._samples(name)}

    def _samples(self, name: str) -> list[Sample]:
        text = httpx.get(self._url, trust_env=False).text
        families = text_string_to_metric_families(text)
        return [sample for family in families for sample in family.samples if sample.name == name]

    @property
    def sends(self) -> dict[str, float]:
        """Mails by outcome."""
        return self.said("nurture_sends_total", "outcome")

    @property
    def held(self) -> dict[str, float]:
        """Attempts that are made again, by why."""
        return self.said("nurture_sends_held_total", "reason")


@pytest.fixture
def counted(make_desk: Making, free_port: Callable[[], int]) -> Counted:
    """Counters that begin at nought."""
    return Counted(make_desk, free_port())


def test_the_endpoint_says_which_version_runs(counted: Counted) -> None:
    """As those of web and relay do."""
    assert list(counted.said("nurture_build_info", "version").values()) == [1]


def test_a_mail_is_counted_when_it_is_accepted_and_not_when_it_is_asked_for_again(counted: Counted) -> None:
    """The answer from the ledger is no other mail."""
    desk = counted.desk()
    for _ in range(3):
        assert desk.send().outcome == "accepted"
    assert counted.sends == {"accepted": 1}


def test_each_outcome_is_counted_by_its_name(counted: Counted) -> None:
    """Refused by the provider, and an answer that was lost."""
    desk = counted.desk()
    desk.provider.fail_next(Fault(status=400), Fault(kind="drop"))
    assert desk.send().outcome == "refused"
    assert desk.send(desk.command(visit=2)).outcome == "unknown"
    assert counted.sends == {"refused": 1, "unknown": 1}


def test_what_the_gate_decides_is_counted_too(counted: Counted) -> None:
    """No consent: refused, though no provider was asked. The others stay at nought, and are shown."""
    desk = counted.desk(consented=False)
    assert desk.send().outcome == "refused"
    assert counted.sends == {"refused": 1}
    assert counted.all("nurture_sends_total") == {"accepted", "unknown", "refused", "deferred", "blocked"}


def test_a_mail_that_cannot_be_made_is_counted_as_blocked(counted: Counted) -> None:
    """And again at every try, as it is blocked again."""
    desk = counted.desk(news="---\nsubject: x\npreheader: x\n---\n{{ lead.attributes.plan }}\n")
    assert desk.send().outcome == "blocked"
    assert counted.sends == {"blocked": 1}


@pytest.mark.parametrize(
    ("status", "why"), [(401, "needs_person"), (429, "rate_limit"), (503, "outage"), (500, "this_mail")]
)
def test_an_attempt_that_is_made_again_is_counted_by_why(counted: Counted, status: int, why: str) -> None:
    """While all mail is held nobody asks the provider, and nothing is counted."""
    desk = counted.desk()
    desk.provider.fail_next(Fault(status=status, reset_after=timedelta(seconds=40)))
    desk.held()
    assert (counted.held, counted.sends) == ({why: 1}, {})
    if why != "this_mail":
        desk.held()
        assert counted.held == {why: 1}
