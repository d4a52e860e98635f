"""Agreements of the console: proposed by one department, confirmed by the other, on either database."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from adapters.database import agreements, deployments
from adapters.database.agreements import (
    AgreementRefused,
    DefinitionChanged,
    Party,
    Terms,
    UnknownAgreement,
)
from adapters.database.engine import reading, writing
from adapters.database.schema import audit as audit_rows
from adapters.scenario_folder import read_folder
from nurture.agreement import read_hot_lead
from nurture.errors import NurtureError
from nurture.threshold import threshold_of

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
HANAKO, TARO = Party("marketing", "佐藤 花子", "hanako"), Party("sales", "営業 太郎", "taro")
FILES = read_folder(Path("scenarios"))


def deploy(engine: Engine, files: Mapping[str, str] = FILES, hours: int = 0) -> int:
    """Make these files current, so many hours after the start."""
    at = NOW + timedelta(hours=hours)
    with writing(engine) as conn:
        return deployments.deploy(conn, files, [], by="tests", now=at, real_now=at).number


def with_total(total: int) -> dict[str, str]:
    """The sample folder with another threshold and the agreement of before."""
    return {**FILES, "hot_lead.yaml": FILES["hot_lead.yaml"].replace("at_least: 120", f"at_least: {total}")}


def terms(seen: int | None = 1, total: int | None = None) -> Terms:
    """What is agreed on in these tests."""
    return Terms("2026-11-27", "来月から", seen, total)


def propose(engine: Engine, what: Terms, *parties: Party, hours: int = 1) -> agreements.Agreement:
    """A draft of hanako's, or of these."""
    with writing(engine) as conn:
        return agreements.propose(conn, what, parties or (HANAKO,), now=NOW + timedelta(hours=hours))


def confirm(engine: Engine, number: int, party: Party = TARO, hours: int = 2) -> agreements.Agreement:
    """The other department agrees."""
    with writing(engine) as conn:
        return agreements.confirm(conn, number, party, now=NOW + timedelta(hours=hours))


def in_force(engine: Engine) -> tuple[str | None, int | None, bool]:
    """Of which day it is, since which deployment, and whether something waits."""
    with reading(engine) as conn:
        found = agreements.standing(conn)
    held = found.in_force
    return (held.agreed.date if held else None, held.since if held else None, found.waits is not None)


def test_it_is_in_force_once_both_have_agreed(engine: Engine) -> None:
    """Until then the agreement of the file is; auditors read who did what, without a name."""
    deploy(engine)
    assert in_force(engine) == ("2026-11-01", 1, False)
    draft = propose(engine, terms())
    assert (draft.state, draft.open_for, draft.text) == ("proposed", "sales", FILES["hot_lead.yaml"])
    assert in_force(engine) == ("2026-11-01", 1, False)
    agreed = confirm(engine, draft.number)
    assert (agreed.state, agreed.open_for, agreed.agreed.by) == ("agreed", None, ("佐藤 花子", "営業 太郎"))
    assert in_force(engine) == ("2026-11-27", 1, False)
    with reading(engine) as conn:
        rows = conn.execute(select(audit_rows).where(audit_rows.c.did != "deploy").order_by(audit_rows.c.id)).all()
    assert [(row.did, row.subject) for row in rows] == [("propose_agreement", "1"), ("agree", "hot_lead.yaml")]
    assert all(row.details == {"agreement": 1, "date": "2026-11-27"} for row in rows)


def test_both_at_once_need_no_confirmation(engine: Engine) -> None:
    """As in a meeting before one screen."""
    deploy(engine)
    made = propose(engine, terms(), Party("marketing", "佐藤", "boss"), Party("sales", "営業", "boss"))
    assert (made.state, made.logins) == ("agreed", {"marketing": "boss", "sales": "boss"})


def test_nobody_agrees_with_oneself(engine: Engine) -> None:
    """Neither by the same login in another role, nor for the department that proposed; an admin may."""
    deploy(engine)
    number = propose(engine, terms()).number
    for party, why in ((Party("sales", "x", "hanako"), "same_person"), (Party("marketing", "x", "jiro"), "not_yours")):
        with pytest.raises(AgreementRefused) as refused:
            confirm(engine, number, party)
        assert (refused.value.why, bool(refused.value.do)) == (why, True)
    with writing(engine) as conn:
        done = agreements.confirm(conn, number, Party("sales", "営業", "hanako"), alone=True, now=NOW)
    assert done.state == "agreed"


def test_one_draft_at_a_time_and_what_has_ended_stays_so(engine: Engine) -> None:
    """A second is refused until the first is withdrawn or confirmed."""
    deploy(engine)
    first = propose(engine, terms()).number
    with pytest.raises(AgreementRefused) as refused:
        propose(engine, terms(None))
    assert refused.value.why == "open"
    with writing(engine) as conn:
        gone = agreements.withdraw(conn, first, by="taro", why="もう一度話す", now=NOW)
    assert (gone.state, gone.ended_by, gone.why) == ("withdrawn", "taro", "もう一度話す")
    for act in (lambda: confirm(engine, first), lambda: _withdraw(engine, first)):
        with pytest.raises(AgreementRefused) as ended:
            act()
        assert ended.value.why == "ended"
    assert propose(engine, terms()).number == 2
    with pytest.raises(UnknownAgreement):
        confirm(engine, 9)
    assert in_force(engine) == ("2026-11-01", 1, False)


