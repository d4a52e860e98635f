"""Handing one mail to the provider: four answers, and never a second try."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.mail.port import Accepted, Held, Mail, Refused, Unknown
from adapters.mail.sendgrid import SendGridMailer
from tests.mail.fake_provider import FakeProvider, Fault

MAIL = Mail(
    to="hanako@example.co.jp",
    to_name="架空 花子",
    from_email="news@example.co.jp",
    from_name="見本",
    subject="件名",
    text="本文",
    html="<p>本文</p>",
    send_key="lead_1/セミナー/1/案内/1",
    headers={"List-Unsubscribe": "<https://example.co.jp/u/t>"},
)


def mailer(provider: FakeProvider, *, timeout: float = 5.0, complete: bool = False) -> SendGridMailer:
    """A mailer for the provider of the test."""
    return SendGridMailer(
        api_key="SG.secret-key",
        host=provider.host,
        timeout=timedelta(seconds=timeout),
        lookups_are_complete=complete,
    )


@pytest.fixture
def nowhere() -> Iterator[str]:
    """A host that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_an_accepted_mail_carries_everything_the_provider_needs(provider: FakeProvider) -> None:
    """One recipient, the send key as custom argument, own headers, text before HTML, no provider's unsubscribe list."""
    answer = mailer(provider).send(MAIL)
    assert isinstance(answer, Accepted)
    assert answer.message_id
    (request,) = provider.requests
    (block,) = request["personalizations"]
    assert block["to"] == [{"email": MAIL.to, "name": MAIL.to_name}]
    assert block["custom_args"] == {"nurture_send": MAIL.send_key}
    assert block["headers"] == dict(MAIL.headers)
    assert [part["type"] for part in request["content"]] == ["text/plain", "text/html"]
    assert request["tracking_settings"]["subscription_tracking"] == {"enable": False}
    assert provider.authorizations == ["Bearer SG.secret-key"]


def test_names_lose_what_the_provider_refuses(provider: FakeProvider) -> None:
    """Semicolons and commas in a name would be answered with 400."""
    assert isinstance(mailer(provider).send(replace(MAIL, to_name="架空; 株式会社, 花子")), Accepted)
    assert provider.taken[0].to.name == "架空 株式会社 花子"


def test_a_mail_to_nobody_in_particular_has_no_name(provider: FakeProvider) -> None:
    """An empty name is left out."""
    assert isinstance(mailer(provider).send(replace(MAIL, to_name="")), Accepted)
    assert provider.requests[0]["personalizations"][0]["to"] == [{"email": MAIL.to}]


@pytest.mark.parametrize("kind", ["drop", "drop_untaken", "half"])
def test_a_dropped_connection_leaves_the_send_unknown(provider: FakeProvider, kind: Any) -> None:
    """Once the request was written, a lost answer may mean either; nothing is tried again."""
    provider.fail_next(Fault(kind=kind))
    assert isinstance(mailer(provider).send(MAIL), Unknown)
    assert len(provider.authorizations) == 1


def test_a_silent_provider_leaves_the_send_unknown(provider: FakeProvider) -> None:
    """A read time-out is ambiguous, and comes within the time given."""
    provider.fail_next(Fault(kind="stall"))
    assert isinstance(mailer(provider, timeout=0.3).send(MAIL), Unknown)
    assert provider.keys()[MAIL.send_key] == 1


def test_a_connection_broken_while_writing_leaves_the_send_unknown() -> None:
    """A provider that hangs up in the middle of a request may have read all that mattered."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            connection.recv(100)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        host = f"http://127.0.0.1:{server.getsockname()[1]}"
        answer = SendGridMailer(api_key="k", host=host).send(replace(MAIL, html="x" * 20_000_000))
        thread.join()
    assert isinstance(answer, Unknown)


def test_a_refused_connection_holds_the_mail(nowhere: str) -> None:
    """Nobody there: certainly not taken, and true of every mail."""
    answer = SendGridMailer(api_key="k", host=nowhere).send(MAIL)
    assert isinstance(answer, Held)
    assert answer.provider_wide
    assert not answer.alert


def test_an_unknown_host_holds_the_mail() -> None:
    """A name that does not resolve: certainly not taken."""
    answer = SendGridMailer(api_key="k", host="http://no-such-host.invalid").send(MAIL)
    assert isinstance(answer, Held)
    assert answer.provider_wide


def test_a_provider_that_does_not_speak_tls_holds_the_mail(provider: FakeProvider) -> None:
    """A failed handshake comes before the request, so nothing was taken."""
    answer = SendGridMailer(api_key="k", host=provider.host.replace("http:", "https:")).send(MAIL)
    assert isinstance(answer, Held)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 408])
def test_trouble_at_the_provider_holds_the_mail(provider: FakeProvider, status: int) -> None:
    """5xx, also those the library has no class for, are tried again later."""
    provider.fail_next(Fault(status=status))
    answer = mailer(provider).send(MAIL)
    assert isinstance(answer, Held)
    assert str(status) in answer.reason
    assert not answer.alert
    assert answer.provider_wide == (status not in (408, 500))


def test_a_rate_limit_holds_all_mail_until_it_is_over(provider: FakeProvider) -> None:
    """The provider says when; the wait is never shorter, and never endless."""
    provider.fail_next(
        Fault(status=429, reset_after=timedelta(seconds=30)),
        Fault(status=429, reset_after=timedelta(days=30)),
        Fault(status=429, reset_after=timedelta(seconds=-30)),
        Fault(status=429),
    )
    waits = []
    for _ in range(4):
        answer = mailer(provider).send(MAIL)
        assert isinstance(answer, Held)
        assert answer.provider_wide
        waits.append(answer.retry_after)
    assert waits[0] is not None
    assert timedelta(seconds=20) < waits[0] <= timedelta(seconds=31)
    assert waits[1:] == [timedelta(hours=1), timedelta(seconds=1), None]


@pytest.mark.parametrize("status", [400, 413])
def test_a_mail_the_provider_cannot_take_is_refused_in_its_words(provider: FakeProvider, status: int) -> None:
    """The provider's own message and field are passed on."""
    body = '{"errors":[{"message":"宛先が正しくありません","field":"personalizations.0.to","help":null}]}'.encode()
    provider.fail_next(Fault(status=status, body=body))
    answer = mailer(provider).send(MAIL)
    assert isinstance(answer, Refused)
    assert "宛先が正しくありません (personalizations.0.to)" in answer.reason


