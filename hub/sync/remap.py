"""Remap: what a changed mapping or code table makes of the records that were read before, from their kept payloads and
through ingest itself. Shown first, in transactions that are undone; written when a person accepts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, NotFound
from hub.locale import keep_params
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.protocol.semantics import Direction, Stage
from hub.store import UnitOfWork
from hub.store.guard_rows import Remap
from hub.store.rows import DeadRow, Image
from hub.sync.accept import check_accepted
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.ingest import Ingested, ingest
from hub.sync.kept import revive_bound
from hub.sync.mass import flatten_changes, is_empty
from hub.sync.pull import Progress
from hub.sync.show import describe_record, show_field

CHUNK = 100
EXAMPLES = 3
NAMED = 20


@dataclass
class Findings:
    """What remapping comes to; as large for a million records as for ten."""

    counts: Counter[str] = field(default_factory=Counter)
    """looked, changed, unreadable, stale (something newer is on its way), no_raw."""
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Field → count, emptied, filled, and examples: number, record_id, source, old, new."""
    amounts: dict[str, list[Decimal]] = field(default_factory=dict)
    """Currency → gross of the changed records before and after."""
    no_raw: list[str] = field(default_factory=list)
    """The first few whose payload was removed: connection/stream/id."""
    unreadable: list[dict[str, Any]] = field(default_factory=list)
    """The first few that the new mapping cannot read: source, code, params."""
    due: Counter[str] = field(default_factory=Counter)
    """Connection → documents there that would have to be written."""

    def to_json(self) -> dict[str, Any]:
        return {
            "counts": dict(self.counts), "fields": dict(sorted(self.fields.items())), "no_raw": self.no_raw,
            "unreadable": self.unreadable, "due": dict(sorted(self.due.items())),
            "amounts": {code: [str(old), str(new)] for code, (old, new) in sorted(self.amounts.items())},
        }  # fmt: skip


def preview_remap(
    hub: Hub, kind: str, connections: Sequence[str] | None, actor: str, progress: Progress | None = None
) -> Remap:
    """What would differ. Nothing but the preview itself is written."""
    chosen = choose_connections(hub, kind, connections)
    found = Findings()
    for name in chosen:
        last: UUID | None = None
        while True:
            with hub.store.rehearse() as tx:
                last = _Pass(tx, hub, hub.open(name), kind, actor, found).remap_chunk(last)
            if progress:
                progress("remap", found.counts["looked"], None)
            if last is None:
                break
    with hub.store.write() as tx:
        label = _make_label(hub, tx)
        return tx.insert(
            Remap(
                id=hub.new_id(), label=label, kind=kind, connections=chosen,
                versions={name: _take_version(hub, name, kind) for name in chosen}, summary=found.to_json(),
                made_at=hub.now(), made_by=actor,
            )
        )  # fmt: skip


def choose_connections(hub: Hub, kind: str, connections: Sequence[str] | None) -> list[str]:
    """Connections whose sync of the kind is read; or those asked for. ``ConfigInvalid`` when there is none."""
    for name in connections or ():
        hub.sync_of(name, kind)
    found = [
        name
        for name, settings in sorted(hub.config.connections.items())
        if (not connections or name in connections)
        and kind in settings.syncs
        and settings.syncs[kind].direction is not Direction.OUT
    ]
    if not found:
        raise ConfigInvalid("sync.remap_nothing", kind=kind)
    for name in found:
        hub.open(name).load_codes()
    return found


def _make_label(hub: Hub, tx: UnitOfWork) -> str:
    while True:
        label = f"{hub.random.getrandbits(16):04x}"
        if not tx.find(Remap, label=label, limit=1):
            return label


def _take_version(hub: Hub, connection: str, kind: str) -> str:
    """Digest of everything that decides how the connection's records are read."""
    conn = hub.open(connection)
    codes = {name: dict(table) for name, table in conn.codes.items()}
    return take_fingerprint({"mapping": conn.mapping_of(kind).version, "codes": codes})


def load_remap(hub: Hub, label: str) -> Remap:
    """A preview by its short id."""
    with hub.store.read() as tx:
        found = tx.find(Remap, label=label.strip().lower(), limit=1)
    if not found:
        raise NotFound("sync.remap_unknown", label=label)
    return found[0]


def accept_remap(hub: Hub, label: str, actor: str, progress: Progress | None = None) -> Remap:
    """Write what the preview showed, chunk by chunk; one that was cut off goes on where it stood.

    ``ConfigInvalid`` when it was written already, or mapping or codes have changed since.
    """
    remap = load_remap(hub, label)
    if remap.state == "done":
        raise ConfigInvalid("sync.remap_used", label=remap.label, kind=remap.kind)
    for name, version in remap.versions.items():
        if remap.kind not in hub.settings_of(name).syncs or _take_version(hub, name, remap.kind) != version:
            raise ConfigInvalid("sync.remap_changed", label=remap.label, connection=name, kind=remap.kind)
    remap = _begin(hub, remap, actor)
    for name in remap.connections:
        while True:
            remap, more = _write_chunk(hub, remap, name, actor)
            if progress:
                progress("remap", remap.counts.get("looked", 0), None)
            if not more:
                break
    with hub.store.write() as tx:
        tx.journal(actor, "remap.done", kind=remap.kind, label=remap.label, counts=remap.counts)
        return tx.save(remap.model_copy(update={"state": "done", "ended_at": hub.now()}))


def _begin(hub: Hub, remap: Remap, actor: str) -> Remap:
    with hub.store.write() as tx:
        stored = tx.get(Remap, id=remap.id, lock=True) or remap
        if stored.state != "shown":
            return stored
        tx.journal(actor, "remap.accepted", kind=remap.kind, label=remap.label, counts=remap.summary["counts"])
        update = {"state": "running", "accepted_at": hub.now(), "accepted_by": actor}
        return tx.save(stored.model_copy(update=update))


