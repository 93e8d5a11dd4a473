"""What is there twice under one number."""

from __future__ import annotations

from uuid import UUID

from hub.protocol.binding import Binding, BindingState
from hub.store.rows import DeadRow
from hub.store.scratch import Scratch
from hub.sync.context import Hub, OpenConnection
from hub.sync.findings import DOUBLE, MISSING_HERE, MISSING_THERE, TODO, Reason
from hub.sync.ledger import Ledger

THERE, HERE = "there", "here"
"""The two sides among the notes of a comparison."""


def find_twins_there(hub: Hub, conn: OpenConnection, ledger: Ledger, scratch: Scratch) -> None:
    """One number on several living documents."""
    stream = conn.stream_of(ledger.kind).name
    for number, ids in scratch.list_shared(THERE):
        known = [row for row in ledger.findings if row.remote_id in ids and row.sort in (MISSING_HERE, DOUBLE)]
        if any(row.sort == DOUBLE for row in known):
            continue
        with hub.store.read() as tx:
            aside = tx.count(DeadRow, connection=conn.name, stream=stream, external_id__in=ids)
        reason = Reason(TODO, "sync.same_number_there", {"number": number}) if aside else None
        command = f"isthmus trace {number} --kind {ledger.kind}"
        ledger.fold(known, number, ids, command, reason=reason, remote_id=ids[-1])


def find_twins_here(hub: Hub, conn: OpenConnection, ledger: Ledger, scratch: Scratch) -> None:
    """One number on several records, of which not each has a living document of its own."""
    for number, ids in scratch.list_shared(HERE):
        records = [UUID(id_) for id_ in ids]
        with hub.store.read() as tx:
            rows = tx.find(Binding, connection=conn.name, kind=ledger.kind, hub_id__in=records)
        living = {row.hub_id for row in rows if row.remote_id is not None and row.state is not BindingState.TOMB}
        if len(living) == len(ids):
            continue
        known = [row for row in ledger.findings if row.record_id in records and row.sort == MISSING_THERE]
        asked = any(row.parked or "*" in row.held for row in rows)
        reason = Reason(TODO, "sync.same_number_here", {"number": number}) if asked else None
        command = f"isthmus record show {ledger.kind} {records[-1]}"
        ledger.fold(known, number, ids, command, reason=reason, record_id=records[-1])
