"""Who watches a running whole with the alerts and the dashboard that are shipped sees what goes wrong, and its end."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import promql_parser as promql
import pytest
from prometheus_client.parser import text_string_to_metric_families

from nurture import protocol
from tests.docs.watching import alerts, expressions
from tests.e2e.conftest import write_folder
from tests.e2e.promql import Between, Scrape, Vector, fits, selectors
from tests.e2e.shared import person, running, tell, temporal
from tests.e2e.whole import NewWhole, Whole, patiently
from tests.mail.fake_provider import FakeProvider, Fault

SCENARIO = """\
scenario: invite
language: en
topic: newsletter
anywhere: [{when: {requested: demo}, go: to_sales}]
start: first
steps:
  first:
    send: mail_a
    wait: {until: [opened], timeout: 30d}
    then: bye
  to_sales:
    handoff: {queue: inside}
    then: bye
  bye: {finish: over}
"""
NO_NAME = "default('you')"


@dataclass
class Watched:
    """A whole, its folder, its mail provider, where its sales are told, and its three endpoints."""

    nurture: Whole
    folder: Path
    provider: FakeProvider
    sales: int
    metrics: int

    def scrape(self) -> Scrape:
        """What Prometheus would read now, with `up` and the label `job` as it adds them."""
        urls = {
            "nurture-web": self.nurture.web,
            "nurture-worker": f"http://127.0.0.1:{self.metrics}",
            "nurture-relay": f"http://127.0.0.1:{self.metrics + 1}",
        }
        found: dict[str, Vector] = {"up": {}}
        for job, url in urls.items():
            this = ("job", job)
            try:
                text = httpx.get(f"{url}/metrics", timeout=3, trust_env=False).text
            except httpx.HTTPError:
                found["up"][frozenset({this})] = 0
                continue
            found["up"][frozenset({this})] = 1
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    found.setdefault(sample.name, {})[frozenset({*sample.labels.items(), this})] = sample.value
        return found

    @contextmanager
    def alarm(self, name: str) -> Iterator[Callable[[], None]]:
        """The alert does not hold, comes in the block, and is over when what the block gives has been called."""
        rule, before = alerts()[name]["expr"], self.scrape()
        assert not Between(before, before).holds(rule), "it holds before anything happened"

        def is_over() -> None:
            patiently(lambda: (now := self.scrape()) and not Between(now, now).holds(rule), seconds=90)

        def has_come() -> None:
            patiently(lambda: Between(before, self.scrape()).holds(rule), seconds=60)

        yield has_come
        is_over()

    def add(self, lead: str) -> None:
        """A new lead that walks the scenario."""
        assert self.nurture.post("/api/leads", person(lead)).status_code == 201
        self.nurture.post("/api/enrollments", {"scenario": "invite", "leads": [lead]}).raise_for_status()

    def deploy(self) -> None:
        """Deploy the folder as it is."""
        done = self.nurture.run("deploy", str(self.folder))
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def watched(
    tmp_path_factory: pytest.TempPathFactory, new_whole: NewWhole, free_port: Callable[[], int]
) -> Iterator[Watched]:
    """One whole for all of it. Nobody listens where sales is told; the provider fails only when told to."""
    home, sales, metrics = tmp_path_factory.mktemp("watching"), free_port(), two_ports(free_port)
    folder = write_folder(home / "scenarios", SCENARIO)
    with FakeProvider() as provider:
        environment = {
            "NURTURE_METRICS": f"127.0.0.1:{metrics}",
            "NURTURE_MAIL": "sendgrid",
            "SENDGRID_API_KEY": "a-key",
            "NURTURE_SENDGRID_HOST": provider.host,
            "NURTURE_NOTIFY_URL": f"http://127.0.0.1:{sales}",
        }
        with running(home / "home", new_whole, environment=environment) as nurture:
            made = Watched(nurture, folder, provider, sales, metrics)
            made.deploy()
            yield made


def two_ports(free_port: Callable[[], int]) -> int:
    """A free port before another free one."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port + 1)) != 0:
                return port


