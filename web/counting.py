"""Counts what the web process was asked and told; refuses to keep who asked, and any path that is not a route."""

from __future__ import annotations

import time

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter(
    "nurture_http_requests", "Requests by route as written in the API, and status", ("method", "route", "status")
)
SECONDS = Histogram("nurture_http_request_seconds", "How long requests took", ("method", "route"))
EVENTS = Counter("nurture_events_received", "Events of POST /events by what became of them", ("result",))
PAGE_VIEWS = Counter(
    "nurture_page_views_received", "Page views told by the snippet, by what became of them", ("result",)
)
MAIL_EVENTS = Counter("nurture_webhook_events", "Events of the mail provider by what became of them", ("result",))
REFUSED = Counter("nurture_webhook_refused", "Requests to the webhook that were refused as a whole", ("reason",))

REPLIES = Counter("nurture_replies", "Mails handed in by Inbound Parse by what became of them", ("result",))
TURNED_AWAY = Counter("nurture_intake_turned_away", "Requests with events that were answered 503", ("route", "reason"))

for result in ("accepted", "duplicate", "rejected"):  # shown from the start, so that the first one is an increase
    EVENTS.labels(result)
for result in ("accepted", "duplicate", "ignored", "rejected"):
    MAIL_EVENTS.labels(result)
for result in ("of_a_lead", "of_nobody", "again", "refused", "rejected", "machine", "foreign", "forgotten", "lost"):
    PAGE_VIEWS.labels(result)
for reason in ("signature", "malformed"):
    REFUSED.labels(reason)
for result in ("written", "opt_out", "automatic", "left", "unproven", "duplicate", "unknown", "malformed", "refused"):
    REPLIES.labels(result)
for route in ("/events", "/webhooks/sendgrid"):
    for reason in ("busy", "full"):
        TURNED_AWAY.labels(route, reason)

_STREAM = b"text/event-stream; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class CountRequests:
    """Counts every request with the route that took it; what no route takes is one line, whatever was asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()  # where nothing is answered, an error came out
        ended: float | None = None

        async def noting(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
                if (b"content-type", _STREAM) in message["headers"]:
                    ended = time.perf_counter()  # how long somebody listens says nothing of how fast it is answered
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = str(getattr(scope.get("route"), "path", "none"))
            REQUESTS.labels(method, route, str(status)).inc()
            SECONDS.labels(method, route).observe((ended or time.perf_counter()) - began)
