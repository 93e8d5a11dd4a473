"""Events of documents that could not be booked: kept with the reason until they are, or a person gives them up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hub.errors import NotFound
from hub.locale import keep_params
from hub.model.kinds import find_kind
from hub.store import UnitOfWork
from hub.store.voucher_rows import VoucherHold
from hub.sync.context import Hub
from hub.sync.waits import RETRY, UNDO, TodoItem

if TYPE_CHECKING:
    from hub.sync.vouchers import Outcome

HELD, DROPPED = "held", "dropped"
Holds = Mapping[tuple[str, str], VoucherHold]
"""(ledger, trigger) → what is held of one document."""


def load_holds(tx: UnitOfWork, source_id: UUID) -> Holds:
    return {(row.ledger, row.trigger): row for row in tx.find(VoucherHold, source_id=source_id)}


def keep_hold(tx: UnitOfWork, hub: Hub, outcome: Outcome, known: VoucherHold | None) -> bool:
    """Write down that the event is held, or that it is no longer; True: it is held for the reason that was known."""
    if outcome.reason is None:
        if known is not None and known.state == HELD:
            drop_rows(tx, [known])
        return False
    code, params = outcome.reason.code, keep_params(outcome.reason.params)
    if known is not None and (known.code, known.params) == (code, params):
        return True
    tx.save(
        VoucherHold(
            ledger=outcome.ledger, source_id=outcome.source_id, trigger=outcome.trigger.value,
            source_kind=outcome.kind, source=outcome.source, code=code, params=params,
            since=hub.now() if known is None else known.since,
        )
    )  # fmt: skip
    return False


def drop_rows(tx: UnitOfWork, rows: Sequence[VoucherHold]) -> None:
    for row in rows:
        tx.delete(VoucherHold, ledger=row.ledger, source_id=row.source_id, trigger=row.trigger)


def list_held(hub: Hub, names: Sequence[str], after: UUID, limit: int) -> list[tuple[str, UUID]]:
    """(kind, id) of the documents with held events in these ledgers, those after an id."""
    with hub.store.read() as tx:
        rows = tx.find(
            VoucherHold, ledger__in=list(names), state=HELD, source_id__gt=after, order=["source_id"], limit=limit
        )
    return list(dict.fromkeys((row.source_kind, row.source_id) for row in rows))


# ---------------------------------------------------------------- in the todo list


def list_voucher_waits(tx: UnitOfWork, hub: Hub) -> Iterator[TodoItem]:
    """Held and given up events of the ledgers that there are."""
    for row in tx.find(VoucherHold, ledger__in=sorted(hub.config.ledgers)):
        held = row.state == HELD
        yield TodoItem(
            "voucher" if held else "dropped", "*", row.code, RETRY if held else UNDO, kind=row.source_kind,
            record_id=row.source_id, number=row.source, params=row.params, since=row.since,
            thing=f"voucher:{row.ledger}:{row.trigger}:{row.source_id}",
        )  # fmt: skip


def load_hold(tx: UnitOfWork, item: TodoItem) -> VoucherHold:
    """The row behind an entry, locked. ``NotFound``: it is booked by now."""
    _, _, rest = item.thing.partition(":")
    ledger, trigger, source_id = rest.rsplit(":", 2)
    key: dict[str, Any] = {"ledger": ledger, "trigger": trigger, "source_id": UUID(source_id)}
    row = tx.get(VoucherHold, lock=True, **key)
    if row is None:
        raise NotFound("todo.unknown", text=item.short)
    return row


def give_up(tx: UnitOfWork, item: TodoItem, reason: str, actor: str) -> None:
    """Book it never, until the decision is taken back."""
    if item.record_id is not None:  # whoever books it locks the document first
        tx.get(find_kind(item.kind), id=item.record_id, lock=True)
    row = load_hold(tx, item)
    params = {**row.params, "reason": reason, "actor": actor}
    tx.save(row.model_copy(update={"state": DROPPED, "params": params}))
