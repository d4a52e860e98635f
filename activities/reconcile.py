"""Compares with the mail provider's lists once a night: page by page, going on where a crash ended it."""

from __future__ import annotations

from datetime import datetime

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.desk import Desk
from adapters.database import reconciling
from adapters.database.engine import reading, writing
from adapters.mail.suppression_lists import LISTS, ListsForbidden, ListsNotReadable, SuppressionLists
from nurture import protocol

log = structlog.get_logger(__name__)


class ReconcileActivities:
    """The activity of the nightly reconciliation."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lacking = desk.meter.create_counter(
            "nurture_suppressions_reconciled", "Suppressions that only the mail provider knew of"
        )
        self._lacking.add(0)

    @activity.defn(name=protocol.RECONCILE, no_thread_cancel_exception=True)
    def reconcile(self) -> int:
        """Take over what is lacking, list by list; how much that was. Ours is never lifted.

        Raises a retryable error while the provider does not answer.
        """
        lists, until, done, offset, found = self._desk.lists, self._desk.clock.now(), "", 0, 0
        if lists is None:
            return self._done(until, 0)
        if activity.info().heartbeat_details:  # an attempt that died: go on with its list
            began, done, offset, found = activity.info().heartbeat_details
            until = datetime.fromisoformat(began)
        names = LISTS[LISTS.index(done) :] if done in LISTS else LISTS
        for name in names:
            try:
                found += self._take_over(lists, name, until, offset, found)
            except ListsNotReadable as error:
                raise ApplicationError(
                    error.what, type="ListsNotReadable", next_retry_delay=error.retry_after
                ) from error
            except ListsForbidden as error:
                log.error("reconciliation_refused", what=error.what, where=error.where, do=error.do)  # noqa: TRY400 - said whole
                return self._done(until, found)  # until somebody does it, once a night is often enough
            offset = 0
        log.info("reconciled", lacking=found, lists=len(LISTS))
        return self._done(until, found)

    def _done(self, until: datetime, found: int) -> int:
        """Note it: the sweep begins the comparison again and again until it reads this."""
        with writing(self._desk.engine) as conn:
            reconciling.done(conn, until, found)
        return found

    def _take_over(self, lists: SuppressionLists, name: str, until: datetime, offset: int, before: int) -> int:
        engine, found = self._desk.engine, 0
        sender = self._desk.store.current().sender
        topics = frozenset(sender.topics) if sender is not None else frozenset()
        with reading(engine) as conn:
            last = reconciling.read_until(conn, name)
        since = last - reconciling.OVERLAP if last is not None else None
        for page in lists.pages(name, since, until, offset=offset):
            for start in range(0, len(page.entries), AT_ONCE):
                with writing(engine) as conn:
                    some = page.entries[start : start + AT_ONCE]
                    lacking = reconciling.fold(conn, some, self._desk.clock.now(), topics)
                found += lacking
                self._lacking.add(lacking)
            activity.heartbeat(until.isoformat(), name, page.offset, before + found)
        with writing(engine) as conn:
            reconciling.finish(conn, name, until, found)
        if found:
            log.warning("suppressions_reconciled", list=name, number=found, why="events of the provider were missed")
        return found


AT_ONCE = 500
"""How many entries are taken over in one transaction."""
