"""The container files hold together: nothing here runs them, since that takes a container engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.settings import Settings
from cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
JOBS = {"temporal-schema", "temporal-namespace", "prepare"}
OURS = {"prepare", "web", "relay", "worker"}
WATCHING = {"prometheus", "grafana"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file with its anchors and merges resolved, as Compose reads it."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services by name."""
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def test_the_whole_topology_is_there(services: dict[str, Any]) -> None:
    """Database, Temporal with its schema, namespace and UI, and the four commands of ours; who watches if asked to."""
    assert set(services) == {"postgres", "temporal", "temporal-ui", *JOBS, *OURS, *WATCHING}
    assert {name for name, service in services.items() if service.get("profiles") == ["observability"]} == WATCHING


def test_what_runs_for_long_has_a_health_check_and_comes_back(services: dict[str, Any]) -> None:
    """The UI has none: nothing waits for it."""
    for name in set(services) - JOBS:
        assert services[name]["restart"] == "unless-stopped", name
        assert name == "temporal-ui" or services[name]["healthcheck"]["test"], name


def test_everything_starts_after_what_it_needs(services: dict[str, Any]) -> None:
    """A job has ended well, anything else is healthy; every name exists, and no two wait for each other."""
    waits = {name: service.get("depends_on", {}) for name, service in services.items()}
    for name, needed in waits.items():
        for other, how in needed.items():
            wanted = "service_completed_successfully" if other in JOBS else "service_healthy"
            assert how["condition"] == wanted, f"{name} → {other}"
    ready: set[str] = set()
    while len(ready) < len(services):
        fresh = {name for name, needed in waits.items() if name not in ready and set(needed) <= ready}
        assert fresh, f"waiting for each other: {set(services) - ready}"
        ready |= fresh


def test_nothing_listens_beyond_this_machine_and_no_secret_is_written_down(compose: dict[str, Any]) -> None:
    """Ports are published on 127.0.0.1; passwords and keys must be given."""
    for name, service in compose["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|PWD|NURTURE_API_KEY|DATABASE_URL", key):
                assert re.search(r"\$\{\w+:\?", value), f"{name}: {key}"


def test_our_services_run_commands_and_settings_that_exist(services: dict[str, Any]) -> None:
    """A renamed command or setting is noticed here."""
    known = {f"NURTURE_{name.upper()}" for name in Settings.model_fields} | {"SENDGRID_API_KEY"}
    for name in OURS:
        service = services[name]
        command = service["command"]
        assert command == ["python", "worker.py"] if name == "worker" else command[1] in COMMANDS, name
        unknown = {key for key in service["environment"] if not key.startswith("TEMPORAL_")} - known
        assert not unknown, name
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True


def test_the_image_copies_what_exists_and_runs_as_nobody_special() -> None:
    """Every source of a COPY is there and not ignored; the last user is not root; packages are checked by hash."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    for line in lines:
        words = [word for word in line.split() if not word.startswith("--")]
        if words[:1] == ["COPY"] and "--from=" not in line:
            for source in words[1:-1]:
                assert (ROOT / source).exists(), source
                assert source in kept, f"{source} is in .dockerignore"
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["nurture"]
    assert any("--require-hashes" in line for line in lines)
    modules = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    copied = {line.split()[1] for line in lines if line.startswith("COPY ") and "--" not in line}
    assert modules <= copied, "a package of ours is missing in the image"


def test_whoever_watches_reads_what_is_shipped_and_cannot_change_it(services: dict[str, Any]) -> None:
    """Every folder of this repository is mounted read-only and exists; Prometheus is started with a file in it."""
    mounts = [each for name in WATCHING for each in services[name]["volumes"] if each.startswith("./")]
    assert len(mounts) == 3
    for mount in mounts:
        source, _, mode = mount.split(":")
        assert mode == "ro", mount
        assert (ROOT / source).exists(), mount
    config = next(each for each in services["prometheus"]["command"] if each.startswith("--config.file="))
    assert (ROOT / "docs" / "prometheus" / config.rpartition("/")[2]).exists()


@pytest.mark.parametrize("name", ["prometheus.yml", "compose.yml"])
def test_prometheus_finds_each_process_where_it_answers(services: dict[str, Any], name: str) -> None:
    """The names of the jobs are those the alerts ask for; for Compose, service and port are those of the services."""
    config = yaml.safe_load((ROOT / "docs" / "prometheus" / name).read_text(encoding="utf-8"))
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert set(jobs) == {"nurture-web", "nurture-relay", "nurture-worker"}
    assert [(ROOT / "docs" / "prometheus" / each).exists() for each in config["rule_files"]] == [True]
    if name == "prometheus.yml":
        return
    for job in jobs.values():
        (found,) = job["dns_sd_configs"]
        (service,) = found["names"]
        environment = services[service]["environment"]
        address = environment.get("NURTURE_METRICS", environment["NURTURE_WEB"])
        assert address == f"0.0.0.0:{found['port']}", service


def test_grafana_knows_where_prometheus_and_the_dashboard_are(services: dict[str, Any]) -> None:
    """The data source is the service beside it, and the provider looks where the dashboard is mounted."""
    folder = ROOT / "docs" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((folder / "dashboards" / "nurture.yml").read_text())["providers"]
    assert any(each.split(":")[1].startswith(provider["options"]["path"]) for each in services["grafana"]["volumes"])
