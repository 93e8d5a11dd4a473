"""The steps that push can take, one function for each decision. A network call never happens inside a transaction;
every transaction checks the fence first."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from hub.errors import NeedsConsent, OutcomeUnknown, Transient
from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.protocol.decide import Action, Op, follow_version
from hub.protocol.reference import make_reference
from hub.protocol.semantics import Stage, Tier
from hub.protocol.snapshot import Intent, Search, Snapshot
from hub.protocol.timing import needs_quiet
from hub.sdk import Draft, SourceRecord, Written
from hub.store import UnitOfWork
from hub.store.rows import IdentityVerdict, Image
from hub.sync.arrival import Arrival
from hub.sync.burial import note_missing
from hub.sync.ingest import Ingested, ingest
from hub.sync.intent import add_sent, base_prints
from hub.sync.lookalike import ALIKE_THERE, ask_about
from hub.sync.lookup import search_remote
from hub.sync.match import adopt_document, note_spare
from hub.sync.period import CLOSED
from hub.sync.sending import (
    AGAIN,
    DONE,
    LOOK_AGAIN_S,
    Step,
    check_in_time,
    count_refusal,
    follow_failed_read,
    follow_write,
    hold_closed,
    send_write,
    translate_patch,
)
from hub.sync.show import show_field
from hub.sync.work import Answer, Fenced, Work, begin_attempt, call_remote, end_attempt, find_retry_s


def _leave(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Nothing to do (for now)."""
    update: dict[str, Any] = {"not_before": action.not_before} if action.not_before else {}
    if action.op is Op.NOTHING and action.code == "protocol.ended_there":
        update["dirty"] = False
    work.release(**update)
    return DONE


