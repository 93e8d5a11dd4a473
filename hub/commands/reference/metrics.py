"""What ``/metrics`` offers, read from a hub that has nothing in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client.core import Metric

from hub.commands.reference.markdown import as_code, write_page, write_table
from hub.runtime.assemble import open_store
from hub.runtime.clock import SystemClock
from hub.runtime.home import Home, make_home
from hub.runtime.metrics import HubCollector
from hub.runtime.pool import HubPool
from hub.runtime.publish import publish

HEAD = """\
`isthmus up` answers at `/metrics` in the text form of Prometheus. Every number is computed from the database when it is
asked for, so each process of an installation tells the same. `/healthz` says whether this process lives, `/readyz`
whether it can work. The alarm to set: `isthmus_oldest_due_age_seconds` above a quarter of an hour.
"""


def render() -> str:
    """The whole page."""
    rows = [
        (as_code(_name(metric)), metric.type, ", ".join(_labels(metric)) or "–", metric.documentation)
        for metric in collect()
    ]
    return write_page("Metrics", [HEAD, write_table(["metric", "type", "labels", "meaning"], rows)])


def collect() -> Sequence[Metric]:
    """Every metric that a new hub offers."""
    with TemporaryDirectory() as folder:
        home = Home(Path(folder), {})
        make_home(home)
        open_store(home, create=True).close()
        pool = HubPool(home)
        try:
            publish(home, pool.store, SystemClock(), "reference")
            return list(HubCollector(pool).collect())
        finally:
            pool.close()


def _name(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def _labels(metric: Metric) -> tuple[str, ...]:
    """Also of a metric that has no sample in a new hub."""
    names: tuple[str, ...] = getattr(metric, "_labelnames", ())
    return names
