"""Nothing is made, here or there, that could be there already: what looks alike is held until a person says so.

The question is kept as a verdict ``maybe`` about the two, so that no later edit answers it. ``binding add`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.identity.likeness import show_signs
from hub.identity.pairing import ALIKE_HERE, is_alike
from hub.identity.resolver import PartyFacts
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.semantics import Stage, Tier
from hub.protocol.snapshot import Snapshot
from hub.store import UnitOfWork
from hub.store.rows import IdentityVerdict, Sign
from hub.sync.arrival import Arrival, keep_aside
from hub.sync.context import Hub, OpenConnection
from hub.sync.scope import list_elsewhere
from hub.sync.show import describe_record
from hub.sync.signs import HERE, mark_self, sign_record, sign_snapshot
from hub.sync.translate import make_context
from hub.sync.verdicts import DIFFERENT, MAYBE, list_about_record, list_about_source, save_verdict

ALIKE_THERE = "sync.alike_there"


@dataclass(frozen=True)
class Alike:
    """A record here and something there that could be the same; ``label`` names the one that was looked for."""

    record_id: UUID
    external_id: str
    label: str
    signs: str
    known: bool = False
    """It has been put before a person already."""
    code: str = ALIKE_HERE


def make_facts(kind: str, id: UUID | None, values: Mapping[str, Any]) -> PartyFacts | None:
    """For kinds that are parties."""
    return PartyFacts.of(kind, id, values) if "identifiers" in find_kind(kind).model_fields else None


# ---------------------------------------------------------------- on the way in


def hold_import(arrival: Arrival, snapshot: Snapshot) -> bool:
    """Put aside what could be a record of ours that has no document there yet; whether it was."""
    tx, source = arrival.tx, arrival.source
    if snapshot.stage is Stage.GONE:
        return False
    signs = sign_snapshot(tx, arrival.kind, snapshot)
    mine = mark_self(source.external_id)
    rows = tx.find(Sign, record_kind=arrival.kind, sign__in=[mine, *sorted(signs)])
    shared: dict[UUID, set[str]] = {}
    for row in rows:
        if row.side == HERE:
            shared.setdefault(UUID(row.key), set()).add(row.sign)
    if not shared and not any(row.side == arrival.conn.name and row.sign == mine for row in rows):
        return False
    found = _judge_candidates(arrival, snapshot, shared)
    if not found:
        return False
    for alike in found:
        if not alike.known:
            evidence = {"rule": "alike", "signs": alike.signs, "there": _label_source(arrival, snapshot)}
            save_verdict(
                tx, arrival.hub, arrival.kind, alike.record_id, arrival.address, MAYBE, arrival.actor, evidence
            )
    hold_aside(arrival, snapshot, found, found[0].code)
    return True


def hold_aside(arrival: Arrival, snapshot: Snapshot, found: Iterable[Alike], code: str = ALIKE_HERE) -> None:
    """The row that puts the question before a person."""
    alikes = list(found)
    signs = ", ".join(dict.fromkeys(alike.signs for alike in alikes if alike.signs))
    params = {
        "name": _label_source(arrival, snapshot),
        "candidates": ", ".join(str(alike.record_id) for alike in alikes),
        "names": ", ".join(alike.label for alike in alikes),
        "signs": signs,
        "identifiers": signs,
    }
    amount, currency = snapshot.values.get(find_kind(arrival.kind).AMOUNT), snapshot.values.get("currency")
    keep_aside(arrival, "review", code, params, snapshot.values, amount=amount, currency=currency)


def _label_source(arrival: Arrival, snapshot: Snapshot) -> str:
    return label_values(arrival.kind, snapshot.values, arrival.source.number or arrival.source.external_id)


def label_values(kind: str, values: Mapping[str, Any], fallback: str) -> str:
    """What people would call something there."""
    return str(values.get("name") or values.get(find_kind(kind).NUMBER) or fallback)


def _judge_candidates(arrival: Arrival, snapshot: Snapshot, shared: Mapping[UUID, set[str]]) -> list[Alike]:
    tx, kind = arrival.tx, arrival.kind
    verdicts = list_about_source(tx, kind, arrival.address)
    asked = {id_ for id_, row in verdicts.items() if row.verdict == MAYBE}
    fresh = {id_ for id_ in shared if id_ not in verdicts}
    records = _load_living(tx, kind, asked | fresh)
    fresh -= _list_settled(arrival, fresh)
    theirs = make_facts(kind, None, snapshot.values)
    found = []
    for id_, record in sorted(records.items()):
        label = describe_record(record, str(id_))[0]
        if id_ in asked:
            code = str(verdicts[id_].evidence.get("code", ALIKE_HERE))
            found.append(Alike(id_, arrival.source.external_id, label, _told(verdicts[id_]), known=True, code=code))
        elif id_ in fresh and is_alike(shared[id_], make_facts(kind, id_, record.__dict__), theirs):
            found.append(Alike(id_, arrival.source.external_id, label, show_signs(shared[id_])))
    return found


def _load_living(tx: UnitOfWork, kind: str, ids: Iterable[UUID]) -> dict[UUID, Entity]:
    """Without those that ended: about them there is no question."""
    wanted = sorted(ids)
    rows = tx.find(find_kind(kind), id__in=wanted) if wanted else []
    return {row.id: row for row in rows if getattr(row, "state", None) != "void"}


def _list_settled(arrival: Arrival, ids: Iterable[UUID]) -> set[UUID]:
    """Records that have a document there, or whose document is on its way."""
    wanted = sorted(ids)
    where: dict[str, Any] = {"connection": arrival.conn.name, "kind": arrival.kind}
    rows = arrival.tx.find(Binding, hub_id__in=wanted, **where) if wanted else []
    blind = arrival.policy.semantics.tier is Tier.BLIND
    settled = {row.hub_id for row in rows if row.remote_id is not None or (row.attempts > 0 and not blind)}
    return settled | list_elsewhere(arrival.tx, arrival.hub, arrival.conn.name, arrival.kind, set(wanted) - settled)


def _told(row: IdentityVerdict) -> str:
    return str(row.evidence.get("signs", ""))


# ---------------------------------------------------------------- on the way out


def find_lookalikes(tx: UnitOfWork, hub: Hub, binding: Binding, record: Entity) -> list[Alike]:
    """What was left outside there, or put before a person, and could be this record."""
    verdicts = list_about_record(tx, binding.kind, record.id, binding.connection)
    found = [
        Alike(record.id, id_, str(row.evidence.get("there", id_)), _told(row), known=True)
        for id_, row in verdicts.items()
        if row.verdict == MAYBE
    ]
    signs = sign_record(record)
    rows = tx.find(Sign, record_kind=binding.kind, sign__in=sorted(signs), side=binding.connection) if signs else []
    shared: dict[str, set[str]] = {}
    for row in rows:
        if row.key not in verdicts:
            shared.setdefault(row.key, set()).add(row.sign)
    conn = hub.open(binding.connection)
    for external_id, common in sorted(shared.items()):
        values = _read_kept(tx, hub, conn, binding.kind, external_id)
        theirs = make_facts(binding.kind, None, values)
        if is_alike(common, make_facts(binding.kind, record.id, record.__dict__), theirs):
            label = label_values(binding.kind, values, external_id)
            found.append(Alike(record.id, external_id, label, show_signs(common)))
    return found


def _read_kept(tx: UnitOfWork, hub: Hub, conn: OpenConnection, kind: str, external_id: str) -> Mapping[str, Any]:
    """The canonical values of the payload that is kept of it, as far as they can be read."""
    payload = tx.latest_payload(conn.name, conn.stream_of(kind).name, external_id)
    if payload is None:
        return {}
    return conn.mapping_of(kind).to_canonical(payload, make_context(tx, hub, conn, None)).values


def tell_lookalikes(found: Iterable[Alike]) -> dict[str, str]:
    """Parameters of the sentence."""
    alikes = list(found)
    return {
        "ids": ", ".join(alike.external_id for alike in alikes),
        "names": ", ".join(alike.label for alike in alikes),
        "signs": ", ".join(dict.fromkeys(alike.signs for alike in alikes if alike.signs)),
    }


def ask_about(tx: UnitOfWork, hub: Hub, binding: Binding, actor: str) -> None:
    """Keep the question for good: only a person answers it."""
    record = tx.get(find_kind(binding.kind), id=binding.hub_id)
    for alike in find_lookalikes(tx, hub, binding, record) if record is not None else ():
        if not alike.known:
            evidence = {"rule": "alike", "signs": alike.signs, "there": alike.label}
            source = name_source(hub, binding.connection, binding.kind, alike.external_id)
            save_verdict(tx, hub, binding.kind, binding.hub_id, source, MAYBE, actor, evidence)


def name_source(hub: Hub, connection: str, kind: str, external_id: str) -> str:
    """As in ``Image.source``."""
    return f"{connection}/{hub.open(connection).stream_of(kind).name}/{external_id}"


def tell_apart(tx: UnitOfWork, hub: Hub, binding: Binding, actor: str) -> list[str]:
    """A person says that the record is none of those that it resembles; their ids there."""
    record = tx.get(find_kind(binding.kind), id=binding.hub_id)
    found = find_lookalikes(tx, hub, binding, record) if record is not None else []
    for alike in found:
        source = name_source(hub, binding.connection, binding.kind, alike.external_id)
        save_verdict(tx, hub, binding.kind, binding.hub_id, source, DIFFERENT, actor)
    return [alike.external_id for alike in found]
