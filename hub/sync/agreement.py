"""Do the two sides of one pair agree, field by field and by ownership; and what explains it when they do not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.identity.survive import Claim, resolve_claims
from hub.model.base import Entity
from hub.model.kinds import encode_fields, find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import is_stale
from hub.protocol.diff import is_same_there
from hub.protocol.semantics import Direction, Owner, Policy, Stage
from hub.protocol.snapshot import Snapshot
from hub.store.rows import Image
from hub.sync.context import Hub, OpenConnection
from hub.sync.findings import BEFORE_START, CONFLICT, NOT_DUE, TODO, Reason, explain_by
from hub.sync.intent import is_history, list_values
from hub.sync.resolve import counts
from hub.sync.translate import pair_lines
from hub.sync.waits import SELF_LIFTING

SETTLED = frozenset({BindingState.BOUND, BindingState.WAITING, BindingState.TOMB})
TOTALS = frozenset({"net", "tax", "gross"})
"""Figures that follow from the lines, here as there."""
ENDED = (Stage.VOID, Stage.GONE)


@dataclass(frozen=True)
class Pair:
    """A record here, the document there that is bound to it, and everything that was ever said about the record."""

    binding: Binding
    record: Entity
    images: Sequence[Image]
    snapshot: Snapshot
    asked: Collection[str] = ()
    """Fields that were edited on both sides and about which nobody has decided yet."""

    @property
    def lives_here(self) -> bool:
        return counts(self.record)

    @property
    def lives_there(self) -> bool:
        ended = self.snapshot.values.get("state") in find_kind(self.record.KIND).ENDED
        return self.snapshot.stage not in ENDED and not ended


def find_provenance(hub: Hub, kind: str, images: Sequence[Image]) -> Mapping[str, str]:
    """Field → the source whose value holds."""
    if len(images) == 1:
        return dict.fromkeys(images[0].values, images[0].source)
    claims = [Claim(row.source, row.connection, row.values, read_times(row)) for row in images]
    number = find_kind(kind).NUMBER
    owner, preferences = lambda conn, name: hub.owner_of(conn, kind, name), hub.preferences_of(kind)
    return resolve_claims(claims, owner, number_field=number, preferences=preferences).provenance


def read_times(image: Image) -> dict[str, datetime]:
    """Field → when this source last changed it."""
    return {name: datetime.fromisoformat(at) for name, at in image.changed.items()}


def list_differences(hub: Hub, conn: OpenConnection, pair: Pair) -> dict[str, tuple[Any, Any]]:
    """Field → (here, there), of the fields that have to be equal."""
    kind, policy = pair.record.KIND, conn.policies[pair.record.KIND]
    model, address = type(pair.record), f"{conn.name}/{conn.mapping_of(kind).stream}/{pair.snapshot.external_id}"
    ours = conn.mapping_of(kind).project(list_values(pair.record))
    snapshot = pair.snapshot
    if pair.binding.ours:
        snapshot, _ = pair_lines(snapshot, ours, pair.binding, policy.line_fields)
    provenance = find_provenance(hub, kind, pair.images)
    image = next((row for row in pair.images if row.source == address), None)
    found: dict[str, tuple[Any, Any]] = {}
    for name in _list_expected(policy, pair.binding, provenance, address):
        here, there = ours.get(name), snapshot.values.get(name)
        if name in policy.semantics.silent and name not in snapshot.values:
            continue
        if name in model.DERIVED - TOTALS - {model.AMOUNT}:  # another document may have had a word since
            here = image.values.get(name) if image is not None else None
            there = encode_fields(kind, {name: there})[name] if there is not None else None
        if not is_same_there(policy, name, here, there):
            found[name] = (here, there)
    return found


def _list_expected(policy: Policy, binding: Binding, provenance: Mapping[str, str], address: str) -> Iterator[str]:
    """What came from this very document, and what is ours to write into it."""
    for name in sorted(policy.mapped_in):
        source = provenance.get(name)
        if source == address or (source is not None and is_written(policy, binding, name)):
            yield name


def is_written(policy: Policy, binding: Binding, name: str) -> bool:
    """Whether the hub writes this field there."""
    writes = policy.direction is not Direction.IN and binding.primary
    return writes and name in policy.mapped_out and policy.owner_of(name) is not Owner.REMOTE


def explain_difference(hub: Hub, conn: OpenConnection, pair: Pair, name: str) -> Reason | None:
    """Why this field may differ; None when nothing says so."""
    policy, binding = conn.policies[pair.record.KIND], pair.binding
    known = explain_state(policy, pair)
    if known is not None:
        return known
    model = type(pair.record)
    follows = name in TOTALS | {model.AMOUNT} and "lines" in model.model_fields
    held = binding.held.get("*") or binding.held.get(name) or (binding.held.get("lines") if follows else None)
    if held is not None:
        return explain_by(TODO, held)
    if name in pair.asked:
        return Reason(CONFLICT, "sync.edited_twice", {"fields": name})
    written = is_written(policy, binding, name) or (follows and is_written(policy, binding, "lines"))
    if written and is_history(hub, binding, pair.record, pair.snapshot):
        return Reason(BEFORE_START, "sync.is_history")
    return Reason(NOT_DUE, "sync.to_be_written") if written and binding.dirty else None


def explain_state(policy: Policy, pair: Pair) -> Reason | None:
    """What holds for the document as a whole."""
    binding = pair.binding
    if binding.parked:
        return explain_by(TODO, binding.parked, binding.parked_params)
    if binding.missing_since is not None:
        return Reason(NOT_DUE, "sync.looked_for_again")
    if binding.state not in SETTLED:
        return Reason(NOT_DUE, "sync.on_its_way")
    return Reason(NOT_DUE, "protocol.stale_read") if is_stale(binding, pair.snapshot, policy) else None


def explain_ended(hub: Hub, conn: OpenConnection, pair: Pair) -> Reason | None:
    """Why one of the two may count no more while the other does."""
    binding, policy = pair.binding, conn.policies[pair.record.KIND]
    known = explain_state(policy, pair)
    if known is not None:
        return known
    if binding.held:
        return explain_by(TODO, next(iter(binding.held.values())))
    if binding.void_wanted and binding.dirty and policy.direction is not Direction.IN:
        return Reason(NOT_DUE, "sync.to_be_written")
    address = f"{conn.name}/{conn.mapping_of(binding.kind).stream}/{pair.snapshot.external_id}"
    elsewhere = find_provenance(hub, binding.kind, pair.images).get("state") not in (None, address)
    if binding.state is BindingState.TOMB and pair.lives_here and elsewhere:
        return Reason(NOT_DUE, "protocol.ended_there")
    if policy.direction is Direction.IN and elsewhere and not pair.lives_here:
        return Reason(NOT_DUE, "protocol.read_only")
    return None


def explain_unsent(binding: Binding, not_accepted: str | None) -> Reason | None:
    """Why a record has no document there yet."""
    whole = binding.held.get("*")
    if binding.parked:
        return explain_by(TODO, binding.parked, binding.parked_params)
    if whole is not None:
        asks = whole not in SELF_LIFTING and whole != "protocol.parent_missing"
        return explain_by(TODO if asks else NOT_DUE, whole, binding.parked_params)
    if binding.state is BindingState.TOMB:
        return None
    if binding.state is not BindingState.NEW:
        return Reason(NOT_DUE, "sync.on_its_way")
    return Reason(NOT_DUE, not_accepted or "sync.not_sent_yet")
