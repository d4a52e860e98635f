"""The expressions that are shipped for Prometheus and Grafana, as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

DOCS = Path(__file__).parents[2] / "docs"


def alerts() -> dict[str, dict[str, Any]]:
    """The alerting rules by name."""
    content = yaml.safe_load((DOCS / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    return {rule["alert"]: rule for group in content["groups"] for rule in group["rules"]}


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    found: dict[str, Any] = json.loads((DOCS / "grafana" / "nurture.json").read_text(encoding="utf-8"))
    return found


def expressions() -> dict[str, str]:
    """Every PromQL expression by the alert or panel it stands in, with Grafana's variables filled in."""
    found = {name: rule["expr"] for name, rule in alerts().items()}
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            found[f"{panel['title']} {target['refId']}"] = target["expr"].replace("$__rate_interval", "5m")
    return found
