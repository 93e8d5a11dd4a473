"""What adopt writes down: a pair as a binding, a doubt as a question."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.errors import RuleBroken
from hub.identity.likeness import list_signs, show_signs, sort_of
from hub.identity.pairing import FILE, Doubt, Pair
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.diff import list_first_differences
from hub.protocol.semantics import Stage
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.sync.adopt_sides import Sides
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.intent import list_values
from hub.sync.lookalike import Alike, hold_aside, name_source
from hub.sync.matching import VETOES, join_pair, park_difference
from hub.sync.translate import Translated, pair_lines, read_source
from hub.sync.verdicts import MAYBE, list_about_source, save_verdict


def adopt_pair(
    tx: UnitOfWork, hub: Hub, conn: OpenConnection, kind: str, pair: Pair, source: SourceRecord, actor: str
) -> list[str]:
    """Bind the two; the fields whose values differ, for which it is parked. ``RuleBroken`` when one of them is bound or
    has become another since it was looked at."""
    record = tx.get(find_kind(kind), id=UUID(pair.here), lock=True)
    taken = tx.find(Binding, connection=conn.name, kind=kind, remote_id=source.external_id, limit=1)
    translated = read_source(tx, hub, conn, kind, source, None)
    if record is None or taken or not _still_fit(kind, record.__dict__, pair, source, translated):
        raise RuleBroken("sync.adopt_changed", connection=conn.name, remote_id=source.external_id)
    evidence = {"rule": pair.rule, "signs": show_signs(list_signs(kind, translated.snapshot.values, source.number))}
    binding = join_pair(tx, hub, conn, record, source, translated, actor, evidence)
    ended = source.stage is Stage.VOID
    update: dict[str, Any] = {"dirty": False, "state": BindingState.TOMB if ended else BindingState.BOUND}
    fields = [] if ended else _list_differing(conn, kind, record, binding, translated)
    tx.save(binding.model_copy(update=update | park_difference(fields)))
    return fields


def _still_fit(kind: str, values: dict[str, Any], pair: Pair, source: SourceRecord, translated: Translated) -> bool:
    if pair.rule == FILE:
        return True
    shared = list_signs(kind, values) & list_signs(kind, translated.snapshot.values, source.number)
    return any(sort_of(sign) == pair.rule for sign in shared)


def _list_differing(
    conn: OpenConnection, kind: str, record: Any, binding: Binding, translated: Translated
) -> list[str]:
    """Fields with values on both sides that are not the same, and fields there that cannot be read yet."""
    policy = conn.policies[kind]
    ours = conn.mapping_of(kind).project(list_values(record))
    snapshot, _ = pair_lines(translated.snapshot, ours, binding, policy.line_fields)
    both = policy.mapped_in & policy.mapped_out
    unread = {problem.field.split(".")[0].split("[")[0] for problem in translated.mapped.problems} & both
    readable = {name: value for name, value in snapshot.values.items() if name not in unread}
    return sorted({*list_first_differences(policy, ours, readable), *unread})


def ask_about_doubt(
    tx: UnitOfWork,
    hub: Hub,
    conn: OpenConnection,
    kind: str,
    source: SourceRecord | None,
    doubt: Doubt,
    sides: Sides,
    actor: str,
) -> None:
    """Put the question into todo: what is there is left outside (``source``), and nothing is made there of what is
    here. What a veto forbids to join is no question about the two, only about the codes."""
    address = name_source(hub, conn.name, kind, doubt.there)
    signs, there = show_signs(doubt.signs), sides.items_there[doubt.there].label
    if doubt.code not in VETOES or any(sort_of(sign) == "number" for sign in doubt.signs):
        known = list_about_source(tx, kind, address)
        evidence = {"rule": "alike", "signs": signs, "there": there, "code": doubt.code}
        for key in doubt.here:
            if UUID(key) not in known:
                save_verdict(tx, hub, kind, UUID(key), address, MAYBE, actor, evidence)
    if source is None:
        return
    arrival = Arrival(tx, hub, conn, kind, source, actor)
    snapshot = read_source(tx, hub, conn, kind, source, None).snapshot
    found = [Alike(UUID(key), doubt.there, sides.items_here[key].label, signs) for key in doubt.here]
    hold_aside(arrival, snapshot, found, doubt.code)