def _search(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    try:
        found = search_remote(work.hub, work.conn, binding, intent)
    except (Transient, OutcomeUnknown, NeedsConsent) as error:
        return follow_failed_read(work, error)
    work.hub.checkpoint("C3")
    return Step(False, found)


def _read(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Read the document, fold it in (protocol section 7), and decide on what was read."""
    try:
        source = work.conn.stream_of(work.kind).fetch(binding.remote_id or "")
    except (Transient, OutcomeUnknown, NeedsConsent) as error:
        return follow_failed_read(work, error)
    work.hub.checkpoint("C7")
    done = work.hub.store.carry_out(functools.partial(_fold, work, binding, source))
    if done is None:
        work.release()
        return DONE
    work.hub.hint(done.due)
    if done.snapshot is None:
        work.release(not_before=work.later_s(600), why="sync.cannot_read")
        return DONE
    return Step(False, done.snapshot)


def _fold(work: Work, binding: Binding, source: SourceRecord | None, tx: UnitOfWork) -> Ingested | None:
    """Take in what was read; None when nothing was there."""
    tx.hold(_model_of(binding), [binding.hub_id])
    held = work.own(tx)
    if source is None:
        note_missing(work.hub, tx, held, work.policy, work.actor)
        return None
    return ingest(Arrival(tx, work.hub, work.conn, work.kind, source, work.actor, work.run_id))


def _adopt(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """The found document becomes the binding's; other drafts of ours are spare."""
    hit = action.adopt
    if hit is None:
        raise TypeError("an adopt names its document")
    matched = action.code == "protocol.matched_identifier"
    with work.hub.store.write() as tx:
        held = work.own(tx)
        if held.remote_id is None:
            adopted = adopt_document(work.policy, held, hit, ours=not matched)
            work.save(tx, adopted, attempts=max(1, held.attempts))
            for spare in action.spare:
                note_spare(tx, work.hub, held, spare.external_id)
            if matched:
                tx.insert(_make_verdict(work, held, hit))
    return AGAIN


def _make_verdict(work: Work, binding: Binding, hit: Snapshot) -> IdentityVerdict:
    return IdentityVerdict(
        id=work.hub.new_id(),
        record_kind=binding.kind,
        record_id=binding.hub_id,
        source=f"{work.conn.name}/{work.conn.stream_of(binding.kind).name}/{hit.external_id}",
        verdict="same",
        evidence={"rule": "exact", "found_by": "search"},
        decided_by=work.actor,
        at=work.hub.now(),
    )


def _back_to_new(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    with work.hub.store.write() as tx:
        work.save(tx, work.own(tx), state=BindingState.NEW)
    return Step(False, Search())


def _mark_unknown(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    work.release(state=BindingState.UNKNOWN, not_before=action.not_before)
    return DONE


def _create(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Mark, check that we are still in time, send once, record."""
    started_s = work.hub.clock.monotonic()
    with work.hub.store.write() as tx:
        held = work.own(tx)
        payload = translate_patch(tx, work, held, action.patch)
        if payload is None:
            return DONE
        attempt = begin_attempt(tx, work, held, "create", payload, {"new": _show(tx, work.kind, action.patch)})
        update = {
            "state": BindingState.SENDING,
            "sent_at": work.hub.now(),
            "attempts": held.attempts + 1,
            "base": base_prints(action.patch, work.policy),
            "sent": add_sent(held, action.patch, work.policy),
        }
        held = work.save(tx, held, **update)
    work.hub.checkpoint("C4")
    check_in_time(work, started_s)
    answer = call_remote(lambda: work.sink.create([Draft(held.ref or "", payload)])[0])
    work.hub.checkpoint("C5")
    with work.hub.store.write() as tx:
        end_attempt(tx, work, attempt, answer)
        held = work.own(tx)
        if held.state is BindingState.SENDING and held.remote_id is None:
            closed = hold_closed(work, held, intent, answer) if answer.outcome == "closed" else None
            update = closed | {"state": BindingState.NEW} if closed else _record_create(work, held, answer)
            work.save(tx, held, **update)
    return follow_write(work, answer, parks=work.policy.semantics.tier is Tier.BLIND)


def _show(tx: UnitOfWork, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Written values as the plan showed them."""
    return {name: show_field(tx, kind, name, value) for name, value in values.items()}


def _record_create(work: Work, binding: Binding, answer: Answer) -> dict[str, Any]:
    """The binding's fields after a create was answered, or not."""
    now = work.hub.now()
    if answer.outcome == "ok" and answer.written is not None:
        drafted = work.policy.semantics.tier is Tier.DRAFT
        hit = Snapshot(
            answer.written.external_id,
            {},
            Stage.DRAFT if drafted else Stage.EFFECTIVE,
            now,
            number=answer.written.number,
            reference=binding.ref,
        )
        adopted = adopt_document(work.policy, binding, hit, ours=True)
        return dict(adopted) | {"remote_version": answer.written.version or 0}
    if answer.outcome in ("refused", "locked", "stale"):
        return count_refusal(work, binding, answer) | {"state": BindingState.NEW}
    if answer.outcome in ("later", "consent"):
        wait_s = find_retry_s(work, answer)
        return {"state": BindingState.NEW, "not_before": work.later_s(wait_s), "lease_until": None}
    quiet_s = work.policy.quiet_s if needs_quiet(work.policy) and answer.outcome == "unknown" else 0.0
    wait_s = max(quiet_s, work.policy.timing.retry_s)
    return {"state": BindingState.UNKNOWN, "not_before": work.later_s(wait_s), "lease_until": None}


def _patch(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Write only what differs; dirty is cleared by a later read alone."""
    started_s = work.hub.clock.monotonic()
    with work.hub.store.write() as tx:
        held = work.own(tx)
        payload = translate_patch(tx, work, held, action.patch)
        if payload is None:
            return DONE
        old, new = (_show(tx, work.kind, values) for values in (action.old, action.patch))
        changes = {name: [old.get(name), value] for name, value in new.items()}
        attempt = begin_attempt(tx, work, held, "patch", payload, {"changes": changes})
        held = work.save(tx, held, sent=add_sent(held, action.patch, work.policy), sent_at=work.hub.now())
    remote_id = held.remote_id or ""
    call = functools.partial(work.sink.patch, remote_id, payload, if_version=action.if_version)
    answer = send_write(work, started_s, call, "C8", "C9")
    with work.hub.store.write() as tx:
        end_attempt(tx, work, attempt, answer)
        held = work.own(tx)
        if answer.written is not None:
            version = answer.written.version or 0
            print_ = take_fingerprint(action.patch)
            same = action.same_patches if held.acked_patch == print_ else 0
            work.save(
                tx, held, acked_version=version, acked_patch=print_, same_patches=same, refusals=0,
                remote_version=follow_version(work.policy, held.remote_version, version),
            )  # fmt: skip
        elif answer.outcome == "closed":
            work.save(tx, held, **hold_closed(work, held, intent, answer))
        elif answer.outcome in ("refused", "locked"):
            work.save(tx, held, **count_refusal(work, held, answer))
    return follow_write(work, answer)


def _confirm(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Submit or approve the version that was read; the read-back moves the state."""
    submits = action.op is Op.SUBMIT
    call = work.sink.submit if submits else work.sink.confirm
    return _call_simple(
        work, action.op.value, intent, lambda rid: call(rid, if_version=action.if_version), "C8", "C6",
        submitted_revision=intent.revision, dirty=True,
    )  # fmt: skip


def _reopen(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Take the approval back; the document is then a draft again and is patched and confirmed anew."""
    state = BindingState.PREPARED if work.policy.confirm != "save" else BindingState.WAITING
    why = "protocol.waits_for_approval" if state is BindingState.WAITING else None
    return _call_simple(
        work, "reopen", intent, lambda rid: work.sink.reopen(rid, if_version=action.if_version), "C8", "C9",
        dirty=True, on_ok={"state": state, "why": why},
    )  # fmt: skip


def _void(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    step = _call_simple(
        work, "void", intent, lambda rid: work.sink.void(rid, if_version=action.if_version), "C8", "C9", dirty=True,
        on_refusal=_after_refused_void,
    )  # fmt: skip
    return step


def _after_refused_void(work: Work, binding: Binding, answer: Answer) -> dict[str, Any]:
    """A refusal such as "has payments" is not tried again by itself; a reversal goes back with the edit held."""
    if binding.state is BindingState.REVERSING:
        return {"state": BindingState.BOUND, "sent": {}, "dirty": True, "lease_until": None}
    words = (answer.error.vendor or answer.error.text()) if answer.error else ""
    return {"parked": "protocol.void_refused", "parked_params": {"words": words[:500]}, "lease_until": None}


def _call_simple(
    work: Work,
    op: str,
    intent: Intent,
    write: Callable[[str], Written],
    before: str,
    after: str,
    *,
    on_refusal: Callable[[Work, Binding, Answer], dict[str, Any]] = count_refusal,
    on_ok: Mapping[str, Any] | None = None,
    **update: Any,
) -> Step:
    """A call without values: attempt row, self-fence, call, outcome."""
    started_s = work.hub.clock.monotonic()
    with work.hub.store.write() as tx:
        held = work.own(tx)
        attempt = begin_attempt(tx, work, held, op, {"op": op, "remote_id": held.remote_id}, {})
        held = work.save(tx, held, sent_at=work.hub.now(), **update)
    remote_id = held.remote_id or ""
    answer = send_write(work, started_s, lambda: write(remote_id), before, after)
    with work.hub.store.write() as tx:
        end_attempt(tx, work, attempt, answer)
        held = work.own(tx)
        if answer.written is not None:
            version = follow_version(work.policy, held.remote_version, answer.written.version)
            work.save(tx, held, remote_version=version, refusals=0, **(on_ok or {}))
        elif answer.outcome == "closed":
            work.save(tx, held, **hold_closed(work, held, intent, answer))
        elif answer.outcome in ("refused", "locked"):
            work.save(tx, held, **on_refusal(work, held, answer))
    return follow_write(work, answer)


def _begin_reverse(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    with work.hub.store.write() as tx:
        work.save(tx, work.own(tx), state=BindingState.REVERSING, held={})
    return AGAIN


def _next_revision(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """The old document was seen void: only now may there be a new one."""
    with work.hub.store.write() as tx:
        held = work.own(tx)
        revision = held.revision + 1
        source = f"{held.connection}/{work.conn.stream_of(held.kind).name}/{held.remote_id}"
        tx.delete(Image, record_kind=held.kind, record_id=held.hub_id, source=source)
        work.save(
            tx, held, revision=revision, ref=make_reference(work.hub.installation, held.hub_id, revision),
            remote_id=None, remote_number=None, remote_version=0, acked_version=0, acked_patch="", same_patches=0,
            stage=None, lines={}, held={}, attempts=0, state=BindingState.NEW,
        )  # fmt: skip
    return AGAIN


def _settle(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """A read shows that nothing is left to write, or that what is left may not be written."""
    with work.hub.store.write() as tx:
        held = work.own(tx)
        record_now = tx.get(_model_of(held), id=held.hub_id)
        moved = record_now is not None and record_now.revision != intent.revision
        closed: dict[str, Any] = {}
        if CLOSED in action.held.values():
            closed = {"parked_params": dict(intent.hold_params), "not_before": work.later_s(LOOK_AGAIN_S)}
        work.save(
            tx, held, dirty=moved or bool(closed), held=dict(action.held), refusals=0, same_patches=0, lease_until=None,
            not_retained={**held.not_retained, **action.not_retained}, claimed_revision=intent.revision, **closed,
        )  # fmt: skip
    return DONE


def _model_of(binding: Binding) -> Any:
    from hub.model.kinds import find_kind

    return find_kind(binding.kind)


def _hold(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    held = {**binding.held, "*": action.code or ""}
    work.release(held=held, parked_params=dict(action.params), not_before=action.not_before)
    if action.code == ALIKE_THERE:
        with work.hub.store.write() as tx:
            ask_about(tx, work.hub, binding, work.actor)
    return DONE


def _park(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    update: dict[str, Any] = {"parked": action.code, "parked_params": dict(action.params), "dirty": False}
    if action.held:
        update["held"] = dict(action.held)
    if action.not_retained:
        update["not_retained"] = {**binding.not_retained, **action.not_retained}
    work.release(**update)
    return DONE


def _tomb(work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    work.release(state=BindingState.TOMB, dirty=False, held={})
    return DONE


STEPS: Mapping[Op, Callable[[Work, Binding, Intent, Action], Step]] = {
    Op.NOTHING: _leave,
    Op.WAIT: _leave,
    Op.SEARCH: _search,
    Op.READ: _read,
    Op.ADOPT: _adopt,
    Op.BACK_TO_NEW: _back_to_new,
    Op.MARK_UNKNOWN: _mark_unknown,
    Op.CREATE: _create,
    Op.PATCH: _patch,
    Op.SUBMIT: _confirm,
    Op.CONFIRM: _confirm,
    Op.REOPEN: _reopen,
    Op.VOID: _void,
    Op.BEGIN_REVERSE: _begin_reverse,
    Op.NEXT_REVISION: _next_revision,
    Op.SETTLE: _settle,
    Op.HOLD: _hold,
    Op.PARK: _park,
    Op.TOMB: _tomb,
}

__all__ = ["STEPS", "Fenced", "Step"]