@pytest.mark.parametrize("body", [b"", b"<html>Bad Request</html>", b'{"errors": "?"}', b"[1]", b"\xff\xfe"])
def test_an_answer_that_is_no_json_is_still_an_answer(provider: FakeProvider, body: bytes) -> None:
    """The status decides; whatever stands in the body is shown as it is."""
    provider.fail_next(Fault(status=400, body=body))
    assert isinstance(mailer(provider).send(MAIL), Refused)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_holds_all_mail_and_calls_somebody(provider: FakeProvider, status: int) -> None:
    """No lead is at fault: sending stops as a whole until a person mends it."""
    provider.fail_next(Fault(status=status))
    answer = mailer(provider).send(MAIL)
    assert isinstance(answer, Held)
    assert answer.provider_wide
    assert answer.alert


@pytest.mark.parametrize("status", [301, 302, 307, 404, 405, 415])
def test_a_wrong_host_holds_all_mail_and_calls_somebody(provider: FakeProvider, status: int) -> None:
    """A redirect is not followed (a repeated GET's 200 is no acceptance), and an unknown route harms no lead."""
    provider.fail_next(Fault(status=status, location=f"{provider.host}/v3/messages"))
    answer = mailer(provider).send(MAIL)
    assert isinstance(answer, Held)
    assert answer.provider_wide
    assert answer.alert
    assert len(provider.authorizations) == 1


def test_what_was_taken_is_found_again(provider: FakeProvider) -> None:
    """A lookup by send key says accepted; absence counts only where lookups are complete."""
    mailer(provider).send(MAIL)
    assert mailer(provider).lookup(MAIL.send_key) == "accepted"
    assert mailer(provider).lookup("another/key") == "cannot_tell"
    assert mailer(provider, complete=True).lookup("another/key") == "absent"


def test_a_lookup_that_fails_cannot_tell(provider: FakeProvider, nowhere: str) -> None:
    """Errors and strange answers are no evidence."""
    provider.fail_next(Fault(status=500), Fault(status=200, body=b"{}"), Fault(status=200, body=b"nonsense"))
    for _ in range(3):
        assert mailer(provider, complete=True).lookup("k") == "cannot_tell"
    unreachable = SendGridMailer(api_key="k", host=nowhere, lookups_are_complete=True)
    assert unreachable.lookup("k") == "cannot_tell"


def test_an_account_without_the_list_never_tells(provider: FakeProvider) -> None:
    """It is an extra: asking again would not help. Nor would it for a key that the query cannot hold."""
    provider.fail_next(Fault(status=403))
    assert mailer(provider, complete=True).lookup("k") == "never_tells"
    assert mailer(provider, complete=True).lookup('a"b') == "never_tells"


def test_many_threads_share_one_mailer(provider: FakeProvider) -> None:
    """A hundred mails from sixteen threads arrive once each."""
    shared = mailer(provider)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda n: shared.send(replace(MAIL, send_key=f"k{n}")), range(100)))
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert provider.keys() == {f"k{n}": 1 for n in range(100)}


def test_nothing_of_a_mail_or_the_key_is_logged(provider: FakeProvider, caplog: pytest.LogCaptureFixture) -> None:
    """Address, name, content and key stay out of the log at every level."""
    provider.fail_next(None, Fault(status=500), Fault(kind="drop"))
    for _ in range(3):
        mailer(provider).send(MAIL)
    for secret in (MAIL.to, MAIL.to_name, MAIL.subject, "SG.secret-key"):
        assert secret not in caplog.text


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    provider: FakeProvider, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy for the outside does not come between the worker and the sink."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert isinstance(mailer(provider).send(MAIL), Accepted)
