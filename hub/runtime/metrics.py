"""What Prometheus reads: computed from the database when asked, so that every process tells the same."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.runtime.beacon import count_processes
from hub.runtime.budget import count_calls
from hub.runtime.pool import HubPool
from hub.store.event_rows import Event
from hub.store.rows import Attempt, Run, SyncState
from hub.sync.context import Hub
from hub.sync.events import STATES as EVENT_STATES
from hub.sync.watch import list_alarms, list_stops

RUN_STATES = ("running", "done", "failed", "stopped")
OUTCOMES = ("sent", "ok", "refused", "unknown", "duplicate", "stale", "unsent")
DUE_LIMIT = 5000


def render_metrics(pool: HubPool) -> bytes:
    """The text form of all metrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(HubCollector(pool))
    return generate_latest(registry)


class HubCollector(Collector):
    """Due rows and their age, runs by state, attempts by outcome, calls of the day, guards and alarms."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        with self._pool.lend() as hub:
            yield from _measure_due(hub)
            yield from _measure_history(hub)
            yield from _measure_calls(hub)
            yield from _measure_alarms(hub)
            yield from _measure_events(hub)
            yield from _measure_processes(hub)


def _measure_due(hub: Hub) -> Iterator[Metric]:
    now = hub.now()
    with hub.store.read() as tx:
        due = tx.due_bindings(now, DUE_LIMIT)
    since = [row.not_before or row.updated_at or now for row in due]
    oldest_s = max((now - at).total_seconds() for at in since) if since else 0.0
    yield GaugeMetricFamily("isthmus_due", f"Rows that wait for a worker (counted up to {DUE_LIMIT}).", value=len(due))
    yield GaugeMetricFamily(
        "isthmus_oldest_due_age_seconds", "Age of the oldest row that waits for a worker: the alarm.", value=oldest_s
    )


def _measure_calls(hub: Hub) -> Iterator[Metric]:
    calls = GaugeMetricFamily(
        "isthmus_calls_today", "Calls to another system since midnight there.", labels=["connection"]
    )
    with hub.store.read() as tx:
        for connection in sorted(hub.config.connections):
            calls.add_metric([connection], count_calls(tx, connection, hub.now(), hub.zone_of(connection)))
    yield calls


def _measure_alarms(hub: Hub) -> Iterator[Metric]:
    stops = GaugeMetricFamily(
        "isthmus_guard_stops", "Changes that were stopped because they are too many.",
        labels=["connection", "kind", "way"],
    )  # fmt: skip
    alarms = GaugeMetricFamily(
        "isthmus_stream_alarms", "Streams that went quiet, lists that shrank, cursors that stand still.",
        labels=["connection", "kind", "what"],
    )  # fmt: skip
    with hub.store.read() as tx:
        for stop in list_stops(tx, hub):
            stops.add_metric([stop.connection, stop.kind, stop.way], 1)
        for alarm in list_alarms(tx, hub):
            alarms.add_metric([alarm.connection, alarm.kind, alarm.what], 1)
    yield stops
    yield alarms


def _measure_processes(hub: Hub) -> Iterator[Metric]:
    living = GaugeMetricFamily("isthmus_processes", "Living processes, by what they run.", labels=["part"])
    with hub.store.read() as tx:
        counts = count_processes(tx, hub.now())
        oldest = tx.find(SyncState, order=["called_at"], limit=1, called_at__null=False)
    for part in ("web", "worker", "scheduler"):
        living.add_metric([part], counts[part])
    yield living
    waits_s = (hub.now() - oldest[0].called_at).total_seconds() if oldest and oldest[0].called_at else 0.0
    yield GaugeMetricFamily(
        "isthmus_oldest_call_age_seconds", "Age of the oldest scheduled run that no worker has begun.", value=waits_s
    )


def _measure_events(hub: Hub) -> Iterator[Metric]:
    events = GaugeMetricFamily(
        "isthmus_events", "Calls of other systems by what became of them; those that are done go after a month.",
        labels=["state"],
    )  # fmt: skip
    with hub.store.read() as tx:
        for state in EVENT_STATES:
            events.add_metric([state], tx.count(Event, state=state))
    yield events


def _measure_history(hub: Hub) -> Iterator[Metric]:
    runs = GaugeMetricFamily("isthmus_runs", "Runs by state.", labels=["state"])
    attempts = CounterMetricFamily("isthmus_attempts", "Writes to other systems by outcome.", labels=["outcome"])
    with hub.store.read() as tx:
        for state in RUN_STATES:
            runs.add_metric([state], tx.count(Run, state=state))
        for outcome in OUTCOMES:
            attempts.add_metric([outcome], tx.count(Attempt, outcome=outcome))
    yield runs
    yield attempts
