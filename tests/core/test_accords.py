"""Which agreement is in force: by what was deployed when, and by what was agreed in the console."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nurture.accords import Accord, Accords, Version, accords, agreed_once_deployed
from nurture.definitions import Agreed, HotLead

START, DAY = datetime(2026, 11, 1, tzinfo=UTC), timedelta(days=1)
BOTH = ("marketing", "sales")


def hot(total: int, agreed: str | None = "2026-11-01") -> HotLead:
    """A definition with one threshold."""
    said = {"agreed": {"date": agreed, "by": list(BOTH)}} if agreed else {}
    return HotLead.model_validate({"any": [{"score": "total", "at_least": total}], "queue": "q", **said})


def deployed(*several: HotLead | None) -> list[Version]:
    """One deployment a day."""
    return [Version(number, START + number * DAY, "hanako", each) for number, each in enumerate(several, 1)]


def made(total: int | None, day: float, date: str = "2026-12-24") -> Accord:
    """An agreement of the console, on a day counted like the deployments."""
    agreed = Agreed(date=date, by=("佐藤", "鈴木"))
    return Accord(agreed, START + day * DAY, int(day), hot(total) if total is not None else None, number=7)


def told(found: Accords) -> tuple[str | None, int | None, str | None]:
    """What is in force and since when, and what waits."""
    held, waits = found.in_force, found.waits
    return (
        held.agreed.date if held else None, held.since if held else None, waits.agreed.date if waits else None
    )  # fmt: skip


def test_without_any_definition_nothing_is_in_force() -> None:
    """Nor with one that nobody agreed on."""
    assert told(accords([], [])) == (None, None, None)
    assert told(accords(deployed(None), [])) == (None, None, None)
    assert told(accords(deployed(hot(120, None)), [])) == (None, None, None)


def test_a_file_that_says_who_agreed_is_an_agreement_from_its_deployment_on() -> None:
    """A new layout is no new one; a new date is, and the earlier ones stay in the list."""
    assert told(accords(deployed(hot(120)), [])) == ("2026-11-01", 1, None)
    assert told(accords(deployed(hot(120), hot(120)), [])) == ("2026-11-01", 1, None)
    found = accords(deployed(hot(120), hot(100, "2026-12-01")), [])
    assert told(found) == ("2026-12-01", 2, None)
    assert [each.agreed.date for each in found.several] == ["2026-12-01", "2026-11-01"]
    assert found.before(found.several[0]) == hot(120)
    assert found.before(found.several[1]) is None


def test_a_definition_that_changed_under_its_agreement_is_nobodys() -> None:
    """Also where it goes back to what was agreed before the last agreement."""
    found = accords(deployed(hot(120), hot(100)), [])
    assert (told(found), found.held is not None) == ((None, None, None), True)
    back = accords(deployed(hot(120), hot(100, "2026-12-01"), hot(120, "2026-12-01")), [])
    assert told(back) == (None, None, None)
    assert told(accords(deployed(hot(120), hot(100, "2026-12-01"), hot(120)), [])) == ("2026-11-01", 3, None)


def test_what_was_agreed_in_the_console_is_in_force_at_once_where_it_is_deployed() -> None:
    """Also on a definition that was changed before anybody agreed."""
    found = accords(deployed(hot(120), hot(100)), [made(100, 2.5)])
    assert told(found) == ("2026-12-24", 2, None)
    assert [each.number for each in found.several] == [7, None]


def test_another_threshold_waits_for_its_deployment() -> None:
    """Until then the agreement before holds; then it is told once, though the file says it, too."""
    assert told(accords(deployed(hot(120)), [made(100, 1.5)])) == ("2026-11-01", 1, "2026-12-24")
    done = accords(deployed(hot(120), hot(100)), [made(100, 1.5)])
    assert told(done) == ("2026-12-24", 2, None)
    both = made(100, 1.5)
    written = hot(100).model_copy(update={"agreed": both.agreed})
    assert [each.number for each in accords(deployed(hot(120), written), [both]).several] == [7, None]


def test_an_agreement_of_before_does_not_come_back_by_itself() -> None:
    """What was deployed after it, and agreed on, holds."""
    found = accords(deployed(hot(120), hot(100, "2026-12-01")), [made(120, 1.5, "2026-11-15")])
    assert told(found) == ("2026-12-01", 2, None)
    waits = accords(deployed(hot(120), hot(100, "2026-12-01")), [made(90, 1.5, "2026-11-15")])
    assert told(waits) == ("2026-12-01", 2, None)


def test_words_alone_change_nothing() -> None:
    """They stand in the list."""
    found = accords(deployed(hot(120)), [made(None, 1.5)])
    assert told(found) == ("2026-11-01", 1, None)
    assert [each.number for each in found.several] == [7, None]
    assert found.before(found.several[0]) == hot(120)


def test_a_deployment_that_was_begun_before_it_and_done_after_it_does_not_undo_an_agreement() -> None:
    """It was agreed while the one before was current, whatever instant the later one bears."""
    agreed = made(120, 1.5)
    late = Version(2, agreed.at - DAY / 4, "hanako", hot(100))
    (first,) = deployed(hot(120))
    found = accords([first, late], [agreed])
    assert found.several[0].since == 1
    assert (found.waits, found.held is found.several[0], found.in_force) == (None, True, None)
    own = Version(2, agreed.at - DAY / 4, "hanako", hot(100, "2026-12-01"))
    assert told(accords([first, own], [agreed])) == ("2026-12-01", 2, None)


def test_a_definition_that_comes_back_with_its_own_agreement_is_agreed_on_again() -> None:
    """Though the same was agreed in the console before another one took its place."""
    both = made(100, 1.5)
    back = hot(100).model_copy(update={"agreed": both.agreed})
    found = accords(deployed(hot(120), hot(100), hot(90, "2026-12-25"), back), [both])
    assert told(found) == ("2026-12-24", 4, None)
    assert [each.number for each in found.several] == [None, None, 7, None]
    assert accords(deployed(hot(120), hot(100), back), [both]).several[0].number == 7


def test_a_deployment_is_told_what_the_page_would_say_after_it() -> None:
    """Of what waits, of what was agreed and superseded, and of what a file brings."""
    waits, versions = [made(100, 1.5)], deployed(hot(120))
    assert agreed_once_deployed(hot(100), versions, waits)
    assert not agreed_once_deployed(hot(90), versions, waits)
    assert agreed_once_deployed(hot(90, "2026-12-25"), versions, waits)
    later = deployed(hot(120), hot(100), hot(90, "2026-12-25"))
    assert not agreed_once_deployed(hot(100, "2026-12-25"), later, waits)
    assert not agreed_once_deployed(hot(100, None), later, waits)
    assert agreed_once_deployed(hot(90, None), later, waits)
    assert not agreed_once_deployed(None, versions, waits)
    assert (agreed_once_deployed(hot(1), [], []), agreed_once_deployed(hot(1, None), [], [])) == (True, False)