def test_nothing_is_said_while_all_is_well(watched: Watched) -> None:
    """A lead was sent its mail; no alert holds that can be judged from two looks."""
    watched.add("well")
    watched.nurture.lead("well", status="waiting")
    now = watched.scrape()
    judged = {name: rule["expr"] for name, rule in alerts().items() if "quantile" not in rule["expr"]}
    assert len(judged) > 15
    assert [name for name, rule in judged.items() if Between(now, now).holds(rule)] == []


def test_a_blocked_lead_raises_its_alert_until_a_deploy_mends_it(watched: Watched) -> None:
    """A template that needs a name, and a lead that has none."""
    template = watched.folder / "templates" / "mail_a.en.md"
    good = template.read_text()
    assert NO_NAME in good
    with watched.alarm("NurtureLeadsBlocked") as has_come:
        template.write_text(good.replace(f" | {NO_NAME}", ""))
        watched.deploy()
        watched.add("nameless")
        has_come()
        assert dict_of(watched.scrape()["nurture_leads_blocked"], "reason")["value"] == 1
        template.write_text(good)
        watched.deploy()
    watched.nurture.lead("nameless", status="waiting")


def test_an_event_of_nobody_raises_its_alert_until_the_lead_is_there(watched: Watched) -> None:
    """It is applied then, and parked no more."""
    with watched.alarm("NurtureEventsParked") as has_come:
        tell(watched.nurture, "late", "1", "visited", "/pricing")
        has_come()
        assert watched.nurture.post("/api/leads", person("late")).status_code == 201


def test_a_webhook_without_signature_raises_its_alert(watched: Watched) -> None:
    """Somebody else calls it, or the key was changed on one side only."""
    with watched.alarm("NurtureWebhookSignature") as has_come:
        assert httpx.post(f"{watched.nurture.web}/webhooks/sendgrid", content=b"[]", trust_env=False).status_code == 401
        has_come()


def test_events_that_cannot_be_read_raise_their_alert(watched: Watched) -> None:
    """A type that nobody knows."""
    with watched.alarm("NurtureEventsRejected") as has_come:
        watched.nurture.post("/events", {"events": [{"id": "1", "lead": "well", "type": "opend"}]})
        has_come()


def test_a_wrong_key_raises_its_alert_until_mail_goes_again(watched: Watched) -> None:
    """The provider answers 401 once: all mail is held, and goes by itself half a minute later."""
    watched.provider.fail_next(Fault(status=401))
    with watched.alarm("NurtureMailNeedsPerson") as has_come:
        watched.add("waits_for_the_key")
        has_come()
        held = patiently(lambda: watched.scrape()["nurture_mails_held"])
        assert list(held.values()) == [1]
    watched.nurture.lead("waits_for_the_key", status="waiting")


def test_an_answer_that_was_lost_raises_its_alert(watched: Watched) -> None:
    """The provider took the mail and said nothing."""
    watched.provider.fail_next(Fault(kind="drop"))
    with watched.alarm("NurtureMailUnknown") as has_come:
        watched.add("unanswered")
        has_come()


def test_a_task_that_sales_is_not_told_of_raises_its_alert_until_the_receiver_is_back(watched: Watched) -> None:
    """The receiver is down; when it listens again it is told."""
    with watched.alarm("NurtureHandoffsUntold") as has_come:
        watched.add("wants_a_demo")
        watched.nurture.lead("wants_a_demo", step="first")
        tell(watched.nurture, "wants_a_demo", "1", "requested", "demo")
        has_come()
        receiver = ThreadingHTTPServer(("127.0.0.1", watched.sales), _Receiver)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
    receiver.shutdown()
    receiver.server_close()


