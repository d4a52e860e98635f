"""Hands one mail to SendGrid, or to anything that speaks its v3 API, and sorts the answer; refuses to try twice.

The one thing that must never be wrong is the border between "certainly not taken" (Held) and "may have been taken"
(Unknown): an error counts as the former only while no connection existed, or where the provider said so itself.
"""

from __future__ import annotations

import http.client
import json
import logging
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from python_http_client import Client
from python_http_client.exceptions import HTTPError, handle_error
from sendgrid import SendGridAPIClient

from adapters.mail.port import SEND_KEY_ARGUMENT, Accepted, Answer, Erasure, Evidence, Held, Mail, Refused, Unknown
from adapters.settings import is_loopback

TIMEOUT = timedelta(seconds=5)
DEADLINE_HEADER = "X-Request-Deadline"
"""Unix seconds after which the sender waits no more. The built-in sink heeds it; SendGrid is not sent it."""
LONGEST_HOLD = timedelta(hours=1)
LONGEST_REASON = 500

# At DEBUG the library writes the mail and the key into the log.
logging.getLogger("python_http_client").setLevel(logging.INFO)


class NotConnectedError(OSError):
    """No connection came about, so not a byte of the mail has left."""


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except (OSError, http.client.HTTPException) as error:
            raise NotConnectedError(str(error) or type(error).__name__) from error


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except (OSError, http.client.HTTPException) as error:
            raise NotConnectedError(str(error) or type(error).__name__) from error


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req, context=ssl.create_default_context())


class _OneRequest(Client):  # type: ignore[misc]  # the library has no annotations
    """The library's client, except that it tells a failed connection from a lost answer and follows no redirect.

    A redirected POST would be repeated as a GET, whose 200 would be taken for an acceptance.
    """

    def _build_client(self, name: str | None = None) -> _OneRequest:
        path = [*self._url_path, name] if name else self._url_path
        return _OneRequest(self.host, self.request_headers, self._version, path, self.append_slash, self.timeout)

    def _make_request(
        self,
        opener: urllib.request.OpenerDirector,  # noqa: ARG002  # the library's own, which follows redirects
        request: urllib.request.Request,
        timeout: float | None = None,
    ) -> http.client.HTTPResponse:
        try:
            answer: http.client.HTTPResponse = _opener(request.host).open(request, timeout=timeout or self.timeout)
        except urllib.error.HTTPError as error:
            raise _with_body(error) from None
        return answer


def _with_body(error: urllib.error.HTTPError) -> HTTPError:
    try:
        told: HTTPError = handle_error(error)
    except (OSError, http.client.HTTPException):
        # The status is there and decides; only the words that explain it are lost.
        return HTTPError(error.code, error.reason, b"", error.headers)
    return told


def _opener(host: str) -> urllib.request.OpenerDirector:
    # A proxy of the environment is for the outside: the sink on this machine is not reachable through it.
    proxy = urllib.request.ProxyHandler({} if is_loopback(f"http://{host}") else None)
    opener = urllib.request.OpenerDirector()
    handlers = (
        proxy,
        _Handler(),
        _SecureHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    )
    for handler in handlers:
        opener.add_handler(handler)
    return opener


