"""Spare drafts of ours: removed when nobody touched them, shown to people otherwise. Part of the sweep."""

from __future__ import annotations

from uuid import UUID

from hub.errors import Duplicate, IsthmusError, OutcomeUnknown, Rejected, Stale
from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.protocol.reference import parse_reference
from hub.protocol.semantics import Direction, Policy, Stage
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.rows import Attempt, Orphan
from hub.sync.answers import classify_error
from hub.sync.context import Hub, OpenConnection
from hub.sync.translate import is_reference_ours

GONE = (Stage.VOID, Stage.GONE)


def clear_orphan(hub: Hub, conn: OpenConnection, orphan: Orphan, actor: str, run_id: UUID | None) -> str:
    """Look at one spare document and deal with it: ``cleared`` (removed, or gone by itself), ``kept`` (a person must
    look) or ``later``."""
    source = conn.stream_of(orphan.kind).fetch(orphan.remote_id)
    hub.checkpoint("C14")
    if source is None or source.stage in GONE:
        return _close(hub, orphan, "cleared")
    with hub.store.read() as tx:
        owner, adopted = _find_owners(tx, orphan)
    if adopted:
        return _close(hub, orphan, "cleared")
    if owner is None or (owner.remote_id is None and owner.state is not BindingState.TOMB):
        return "later"  # the search for the record's own document may still choose this one
    reason = _find_reason(hub, conn.policies[orphan.kind], owner, source)
    if reason is not None:
        return _park(hub, orphan, reason)
    return _delete(hub, conn, orphan, owner, source, run_id, actor)


def _find_owners(tx: UnitOfWork, orphan: Orphan) -> tuple[Binding | None, bool]:
    """The binding whose spare it is, and whether the document is some binding's own."""
    owner = tx.get(Binding, id=orphan.binding_id) if orphan.binding_id else None
    own = tx.count(Binding, connection=orphan.connection, kind=orphan.kind, remote_id=orphan.remote_id)
    return owner, own > 0


def _find_reason(hub: Hub, policy: Policy, owner: Binding, source: SourceRecord) -> str | None:
    """Why the hub must not remove this document, as a message code."""
    parsed = parse_reference(source.reference)
    if source.stage is Stage.EFFECTIVE:
        return "sync.spare_counts"
    if source.stage is not Stage.DRAFT:
        return "sync.spare_submitted"
    if not policy.semantics.shows_modifier or source.created_by_us is None or source.touched_by_person is None:
        return "sync.spare_unknown_maker"
    if not is_reference_ours(hub, source) or parsed is None or parsed.hub_id != (owner.home_id or owner.hub_id):
        return "sync.spare_not_ours"
    if source.touched_by_person:
        return "sync.spare_touched"
    if policy.direction is Direction.IN or Stage.DRAFT not in policy.semantics.deletable:
        return "sync.spare_not_deletable"
    return None


def _close(hub: Hub, orphan: Orphan, outcome: str) -> str:
    return _save(hub, orphan, {"state": "done", "reason": ""}, outcome)


def _park(hub: Hub, orphan: Orphan, reason: str) -> str:
    return _save(hub, orphan, {"state": "parked", "reason": reason}, "kept")


def _save(hub: Hub, orphan: Orphan, update: dict[str, str], outcome: str) -> str:
    with hub.store.write() as tx:
        tx.save(orphan.model_copy(update=update))
    return outcome


def _delete(
    hub: Hub,
    conn: OpenConnection,
    orphan: Orphan,
    owner: Binding,
    source: SourceRecord,
    run_id: UUID | None,
    actor: str,
) -> str:
    """Remove the draft in the very version that was looked at, where the system can hold us to it."""
    attempt = _begin(hub, orphan, owner, run_id)
    if attempt is None:
        return _close(hub, orphan, "cleared")
    version = source.version if conn.policies[orphan.kind].semantics.compare_and_set else None
    error: IsthmusError | None = None
    try:
        conn.sinks[orphan.kind].delete(orphan.remote_id, if_version=version)
    except IsthmusError as failed:
        error = failed
    hub.checkpoint("C15")
    with hub.store.write() as tx:
        outcome = "ok" if error is None else classify_error(error)
        words = error.vendor if error is not None else None
        code = error.code if error is not None else None
        answer = {"outcome": outcome, "answered_at": hub.now(), "error_code": code, "error_words": words}
        tx.save(attempt.model_copy(update=answer))
        if error is None:
            tx.save(orphan.model_copy(update={"state": "done", "reason": ""}))
            tx.journal(
                actor, "spare.removed", kind=orphan.kind, record_id=owner.hub_id, connection=orphan.connection,
                remote_id=orphan.remote_id, run_id=run_id,
            )  # fmt: skip
            return "cleared"
    if isinstance(error, Stale | OutcomeUnknown | Duplicate):
        return "later"
    if isinstance(error, Rejected):
        return _park(hub, orphan, "sync.spare_refused")
    raise error


def _begin(hub: Hub, orphan: Orphan, owner: Binding, run_id: UUID | None) -> Attempt | None:
    """The row that says what is about to be sent; None when a binding has made the document its own meanwhile."""
    with hub.store.write() as tx:
        tx.get(Binding, id=owner.id, lock=True)
        if _find_owners(tx, orphan)[1]:
            return None
        return tx.insert(
            Attempt(
                id=hub.new_id(),
                binding_id=owner.id,
                run_id=run_id,
                connection=orphan.connection,
                kind=orphan.kind,
                number=tx.count(Attempt, binding_id=owner.id) + 1,
                op="delete",
                request_digest=take_fingerprint({"delete": orphan.remote_id}),
                summary={"spare": orphan.remote_id},
                sent_at=hub.now(),
                remote_id=orphan.remote_id,
            )
        )
