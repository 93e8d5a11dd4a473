"""Bindings as people handle them: list and explain; matching by hand and settling have files of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, NotFound
from hub.locale import render
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import Action, Op
from hub.store import UnitOfWork
from hub.store.rows import Conflict
from hub.sync.context import Hub
from hub.sync.intent import decide_binding
from hub.sync.lease import is_due
from hub.sync.matching import add_binding, remove_binding
from hub.sync.settle import settle_binding
from hub.sync.show import show_value


@dataclass(frozen=True)
class BindingView:
    """A binding and what the hub would do with it next: ``code`` with ``params`` says why, ``changes`` is field → value
    that would be written."""

    binding: Binding
    number: str | None
    next_step: str
    code: str
    params: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)

    def text(self, lang: str = "en") -> str:
        """What comes next and why, in one sentence."""
        return render(self.code, lang, **self.params)


def list_bindings(
    hub: Hub,
    *,
    connection: str | None = None,
    kind: str | None = None,
    state: str | None = None,
    record_id: UUID | None = None,
    limit: int = 100,
) -> list[Binding]:
    """The newest bindings that fit; ``ConfigInvalid`` names the known states."""
    given = {"connection": connection, "kind": kind, "hub_id": record_id}
    where: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if state is not None:
        if state not in set(BindingState):
            raise ConfigInvalid("sync.state_unknown", state=state, known=", ".join(BindingState))
        where["state"] = BindingState(state)
    with hub.store.read() as tx:
        return tx.find(Binding, order=["-id"], limit=limit, **where)


def show_binding(hub: Hub, text: str) -> BindingView:
    """One binding by its id or the beginning of it, explained by the function that push obeys. Sends nothing."""
    with hub.store.read() as tx:
        binding = _find_binding(tx, text)
    if binding.remote_id is None and binding.connection in hub.config.connections:
        hub.open(binding.connection).with_codes()  # what it resembles there is translated
    with hub.store.read() as tx:
        binding = _find_binding(tx, text)
        record = tx.get(find_kind(binding.kind), id=binding.hub_id)
        number = str(getattr(record, record.NUMBER) or getattr(record, "name", "")) if record is not None else None
        if binding.connection not in hub.config.connections:
            return BindingView(binding, number, Op.NOTHING.value, "sync.connection_gone", _name(binding))
        if binding.kind not in hub.open(binding.connection).policies:
            return BindingView(binding, number, Op.NOTHING.value, "sync.sync_gone", _name(binding))
        if not binding.parked and not is_due(hub, binding):
            return _explain_rest(tx, hub, binding, number)
        _, action, _ = decide_binding(tx, hub, binding, None)
    return _explain_action(binding, number, action)


def _find_binding(tx: UnitOfWork, text: str) -> Binding:
    plain = text.replace("-", "").lower()
    if not plain or len(plain) > 32 or any(char not in "0123456789abcdef" for char in plain):
        raise NotFound("sync.binding_unknown", text=text)
    low, high = UUID(plain.ljust(32, "0")), UUID(plain.ljust(32, "f"))
    found = tx.find(Binding, id__ge=low, id__le=high, order=["id"], limit=6)
    if not found:
        raise NotFound("sync.binding_unknown", text=text)
    if len(found) > 1:
        raise ConfigInvalid("sync.binding_ambiguous", text=text, ids=", ".join(str(row.id) for row in found))
    return found[0]


def _name(binding: Binding) -> dict[str, str]:
    return {"connection": binding.connection, "kind": binding.kind}


def _explain_rest(tx: UnitOfWork, hub: Hub, binding: Binding, number: str | None) -> BindingView:
    """Why nothing happens now."""
    nothing = Op.NOTHING.value
    if binding.state is BindingState.TOMB:
        return BindingView(binding, number, nothing, "protocol.ended_there")
    if binding.not_before is not None and binding.not_before > hub.now() and binding.state is not BindingState.BOUND:
        code = binding.held.get("*", "sync.waits_until")
        params = {**binding.parked_params, "at": binding.not_before.isoformat(timespec="seconds")}
        return BindingView(binding, number, Op.WAIT.value, code, params)
    if binding.held:
        fields = ", ".join(sorted(binding.held))
        return BindingView(binding, number, nothing, "sync.fields_held", {"fields": fields})
    if binding.why is not None:
        code = "sync.unreadable" if binding.why == "sync.cannot_read" else binding.why
        return BindingView(binding, number, Op.WAIT.value, code)
    conflicts = tx.find(Conflict, binding_id=binding.id, decided_at=None)
    if conflicts:
        fields = ", ".join(sorted({row.field for row in conflicts}))
        return BindingView(binding, number, nothing, "sync.conflict_undecided", {"fields": fields})
    return BindingView(binding, number, nothing, "sync.in_agreement")


def _explain_action(binding: Binding, number: str | None, action: Action) -> BindingView:
    changes = {name: show_value(value) for name, value in action.patch.items()}
    code = action.code or f"sync.next_{action.op.value}"
    return BindingView(binding, number, action.op.value, code, dict(action.params), changes)


__all__ = ["BindingView", "add_binding", "list_bindings", "remove_binding", "settle_binding", "show_binding"]
