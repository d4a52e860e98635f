"""What every process tells Prometheus about itself, and where; refuses to know what any of them counts."""

from __future__ import annotations

from importlib.metadata import version

from prometheus_client import Gauge, disable_created_metrics, start_http_server

VERSION = version("nurture")
BUILD = Gauge("nurture_build_info", "Always 1; the label is the version that runs", ("version",))


def introduce() -> None:
    """Tell which version runs, and leave out the instant beside each counter that nobody asks for."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    BUILD.labels(VERSION).set(1)


def serve_metrics(address: str) -> None:
    """Answer Prometheus at `address` (HOST:PORT), in a thread of its own, for as long as the process lives."""
    introduce()
    host, _, port = address.rpartition(":")
    start_http_server(int(port), addr=host.strip("[]"))