class _Receiver(BaseHTTPRequestHandler):
    """Takes every notification."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_a_relay_that_hangs_raises_its_alert_and_what_waits_for_it_is_counted(watched: Watched) -> None:
    """It is neither dead nor alive, so that nobody starts it again: the backlog is seen by web all the same."""
    relay = int((watched.nurture.home / "run" / "relay.pid").read_text().split()[0])
    with watched.alarm("NurtureProcessDown") as has_come:
        os.kill(relay, signal.SIGSTOP)
        try:
            watched.add("waits_for_the_relay")
            has_come()
            patiently(lambda: max(watched.scrape()["nurture_relay_backlog_entries"].values()) == 2)
            assert max(watched.scrape()["nurture_relay_lag_seconds"].values()) > 0
        finally:
            os.kill(relay, signal.SIGCONT)
    patiently(lambda: max(watched.scrape()["nurture_relay_lag_seconds"].values()) == 0)
    watched.nurture.lead("waits_for_the_relay", status="waiting")


async def test_a_workflow_task_that_fails_raises_its_alert(watched: Watched) -> None:
    """As one whose worker lacks its code; seen from its second failure on, since the counter begins with the first."""
    client = await temporal(watched.nurture)
    handle = await client.start_workflow("Nobody", id="nobody", task_queue=protocol.TASK_QUEUE)
    name = "temporal_workflow_task_execution_failed_total"
    patiently(lambda: name in watched.scrape())
    before = watched.scrape()
    patiently(lambda: Between(before, watched.scrape()).holds(alerts()["NurtureWorkflowTasksFail"]["expr"]), seconds=60)
    await handle.terminate()


@pytest.fixture(scope="module")
async def everything(watched: Watched) -> Scrape:
    """What is shown once everything that the shipped expressions count has happened."""
    watched.add("seen")
    watched.nurture.lead("seen", status="waiting")
    client = await temporal(watched.nurture)
    handle = await client.start_workflow("Nobody", id="nobody_again", task_queue=protocol.TASK_QUEUE)
    patiently(lambda: "temporal_workflow_task_execution_failed_total" in watched.scrape())
    await handle.terminate()
    return watched.scrape()


async def test_every_metric_that_an_alert_or_a_panel_asks_for_is_shown(everything: Scrape) -> None:
    """Under that name, and with the labels and values that it is asked for: a misspelt one would be silent for ever."""
    missing = []
    for where, expression in expressions().items():
        for selector in selectors(promql.parse(expression)):
            shown = everything.get(selector.name or "", {})
            plain = [each for each in selector.matchers.matchers if str(each.op) == "MatchOp.Equal"]
            if not any(all(fits(each, labels) for each in plain) for labels in shown):
                missing.append(f"{where}: {selector.prettify()}")
    assert missing == []


async def test_what_a_panel_groups_by_is_a_label_of_what_it_shows(everything: Scrape) -> None:
    """`by (reason)` of something that has no reason is one line without a name."""
    wrong = []
    for where, expression in expressions().items():
        for group in groups(promql.parse(expression)):
            for selector in selectors(group.expr):
                known = {name for labels in everything.get(selector.name or "", {}) for name, _ in labels}
                wrong += [f"{where}: {label}" for label in kept_by(group) if label not in known]
    assert wrong == []


def groups(expression: object) -> Iterator[promql.AggregateExpr]:
    """Every aggregation with `by` in an expression."""
    match expression:
        case promql.AggregateExpr():
            if expression.modifier is not None:
                yield expression
            yield from groups(expression.expr)
        case promql.BinaryExpr():
            yield from groups(expression.lhs)
            yield from groups(expression.rhs)
        case promql.ParenExpr():
            yield from groups(expression.expr)
        case promql.Call():
            for each in expression.args:
                yield from groups(each)


def kept_by(group: promql.AggregateExpr) -> list[str]:
    """The labels that an aggregation keeps."""
    return list(group.modifier.labels) if group.modifier is not None else []


def dict_of(vector: Vector, label: str) -> dict[str, float]:
    """A vector by one of its labels."""
    return {dict(labels)[label]: value for labels, value in vector.items()}
