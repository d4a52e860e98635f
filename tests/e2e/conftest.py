"""A whole Nurture for end-to-end tests, in a directory of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Databases
from tests.e2e.whole import NewWhole, Whole
from tests.temporal_cluster import TemporalCluster


@pytest.fixture(scope="session")
def embedded_whole(free_port: Callable[[], int], databases: Databases) -> NewWhole:
    """Makes wholes that nobody has started yet, each with ports and a database of its own, and Temporal inside."""

    def make(home: Path, **given: Any) -> Whole:
        ports = (free_port(), free_port(), free_port())
        return Whole(home=home, ports=ports, database_url=databases.empty(home), **given)

    return make


@pytest.fixture(scope="session")
def new_whole(embedded_whole: NewWhole, cluster: TemporalCluster | None) -> NewWhole:
    """The same; where the run was asked for it they share a Temporal cluster, each in a namespace of its own."""
    if cluster is None:
        return embedded_whole

    def make(home: Path, *, environment: Mapping[str, str] | None = None, **given: Any) -> Whole:
        with ThreadPoolExecutor(1) as aside:  # the tests' own loop may be running
            namespace = aside.submit(asyncio.run, cluster.namespace()).result()
        there = {"TEMPORAL_ADDRESS": cluster.address, "TEMPORAL_NAMESPACE": namespace, **(environment or {})}
        return embedded_whole(home, environment=there, kill_temporal=cluster.kill, **given)

    return make


@pytest.fixture
def whole(tmp_path: Path, new_whole: NewWhole) -> Iterator[Callable[..., Whole]]:
    """Makes wholes; whatever still runs is stopped at the end."""
    made: list[Whole] = []

    def make(**given: Any) -> Whole:
        made.append(new_whole(tmp_path / f"home_{len(made)}", **given))
        return made[-1]

    yield make
    for each in made:
        if each.process is not None and each.process.poll() is None:
            each.stop()


def write_folder(folder: Path, scenario: str, **files: str) -> Path:
    """A folder of definitions with one scenario: sends at any time, no cap, no holidays."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "scenario.yaml").write_text(scenario, encoding="utf-8")
    (folder / "sender.yaml").write_text(SENDER, encoding="utf-8")
    (folder / "sales.yaml").write_text(SALES, encoding="utf-8")
    for name in ("mail_a", "mail_b", "mail_c"):
        text = f"---\nsubject: {name}\npreheader: {name}\n---\n{{{{ lead.name | default('you') }}}}: [more](/{name})\n"
        text = text.replace("(/", "({{ link('/").replace(f"{name})", f"{name}') }}}})")
        (folder / "templates" / f"{name}.en.md").write_text(text, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


SENDER = """\
legal_name: Example Trading Ltd.
postal_address: 1 Example Street, Tokyo
contact: info@example.com
from: {name: Example, email: news@example.com}
time_zone: Asia/Tokyo
window: always
holidays: none
topics: [newsletter]
"""
SALES = """\
reps: [{rep: rep_1, name: Rep One, email: rep1@example.com, capacity: 1000}]
queues: {inside: {reps: [rep_1], fallback: rep_1}}
"""