def _write_chunk(hub: Hub, remap: Remap, name: str, actor: str) -> tuple[Remap, bool]:
    """One transaction: some records and the position after them. Another process that writes the same remap is seen by
    its position."""
    with hub.store.write() as tx:
        stored = tx.get(Remap, id=remap.id, lock=True) or remap
        at, last = stored.position or [remap.connections[0], ""]
        if remap.connections.index(name) < remap.connections.index(at):
            return stored, False
        after = UUID(last) if last and at == name else None
        if last == "end" and at == name:
            return stored, False
        found = Findings(Counter(stored.counts))
        reached = _Pass(tx, hub, hub.open(name), remap.kind, actor, found).remap_chunk(after)
        update = {"counts": dict(found.counts), "position": [name, str(reached) if reached else "end"]}
        saved = tx.save(stored.model_copy(update=update))
    return saved, reached is not None


@dataclass
class _Pass:
    """Some records of one connection, in one transaction."""

    tx: UnitOfWork
    hub: Hub
    conn: OpenConnection
    kind: str
    actor: str
    found: Findings

    def remap_chunk(self, last: UUID | None) -> UUID | None:
        """The records after ``last``; the last of them, None when there are no more."""
        images = self._list_images(last)
        ids = sorted({image.record_id for image in images})
        before = self._count_due(ids)
        for image in images:
            self._remap_one(image)
        self.found.due.update(self._count_due(ids) - before)
        return ids[-1] if len(images) >= CHUNK else None

    def _list_images(self, last: UUID | None) -> Sequence[Image]:
        """About ``CHUNK`` images, never only some of a record's."""
        where: dict[str, Any] = {
            "record_kind": self.kind, "connection": self.conn.name, "stream": self.conn.mapping_of(self.kind).stream,
        }  # fmt: skip
        after: dict[str, Any] = {"record_id__gt": last} if last else {}
        rows = self.tx.find(Image, order=["record_id", "source"], limit=CHUNK, **where, **after)
        if len(rows) < CHUNK:
            return rows
        edge = rows[-1].record_id
        return [row for row in rows if row.record_id != edge] + self.tx.find(
            Image, order=["source"], record_id=edge, **where
        )

    def _count_due(self, ids: Sequence[UUID]) -> Counter[str]:
        rows = self.tx.find(Binding, kind=self.kind, hub_id__in=ids, dirty=True) if ids else []
        return Counter(row.connection for row in rows if row.remote_id is not None)

    def _remap_one(self, image: Image) -> None:
        binding = self.tx.get(
            Binding, connection=self.conn.name, kind=self.kind, remote_id=image.external_id, hub_id=image.record_id
        )
        ended = binding is not None and binding.stage in (Stage.VOID, Stage.GONE)
        if (
            binding is None
            or binding.state is BindingState.FOREIGN
            or (ended and binding.state is not BindingState.TOMB)
        ):
            return  # a person decides about those that ended unasked; no reading of old may do it
        self.found.counts["looked"] += 1
        source = revive_bound(self.tx, image, binding)
        if source is None:
            self.found.counts["no_raw"] += 1
            if len(self.found.no_raw) < NAMED:
                self.found.no_raw.append(image.source)
            return
        old = self.tx.get(find_kind(self.kind), id=image.record_id)
        arrival = Arrival(self.tx, self.hub, self.conn, self.kind, source, self.actor, as_of=source.read_at)
        self._note(arrival, ingest(arrival), old)

    def _note(self, arrival: Arrival, done: Ingested, old: Entity | None) -> None:
        if done.outcome in ("dead", "waiting", "review"):
            self.found.counts["unreadable"] += 1
            dead = self.tx.get(DeadRow, **arrival.key)
            if dead is not None and len(self.found.unreadable) < NAMED:
                told = {"source": arrival.address, "code": dead.code, "params": keep_params(dead.params)}
                self.found.unreadable.append(told)
            return
        if done.outcome == "stale":
            self.found.counts["stale"] += 1
        if not done.changes or done.record_id is None:
            return
        self.found.counts["changed"] += 1
        record = self.tx.get(find_kind(self.kind), id=done.record_id)
        label, _, _ = describe_record(record, arrival.source.external_id)
        for name, (before, after) in flatten_changes(done.changes).items():
            self._add_field(name, before, after, {"number": label, "record_id": str(done.record_id)}, arrival.address)
        self._add_amounts(old, record)

    def _add_field(self, name: str, old: Any, new: Any, about: Mapping[str, Any], source: str) -> None:
        row = self.found.fields.setdefault(name, {"count": 0, "emptied": 0, "filled": 0, "examples": []})
        row["count"] += 1
        row["emptied"] += is_empty(new)
        row["filled"] += is_empty(old)
        if len(row["examples"]) < EXAMPLES:
            shown = [show_field(self.tx, self.kind, name, value) for value in (old, new)]
            row["examples"].append({**about, "source": source, "old": shown[0], "new": shown[1]})

    def _add_amounts(self, old: Entity | None, new: Entity | None) -> None:
        for place, record in enumerate((old, new)):
            _, amount, currency = describe_record(record, "")
            if amount is not None and currency:
                self.found.amounts.setdefault(currency, [Decimal(0), Decimal(0)])[place] += amount


def list_next(hub: Hub, remap: Remap) -> Iterator[tuple[str, str | None]]:
    """(connection, code of why a plan must be accepted first, or None) of every connection that has to be written."""
    with hub.store.read() as tx:
        for connection in sorted(remap.summary["due"]):
            yield connection, check_accepted(tx, hub, connection, remap.kind)