class SendGridMailer:
    """SendGrid's Mail Send v3 through its own package; safe to use from many threads.

    `host` is the base URL without `/v3`. `lookups_are_complete`: what `lookup` does not find was certainly never
    taken; true of the built-in sink, not of SendGrid, whose activity feed lags and is an extra.
    """

    def __init__(
        self, *, api_key: str, host: str, timeout: timedelta = TIMEOUT, lookups_are_complete: bool = False
    ) -> None:
        self._api_key = api_key
        self._host = host.rstrip("/")
        self._timeout = timeout
        self._lookups_are_complete = lookups_are_complete

    @property
    def settles(self) -> bool:
        """True of the built-in sink."""
        return self._lookups_are_complete

    def send(self, mail: Mail) -> Answer:
        """Hand the mail over once. Never raises: whatever goes wrong is one of the four answers."""
        client = self._client()
        if self._lookups_are_complete and mail.not_after is not None:
            client.client.request_headers[DEADLINE_HEADER] = f"{mail.not_after.timestamp():.3f}"
        try:
            response = client.send(request_body(mail))
        except HTTPError as error:
            return _of_status(error)
        except urllib.error.URLError as error:
            if isinstance(error.reason, NotConnectedError):
                return Held(f"no connection to the mail provider: {error.reason}", provider_wide=True)
            return Unknown(f"the connection broke while the mail was written: {error.reason}")
        except TimeoutError:
            return Unknown(f"no answer of the mail provider within {self._timeout.total_seconds():g} s")
        except (OSError, http.client.HTTPException) as error:
            return Unknown(f"the answer of the mail provider was lost: {str(error) or type(error).__name__}")
        return Accepted(response.headers.get("X-Message-Id") or "")

    def lookup(self, send_key: str) -> Evidence:
        """Whether the provider's activity feed holds a mail with this key.

        `never_tells` where this account may not ask, `cannot_tell` on any other error.
        """
        if '"' in send_key or "\\" in send_key:
            return "never_tells"  # the feed's query language documents no escaping
        query = {"query": f"unique_args['{SEND_KEY_ARGUMENT}']=\"{send_key}\"", "limit": 1}
        try:
            response = self._client().client.messages.get(query_params=query)
            found = json.loads(response.body)["messages"]
        except HTTPError as error:
            return "never_tells" if int(error.status_code) == 403 else "cannot_tell"
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            return "cannot_tell"
        if found:
            return "accepted"
        return "absent" if self._lookups_are_complete else "cannot_tell"

    def erase(self, addresses: Sequence[str]) -> Erasure:
        """Start a job of the provider's that deletes what it keeps of the addresses; `message_id` is the job's id.

        No answer is Held: another job for the same addresses finds nothing more to delete.
        """
        try:
            response = self._client().client.recipients.erasejob.post(request_body={"email_addresses": list(addresses)})
            job = json.loads(response.body or b"{}").get("job_id") or ""
        except HTTPError as error:
            answer = _of_status(error)
            if isinstance(answer, Held) and error.status_code in {401, 403}:
                why = f"{error.status_code}: {_message(error.body)}"
                return Held(f"{why} (the key needs the scope recipients.erasejob.create)", alert=True)
            if isinstance(answer, Held) and error.status_code in {404, 405}:
                return Refused(answer.reason)
            return answer if isinstance(answer, Held | Refused) else Held("no answer")
        except (OSError, http.client.HTTPException) as error:
            return Held(f"no answer of the mail provider: {type(error).__name__}")
        except (ValueError, AttributeError):
            job = ""  # it was taken, whatever the words
        return Accepted(str(job))

    def _client(self) -> SendGridAPIClient:
        # One for each call: the library's clients share, and change, one dictionary of headers.
        library = SendGridAPIClient(api_key=self._api_key, host=self._host)
        library.client = _OneRequest(self._host, library.client.request_headers, 3)
        library.client.timeout = self._timeout.total_seconds()
        return library


def request_body(mail: Mail) -> dict[str, Any]:
    """The body of Mail Send for one mail: text part first, one recipient, the send key beside it.

    Opens and clicks are asked for, or not, explicitly and the provider's own unsubscribe list is left out, whatever the
    account's settings say: the list is kept here.
    """
    return {
        "personalizations": [
            {
                "to": [_person(mail.to, mail.to_name)],
                "custom_args": {SEND_KEY_ARGUMENT: mail.send_key},
                "headers": dict(mail.headers),
            }
        ],
        "from": _person(mail.from_email, mail.from_name),
        **({"reply_to": {"email": mail.reply_to}} if mail.reply_to is not None else {}),
        "subject": mail.subject,
        "content": [{"type": "text/plain", "value": mail.text}, {"type": "text/html", "value": mail.html}],
        "tracking_settings": {
            "open_tracking": {"enable": mail.tracked},
            "click_tracking": {"enable": mail.tracked, "enable_text": False},
            "subscription_tracking": {"enable": False},
        },
    }


def _person(email: str, name: str) -> dict[str, str]:
    # A `;` or `,` in a name is refused with 400.
    plain = " ".join(name.replace(";", " ").replace(",", " ").split())
    return {"email": email, "name": plain} if plain else {"email": email}


def _of_status(error: HTTPError) -> Answer:
    status, reason = int(error.status_code), f"{error.status_code}: {_message(error.body)}"
    if status in {400, 413}:
        return Refused(reason)
    if status == 429:
        return Held(reason, retry_after=until_reset(error.headers), provider_wide=True)
    if status in {401, 403}:
        return Held(f"{reason} (check SENDGRID_API_KEY and the sender's verification)", provider_wide=True, alert=True)
    if status in {408, 500}:
        return Held(reason)  # may be about this mail alone
    if status >= 500:
        return Held(reason, provider_wide=True)
    return Held(f"{reason} (check NURTURE_SENDGRID_HOST)", provider_wide=True, alert=True)


def _message(body: bytes | None) -> str:
    """The provider's own messages, or the beginning of what it said instead."""
    try:
        errors = json.loads(body or b"")["errors"]
        said = "; ".join(f"{e['message']} ({e['field']})" if e.get("field") else str(e["message"]) for e in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        said = (body or b"").decode(errors="replace")
    return " ".join(said.split())[:LONGEST_REASON] or "no message"


def until_reset(headers: Any) -> timedelta | None:
    """How long a provider that is asked too often wants to be left alone.

    `X-RateLimit-Reset` is an instant in unix seconds; a second is added, since it is cut to whole ones.
    """
    try:
        reset = float(headers.get("X-RateLimit-Reset"))
    except (TypeError, ValueError):
        return None
    seconds = min(max(reset + 1 - time.time(), 1.0), LONGEST_HOLD.total_seconds())
    return timedelta(seconds=seconds)
