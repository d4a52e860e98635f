"""`nurture keys`: made, shown once, listed and ended."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.database import api_keys
from adapters.database.engine import open_database, reading
from adapters.settings import read_settings
from tests.cli.conftest import Nurture


def test_a_key_is_shown_once_and_listed_without_itself(nurture: Nurture) -> None:
    """The key alone is on stdout, so that a script can keep it; the list says role, rights and age."""
    said = nurture("keys", "add", "--role", "intake", "--name", "website")
    key = said.out.strip()
    assert (said.code, len(key)) == (0, 43)
    engine = open_database(read_settings().database_url)
    with reading(engine) as connection:
        found = api_keys.known(connection, key)
    engine.dispose()
    assert found is not None
    assert (found.name, found.role) == ("website", "intake")
    listed = nurture("keys", "list")
    assert key not in listed.out + said.err
    assert ["website", "intake", "events", f"{datetime.now(UTC):%Y}"] == [
        word[:4] if word[:4].isdecimal() else word for word in listed.out.splitlines()[1].split()[:4]
    ]


def test_a_name_is_taken_until_its_key_is_removed(nurture: Nurture) -> None:
    """A second one would silently end the first."""
    assert nurture("keys", "list").out.startswith("no keys yet")
    assert nurture("keys", "add", "--role", "sales", "--name", "crm").code == 0
    again = nurture("keys", "add", "--role", "sales", "--name", "crm")
    assert again.code == 1
    assert "nurture keys remove crm" in again.err
    assert nurture("keys", "remove", "crm").code == 0
    assert nurture("keys", "add", "--role", "sales", "--name", "crm").code == 0


def test_unknown_roles_and_names_are_refused_with_near_ones(nurture: Nurture) -> None:
    """With what to write instead; nothing is made."""
    wrong = nurture("keys", "add", "--role", "marketing", "--name", "x")
    assert wrong.code == 1
    assert "'marketer'" in wrong.err
    nurture("keys", "add", "--role", "ops", "--name", "console")
    missing = nurture("keys", "remove", "consle")
    assert missing.code == 1
    assert "'console'" in missing.err
