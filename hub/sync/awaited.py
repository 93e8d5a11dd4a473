"""Records that wait for another one of their system, and that nobody will send again: taken in from what is kept as
soon as the other one is here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from hub.store import UnitOfWork
from hub.store.rows import DeadRow
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.ingest import Ingested, ingest
from hub.sync.kept import load_kept
from hub.sync.pause import is_resting
from hub.sync.references import find_referred

_ROUNDS = 4
"""An order may wait for its customer and a payment for the order."""
_CHUNK = 500
REFERENCE = "mapping.reference_unknown"


def take_awaited(hub: Hub, conn: OpenConnection, actor: str) -> Counter[str]:
    """Take in what waits on this connection and need not wait any longer; what became of each."""
    counts: Counter[str] = Counter()
    for _ in range(_ROUNDS):
        with hub.store.read() as tx:
            ready = _list_ready(tx, conn)
        for stream, external_id in ready:
            counts[_take_one(hub, conn, stream, external_id, actor)] += 1
        if not ready:
            break
    return counts


def has_awaited(hub: Hub) -> bool:
    """Whether anything waits for another record at all."""
    with hub.store.read() as tx:
        return tx.count(DeadRow, state="waiting") > 0


def take_all_awaited(hub: Hub, actor: str) -> Counter[str]:
    """The same on every connection that is called: what a killed process left undone."""
    counts: Counter[str] = Counter()
    with hub.store.read() as tx:
        names = {row[0] for row in tx.pluck(DeadRow, ("connection",), state="waiting")} & set(hub.config.connections)
        awake = sorted(name for name in names if not is_resting(tx, hub, name))
    for name in awake:
        conn = hub.open(name)
        if conn.receiver is not None:
            conn.load_codes()
            counts.update(take_awaited(hub, conn, actor))
    return counts


def find_awaited(params: Mapping[str, Any]) -> tuple[str, str] | None:
    """(kind, external id) of the record that a stored reason waits for."""
    for value in params.values():
        if not isinstance(value, dict) or "params" not in value:
            continue
        inner = value["params"]
        if value.get("code") == REFERENCE:
            return str(inner["ref_kind"]), str(inner["external_id"])
        found = find_awaited(inner)
        if found is not None:
            return found
    return None


def _list_ready(tx: UnitOfWork, conn: OpenConnection) -> list[tuple[str, str]]:
    """(stream, external id) of those whose other record is here by now."""
    waiting = dict(_list_waiting(tx, conn))
    by_kind: dict[str, set[str]] = defaultdict(set)
    for kind, external_id in waiting.values():
        by_kind[kind].add(external_id)
    here: set[tuple[str, str]] = set()
    for kind, ids in by_kind.items():
        ordered = sorted(ids)
        for start in range(0, len(ordered), _CHUNK):
            here |= {(kind, id) for id in find_referred(tx, conn.name, kind, ordered[start : start + _CHUNK])}
    return sorted(place for place, wanted in waiting.items() if wanted in here)


def _list_waiting(tx: UnitOfWork, conn: OpenConnection) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    for stream, external_id, params in tx.pluck(
        DeadRow, ("stream", "external_id", "params"), connection=conn.name, state="waiting"
    ):
        wanted = find_awaited(params)
        if wanted is not None and stream in conn.streams:
            yield (stream, external_id), wanted


def _take_one(hub: Hub, conn: OpenConnection, stream: str, external_id: str, actor: str) -> str:
    kind = next((kind for kind, mapping in conn.mappings.items() if mapping.stream == stream), None)
    if kind is None or kind not in conn.policies:
        return "left"
    taken_kind = kind

    def work(tx: UnitOfWork) -> Ingested | None:
        row = tx.get(DeadRow, connection=conn.name, stream=stream, external_id=external_id, lock=True)
        source = load_kept(tx, row) if row is not None and row.state == "waiting" else None
        return ingest(Arrival(tx, hub, conn, taken_kind, source, actor)) if source is not None else None

    done = hub.store.carry_out(work)  # a page that brings the same record locks it before its row here
    if done is None:
        return "left"
    hub.hint(done.due)
    return done.outcome
