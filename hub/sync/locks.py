"""The order in which rows are locked, one for everybody: a record, then its bindings.

A page of one system, an edit, a push and a person's decision may meet at one record at the same moment. Each of them
takes the record first, so the others wait there and hold nothing that it will want; several records are taken in the
order of their ids, and what follows from a record (an order from its payments) after it. What cannot be known before,
such as the order that a payment turns out to pay, may still cross: then the database ends one of the two and
``Store.carry_out`` does it again.
"""

from __future__ import annotations

from typing import Any

from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.store import UnitOfWork


def lock_binding(tx: UnitOfWork, **where: Any) -> Binding | None:
    """The binding that meets the conditions (of ``find``), locked after its record."""
    while True:
        found = tx.find(Binding, limit=1, **where)
        if found:
            tx.hold(find_kind(found[0].kind), [found[0].hub_id])
        again = tx.find(Binding, limit=1, lock=True, **where)
        if not again or (found and found[0].hub_id == again[0].hub_id):
            return again[0] if again else None