def _withdraw(engine: Engine, number: int) -> None:
    with writing(engine) as conn:
        agreements.withdraw(conn, number, by="taro", why=None, now=NOW)


def test_what_was_deployed_meanwhile_is_looked_at_first(engine: Engine) -> None:
    """Another definition or other points refuse it, before the draft and before the confirmation; texts do not."""
    deploy(engine)
    deploy(engine, {**FILES, "journey_map.yaml": FILES["journey_map.yaml"] + "# x\n"})
    number = propose(engine, terms(1)).number
    deploy(engine, with_total(100), 2)
    with pytest.raises(DefinitionChanged) as changed:
        confirm(engine, number)
    assert (changed.value.seen, changed.value.current) == (1, 3)
    _withdraw(engine, number)
    for seen in (1, 2):
        with pytest.raises(DefinitionChanged):
            propose(engine, terms(seen))
    number = propose(engine, terms(3)).number
    deploy(engine, {**with_total(100), "score.yaml": FILES["score.yaml"].replace("points: 50", "points: 40")}, 3)
    with pytest.raises(DefinitionChanged):
        confirm(engine, number)


def test_a_comment_on_the_points_leaves_a_draft_as_it_is(engine: Engine) -> None:
    """What is compared is what the score does."""
    deploy(engine)
    number = propose(engine, terms()).number
    deploy(engine, {**FILES, "score.yaml": FILES["score.yaml"] + "# x\n"}, 1)
    assert confirm(engine, number).state == "agreed"


def test_what_was_agreed_while_a_deployment_ran_is_no_agreement_that_waits(engine: Engine) -> None:
    """The deployment is of the time at which it was begun, which is before."""
    deploy(engine)
    confirm(engine, propose(engine, terms()).number)
    deploy(engine, with_total(100), 1)
    assert in_force(engine) == (None, None, False)
    with reading(engine) as conn:
        assert agreements.standing(conn).several[0].since == 1


def test_words_alone_are_never_stale(engine: Engine) -> None:
    """And change nothing about what is in force."""
    deploy(engine)
    number = propose(engine, terms(None)).number
    deploy(engine, with_total(100), 2)
    assert confirm(engine, number, hours=3).text is None
    assert in_force(engine) == (None, None, False)


def test_another_threshold_waits_until_it_is_deployed(engine: Engine) -> None:
    """The text as agreed on is kept; a deployment of it in the meantime does not make the draft stale."""
    deploy(engine)
    draft = propose(engine, terms(1, 100))
    assert threshold_of(read_hot_lead(draft.text)) == 100
    confirm(engine, draft.number)
    assert in_force(engine) == ("2026-11-01", 1, True)
    with reading(engine) as conn:
        assert agreements.agreed_on(conn, read_hot_lead(with_total(100)["hot_lead.yaml"]))
        assert not agreements.agreed_on(conn, read_hot_lead(with_total(90)["hot_lead.yaml"]))
    deploy(engine, with_total(100), 5)
    assert in_force(engine) == ("2026-11-27", 2, False)
    again = propose(engine, terms(2, 90), hours=6)
    deploy(engine, with_total(90), 7)
    assert confirm(engine, again.number, hours=8).state == "agreed"
    assert in_force(engine) == ("2026-11-27", 3, False)
    with reading(engine) as conn:  # it took the place of the other, which would be nobody's again
        assert not agreements.agreed_on(conn, read_hot_lead(with_total(100)["hot_lead.yaml"]))


def test_what_cannot_be_agreed_on_keeps_nothing(engine: Engine) -> None:
    """The threshold that is there already, and a folder without a definition."""
    deploy(engine)
    with pytest.raises(NurtureError, match="120 already"):
        propose(engine, terms(1, 120))
    deploy(engine, {name: text for name, text in FILES.items() if name != "hot_lead.yaml"}, 1)
    with pytest.raises(NurtureError, match="there is no hot_lead"):
        propose(engine, terms(2))
    with reading(engine) as conn:
        assert agreements.page(conn) == ([], None)


def test_only_deployments_with_another_text_are_versions(engine: Engine) -> None:
    """However many there are, in one question."""
    deploy(engine)
    deploy(engine, {**FILES, "journey_map.yaml": FILES["journey_map.yaml"] + "# x\n"})
    deploy(engine, with_total(100))
    deploy(engine, {name: text for name, text in FILES.items() if name != "hot_lead.yaml"})
    with reading(engine) as conn:
        found = agreements.versions(conn)
    assert [(each.deployment, threshold_of(each.hot)) for each in found] == [(1, 120), (3, 100), (4, None)]


def test_of_two_who_confirm_at_once_one_does(engine: Engine) -> None:
    """The other is told that it is agreed already."""
    deploy(engine)
    number = propose(engine, terms()).number
    ready, refused = threading.Barrier(2), list[str]()

    def agree(login: str) -> None:
        ready.wait()
        try:
            confirm(engine, number, Party("sales", login, login))
        except AgreementRefused as error:
            refused.append(error.why)

    threads = [threading.Thread(target=agree, args=(login,)) for login in ("taro", "jiro")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert refused == ["ended"]


def test_pages_go_on_where_one_ends(engine: Engine) -> None:
    """The newest first."""
    deploy(engine)
    for _ in range(3):
        propose(engine, terms(None), HANAKO, TARO)
    with reading(engine) as conn:
        first, following = agreements.page(conn, 2)
        second, end = agreements.page(conn, 2, following)
    assert ([each.number for each in first], [each.number for each in second], end) == ([3, 2], [1], None)
