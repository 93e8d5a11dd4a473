"""What people have accepted: the first push of a sync needs an accepted plan, and what the plan vouched for must not
have changed since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args
from uuid import UUID

from hub.model.base import Line
from hub.model.kinds import list_fields, list_line_refs, list_refs
from hub.protocol.binding import Binding
from hub.protocol.compare import take_fingerprint
from hub.protocol.decide import Action, Op
from hub.protocol.diff import comparable
from hub.protocol.semantics import Direction
from hub.protocol.snapshot import Intent
from hub.store import UnitOfWork
from hub.store.rows import PlanItem, SyncState
from hub.sync.context import Hub
from hub.sync.evidence import check_probed
from hub.sync.policy import settings_fingerprint
from hub.sync.show import show_value


def order_kinds(kinds: Iterable[str]) -> list[str]:
    """Kinds with those that others refer to first."""
    wanted, ordered = sorted(set(kinds)), []
    while wanted:
        ready = [kind for kind in wanted if not (_list_needs(kind) - {kind}) & set(wanted)] or wanted
        ordered += ready
        wanted = [kind for kind in wanted if kind not in ready]
    return ordered


def _list_needs(kind: str) -> set[str]:
    needs = {target for _, target in list_refs(kind)}
    for info in list_fields(kind).values():
        for inner in get_args(info.annotation):
            if isinstance(inner, type) and issubclass(inner, Line):
                needs |= {target for _, target in list_line_refs(inner)}
    return needs


def current_settings(hub: Hub, connection: str, kind: str) -> str:
    """Fingerprint of what an accepted plan vouches for, as configured now."""
    conn = hub.open(connection)
    sync = hub.sync_of(connection, kind)
    return settings_fingerprint(conn.policies[kind], sync, conn.mapping_of(kind), conn.settings)


def check_accepted(tx: UnitOfWork, hub: Hub, connection: str, kind: str) -> str | None:
    """None when this sync may be pushed: what is known about writing was measured, and a plan has been accepted as it
    is configured now. Else the code of what is missing."""
    state = tx.get(SyncState, connection=connection, kind=kind)
    if state is None or state.accepted_settings is None:
        return "sync.plan_required"
    unknown = check_probed(tx, hub, connection, kind)
    if unknown is not None:
        return unknown
    if state.accepted_settings != current_settings(hub, connection, kind):
        return "sync.settings_changed"
    return None


def carry_acceptance(before: Hub, after: Hub, connection: str, actor: str) -> list[str]:
    """Syncs that were accepted stay so although code tables have grown: what was known still means what it meant. The
    kinds that this is about. Not to be called when a known code means something else by now."""
    carried = []
    for kind, sync in sorted(after.settings_of(connection).syncs.items()):
        if sync.direction is Direction.IN:
            continue
        old, new = current_settings(before, connection, kind), current_settings(after, connection, kind)
        with after.store.write() as tx:
            state = tx.get(SyncState, connection=connection, kind=kind, lock=True)
            if state is None or state.accepted_settings != old or old == new:
                continue
            tx.save(state.model_copy(update={"accepted_settings": new}))
            tx.journal(actor, "plan.carried", kind=kind, connection=connection, why="codes were added")
        carried.append(kind)
    return carried


def list_accepted(hub: Hub) -> set[tuple[str, str]]:
    """Every (connection, kind) that may be pushed without a person standing by."""
    accepted = set()
    for connection, settings in hub.config.connections.items():
        for kind, sync in settings.syncs.items():
            if sync.direction is not Direction.IN:
                with hub.store.read() as tx:
                    if check_accepted(tx, hub, connection, kind) is None:
                        accepted.add((connection, kind))
    return accepted


def name_action(action: Action) -> str:
    """The word for a write that people read in plans."""
    return _WORDS.get(action.op, "hold")


_WORDS = {
    Op.CREATE: "create",
    Op.NEXT_REVISION: "create",
    Op.PATCH: "change",
    Op.TELL_MERGE: "change",
    Op.VOID: "void",
    Op.SUBMIT: "confirm",
    Op.CONFIRM: "confirm",
    Op.REOPEN: "change",
    Op.BEGIN_REVERSE: "change",
}


def fingerprint_write(intent: Intent, action: Action) -> str:
    """What a person accepts: the word for the write and every value that it would put there, old and new."""
    values = {name: [show_value(action.old.get(name)), show_value(value)] for name, value in action.patch.items()}
    return take_fingerprint({"action": name_action(action), "values": values, "void": intent.void})


class PlanGuard:
    """Lets a run write only what its plan said. A document that now asks for something else is held.

    A document may take several steps (create, patch, confirm); the later ones may only carry the values that it had
    when its first step was found to be the planned one. What the other system says in between changes nothing here.
    """

    def __init__(self, hub: Hub, items: Iterable[PlanItem]) -> None:
        self._hub = hub
        self._items = {item.binding_id: item for item in items if item.binding_id and item.side == "there"}
        self._begun: dict[UUID, dict[str, str]] = {}

    def __call__(self, tx: UnitOfWork, binding: Binding, intent: Intent, action: Action) -> str | None:
        unknown = check_probed(tx, self._hub, binding.connection, binding.kind)
        if unknown is not None:
            return unknown
        begun = self._begun.get(binding.id)
        if begun is not None:
            now = self._take_prints(binding, intent)
            same = all(begun.get(name) == now[name] for name in ("", *action.patch))
            return None if same else "sync.plan_stale"
        item = self._items.get(binding.id)
        if item is None or item.action == "hold":
            return "sync.not_in_plan"
        if item.fingerprint != fingerprint_write(intent, action):
            return "sync.plan_stale"
        self._begun[binding.id] = self._take_prints(binding, intent)
        return None

    def _take_prints(self, binding: Binding, intent: Intent) -> dict[str, str]:
        """Field → fingerprint of the wanted value; under the empty name, whether it is to be cancelled."""
        policy = self._hub.open(binding.connection).policies[binding.kind]
        values = {name: comparable(policy, name, value) for name, value in intent.values.items()}
        return {name: take_fingerprint(value) for name, value in {**values, "": intent.void}.items()}


class AcceptedGuard:
    """Lets everything pass on syncs that were accepted as they are configured now, and nothing on others. Asked once
    in a transaction."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __call__(self, tx: UnitOfWork, binding: Binding, intent: Intent, action: Action) -> str | None:
        key = (check_accepted, binding.connection, binding.kind)
        if key not in tx.notes:
            tx.notes[key] = check_accepted(tx, self._hub, binding.connection, binding.kind)
        code: str | None = tx.notes[key]
        return code
