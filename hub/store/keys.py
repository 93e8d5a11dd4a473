"""How each row of the bookkeeping is keyed and looked up."""

from __future__ import annotations

from dataclasses import dataclass

from hub.model.kinds import load_kinds
from hub.model.values import Value
from hub.protocol.binding import Binding
from hub.store.decision_rows import Correction, Decision
from hub.store.event_rows import Event
from hub.store.guard_rows import MassStop, Remap
from hub.store.identity_rows import (
    BatchPiece,
    CandidateKey,
    CommonKey,
    IdentityDue,
    Merge,
    MergeRef,
    PairVerdict,
)
from hub.store.notify_rows import NotifyTarget, Told
from hub.store.registry_rows import Lookup, LookupSpend, LookupWait
from hub.store.rows import (
    Attempt,
    CallBudget,
    ConfigVersion,
    Conflict,
    ConnectionState,
    Cursor,
    DeadRow,
    Enclosure,
    IdentityVerdict,
    Image,
    JournalEntry,
    Lease,
    NumberSeries,
    Orphan,
    Payload,
    Plan,
    PlanItem,
    Probe,
    Run,
    SecretRow,
    Setting,
    Sign,
    SyncState,
)
from hub.store.seal_rows import JournalSeal
from hub.store.voucher_rows import VoucherHold


@dataclass(frozen=True)
class TableSpec:
    """How a row model becomes a table."""

    model: type[Value]
    name: str
    key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    """Unique over the rows where none of the columns is NULL."""
    unique_where: tuple[tuple[tuple[str, ...], str], ...] = ()
    """(columns, SQL condition) for partial unique indexes."""
    index: tuple[tuple[str, ...], ...] = ()
    is_narrow: bool = False
    """Little more than its key: SQLite keeps such rows in the key's own tree, once instead of twice."""


def _transactional_kinds() -> str:
    return ", ".join(f"'{name}'" for name, model in load_kinds().items() if model.TRANSACTIONAL)


TABLES: tuple[TableSpec, ...] = (
    TableSpec(Lookup, "lookup", ("connection", "api", "key")),
    TableSpec(LookupWait, "lookup_wait", ("connection", "api", "key")),
    TableSpec(LookupSpend, "lookup_spend", ("connection", "day", "api")),
    TableSpec(VoucherHold, "voucher_hold", ("ledger", "source_id", "trigger"), index=(("source_id",),)),
    TableSpec(
        Binding,
        "binding",
        ("id",),
        unique=(("connection", "kind", "remote_id"), ("connection", "ref")),
        unique_where=((("connection", "kind", "hub_id"), f'"primary" AND kind IN ({_transactional_kinds()})'),),
        index=(
            ("state", "not_before"),
            ("dirty", "state"),
            ("kind", "hub_id"),
            ("connection", "kind", "hub_id"),
        ),
    ),
    TableSpec(Image, "image", ("record_kind", "record_id", "source"), index=(("connection", "stream", "external_id"),)),
    TableSpec(Payload, "payload", ("id",), index=(("connection", "stream", "external_id", "at"),)),
    TableSpec(Attempt, "attempt", ("id",), index=(("binding_id", "number"), ("run_id",))),
    TableSpec(JournalEntry, "journal", ("id",), index=(("record_id", "at"), ("run_id",), ("at",))),
    TableSpec(JournalSeal, "journal_seal", ("number",)),
    TableSpec(Cursor, "cursor", ("connection", "stream")),
    TableSpec(MassStop, "mass_stop", ("connection", "kind", "way")),
    TableSpec(Remap, "remap", ("id",), unique=(("label",),)),
    TableSpec(Orphan, "orphan", ("connection", "kind", "remote_id"), index=(("state",),)),
    TableSpec(Conflict, "conflict", ("id",), index=(("record_id",), ("binding_id", "field"))),
    TableSpec(DeadRow, "dead_row", ("connection", "stream", "external_id"), index=(("state",),)),
    TableSpec(
        Event,
        "event",
        ("id",),
        unique=(("connection", "key"),),
        index=(("state", "received_at"), ("connection", "received_at")),
    ),
    TableSpec(Correction, "correction", ("connection", "stream", "external_id", "field")),
    TableSpec(Decision, "decision", ("id",), index=(("item",), ("at",))),
    TableSpec(Plan, "plan", ("id",), unique=(("label",),), index=(("connection", "made_at"),)),
    TableSpec(PlanItem, "plan_item", ("plan_id", "position"), index=(("binding_id",),)),
    TableSpec(Run, "run", ("id",), unique=(("number",),), index=(("state",), ("connection", "started_at"))),
    TableSpec(SyncState, "sync_state", ("connection", "kind")),
    TableSpec(ConnectionState, "connection_state", ("connection",)),
    TableSpec(CallBudget, "call_budget", ("connection",)),
    TableSpec(Setting, "setting", ("name",)),
    TableSpec(ConfigVersion, "config_version", ("number",)),
    TableSpec(SecretRow, "secret", ("name",)),
    TableSpec(Enclosure, "enclosure", ("digest",)),
    TableSpec(Lease, "lease", ("name",)),
    TableSpec(
        IdentityVerdict, "identity_verdict", ("id",), index=(("record_kind", "record_id"), ("record_kind", "source"))
    ),
    TableSpec(
        Merge,
        "merge",
        ("id",),
        unique_where=((("record_kind", "loser_id"), "undone_at IS NULL"),),
        index=(("record_kind", "loser_id"), ("record_kind", "survivor_id"), ("record_kind", "root_id")),
    ),
    TableSpec(CandidateKey, "candidate_key", ("key", "record_id"), is_narrow=True),
    TableSpec(CommonKey, "common_key", ("key",)),
    TableSpec(BatchPiece, "batch_piece", ("id",)),
    TableSpec(IdentityDue, "identity_due", ("record_kind", "record_id"), is_narrow=True),
    TableSpec(MergeRef, "merge_ref", ("merge_id", "record_kind", "record_id")),
    TableSpec(
        PairVerdict,
        "pair_verdict",
        ("id",),
        unique_where=((("record_kind", "one_id", "other_id"), "undone_at IS NULL"),),
        index=(("record_kind", "one_id"), ("record_kind", "other_id"), ("verdict", "undone_at")),
    ),
    TableSpec(Sign, "sign", ("record_kind", "sign", "side", "key"), index=(("record_kind", "side", "key"),)),
    TableSpec(Told, "notify_told", ("target", "thing")),
    TableSpec(NotifyTarget, "notify_target", ("target",)),
    TableSpec(Probe, "probe", ("connection", "kind")),
    TableSpec(NumberSeries, "number_series", ("kind", "prefix")),
)
