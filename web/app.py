"""Puts the web process together: routes, guards and their outside world; refuses to hold any rule of its own."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from fastapi import Depends, FastAPI
from sqlalchemy import Engine
from starlette.middleware.sessions import SessionMiddleware

from adapters import passwords
from adapters.asking import Asking
from adapters.clock import Clock
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import migrate, open_database
from adapters.mail.keys import kept_secret
from adapters.settings import Settings
from web import (
    agreements,
    auditing,
    confirmation,
    enrolments,
    events,
    explanations,
    forms,
    handoffs,
    health,
    hidden_link,
    inbound,
    inbox,
    leads,
    metrics,
    openapi,
    page_views,
    problems,
    reports,
    reps,
    sales_answers,
    sample_site,
    scenarios,
    segments,
    session,
    sink,
    sink_faults,
    snippet,
    unsubscribe,
    updates,
    webhooks,
)
from web.console import (
    account,
    assets,
    changes,
    definition_pages,
    desk,
    desk_acts,
    desk_task,
    doors,
    journey_pages,
    lead_acts,
    lead_list,
    lead_page,
    live,
    people,
    refused,
    report_pages,
    review_acts,
    review_pages,
    scenario_pages,
    segment_pages,
)
from web.context import Nurture
from web.counting import CountRequests
from web.hashing import Hashing
from web.rates import POSTS, PUBLIC, Rates
from web.security import BodyLimit, SafeHeaders, need

_REFRESH_SECONDS = 1.0
_COOKIE_SECONDS = 30 * 24 * 3600
"""As long as a session may last; the database, or the cookie of a key itself, says when it ends."""


def make_app(settings: Settings, engine: Engine, *, store: DeploymentStore, clock: Clock) -> FastAPI:
    """The web process's app. The engine's database has been migrated."""
    nurture = Nurture(engine=engine, clock=clock, settings=settings, store=store)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        refreshing = asyncio.create_task(_refresh(store), name="refresh deployments")
        try:
            if settings.mail == "sink":
                async with sink.running_outbox(app, nurture):
                    yield
            else:
                yield
        finally:
            app.state.live.end()
            await app.state.live.over()
            refreshing.cancel()

    app = FastAPI(
        title="Nurture",
        summary="Leads, their scenarios and their way to sales.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
    )
    app.state.nurture = nurture
    app.state.rates = Rates(settings)
    app.state.hashing = Hashing()
    app.state.asking = Asking(settings)
    app.state.gauges = metrics.gauges_of(nurture)
    app.state.footfalls = scenarios.footfalls()
    app.state.enrolled = scenarios.enrolled_kept()
    app.state.standings = session.standings()
    app.state.lead_numbers = lead_list.numbers()
    app.state.reviews = report_pages.reviews()
    app.state.findings = definition_pages.findings()
    app.state.journey_checks = journey_pages.checks()
    app.state.segment_counts = segment_pages.SegmentCounts()
    app.state.live = live.LiveWatch(engine)
    problems.install(app, refused.refused_page)
    openapi.install(app)
    secret = kept_secret(engine, "session", lambda: AESSIV.generate_key(512))
    app.add_middleware(auditing.Audited, nurture=nurture)
    app.add_middleware(BodyLimit)
    app.add_middleware(
        SessionMiddleware,
        secret_key=secret.hex(),
        session_cookie="nurture_session",
        max_age=_COOKIE_SECONDS,
        same_site="lax",
        https_only=settings.public_url.startswith("https://"),
    )
    app.add_middleware(SafeHeaders)
    app.add_middleware(CountRequests)
    for module in (
        leads,
        updates,
        explanations,
        segments,
        events,
        enrolments,
        handoffs,
        reps,
        reports,
        scenarios,
        agreements,
        auditing,
        webhooks,
        sales_answers,
        inbound,
        unsubscribe,
        hidden_link,
        health,
        metrics,
        people,
        changes,
        scenario_pages,
        report_pages,
        review_acts,
        review_pages,
        journey_pages,
        definition_pages,
        segment_pages,
        desk,
        live,
        desk_acts,
        desk_task,  # the last of these: its path takes any word
        lead_list,
        lead_page,
        lead_acts,
    ):
        app.include_router(module.router)
    for module in (confirmation, snippet, page_views, assets):
        app.include_router(module.router, dependencies=[PUBLIC])
    if settings.sample_site:
        app.include_router(sample_site.router, dependencies=[PUBLIC])
    for module in (forms, session, doors, account):
        app.include_router(module.router, dependencies=[PUBLIC, POSTS])
    if settings.mail == "sink":
        app.include_router(sink_faults.router)
        app.include_router(sink.router)
        app.include_router(inbox.api, dependencies=[Depends(need("read"))])
        app.include_router(inbox.pages, dependencies=[Depends(need("read"))])
    return app


async def _refresh(store: DeploymentStore) -> None:
    """Take up new deployments while the process runs."""
    while True:
        try:
            await asyncio.to_thread(store.refresh)
        except Exception:  # noqa: BLE001 - the next round tries again, and /health/ready says what is wrong
            await asyncio.sleep(_REFRESH_SECONDS)
        await asyncio.sleep(_REFRESH_SECONDS)


def serve(settings: Settings) -> None:
    """Run the web process until SIGTERM or SIGINT, at the address of the settings; both end it in order."""
    engine = open_database(settings.database_url)
    try:
        migrate(engine)
        passwords.warm()
        # beside the first answers: whoever waits for a process that is back waits for no page
        threading.Thread(target=session.load_templates, name="compile templates", daemon=True).start()
        with Clock(engine) as clock:
            app = make_app(settings, engine, store=DeploymentStore(engine), clock=clock)
            asyncio.run(_serve(app, settings))
    finally:
        engine.dispose()


class _Server(uvicorn.Server):
    """Lets pages that listen go first: the server waits for every answer that is not complete."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.live.end()
        await super().shutdown(sockets)


async def _serve(app: FastAPI, settings: Settings) -> None:
    server = _Server(
        app,
        uvicorn.Config(
            sink.HangsUp(app),
            host=settings.web_host,
            port=settings.web_port,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=True,  # from the trusted ones only: anybody else could choose an address to be counted for
            forwarded_allow_ips=list(settings.trusted_proxies),
            timeout_graceful_shutdown=5,
        ),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # the server hears both itself, and raises them again when it is done: that must not end the process
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)
    await server.serve()
