"""The steps that push can take, one function for each decision. Each works in the transaction that decided on it, and
a call that it prepares is made after the commit; what came of that is recorded in the next transaction."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.protocol.decide import MERGED_INTO, Action, Op, follow_version
from hub.protocol.reference import make_reference
from hub.protocol.semantics import Stage, Tier
from hub.protocol.snapshot import Intent, Search, Snapshot
from hub.protocol.timing import needs_quiet
from hub.sdk import Draft, SourceRecord, Written
from hub.store import UnitOfWork
from hub.store.rows import IdentityVerdict, Image
from hub.sync.answers import LOOK_AGAIN_S, Answer, count_refusal, find_retry_s, follow_write, hold_closed
from hub.sync.arrival import Arrival
from hub.sync.burial import note_missing
from hub.sync.ingest import ingest
from hub.sync.intent import add_sent, base_prints
from hub.sync.lookalike import ALIKE_THERE, ask_about
from hub.sync.lookup import Found, ask_remote, judge_found
from hub.sync.match import adopt_document, note_replaced, note_spare
from hub.sync.period import CLOSED
from hub.sync.sending import ask, find_revision, mark_sending, translate_patch, write
from hub.sync.show import show_field
from hub.sync.work import AGAIN, DONE, Step, Work

StepFunction = Callable[[UnitOfWork, Work, Binding, Intent, Action], Step]


def _leave(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Nothing to do (for now)."""
    update: dict[str, Any] = {"not_before": action.not_before} if action.not_before else {}
    if action.op is Op.NOTHING and (action.code == "protocol.ended_there" or not binding.primary):
        update["dirty"] = False
    work.release(tx, **update)
    return DONE


# ---------------------------------------------------------------- looking


def _search(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    def judge(tx: UnitOfWork, found: Found) -> Step:
        return Step(False, judge_found(tx, work.hub, work.conn, work.own(tx), intent, found))

    return ask(work, functools.partial(ask_remote, work.conn, binding, intent), "C3", judge)


def _read(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Read the document, fold it in (protocol section 7), and decide on what was read."""
    stream = work.conn.stream_of(work.kind)
    question = functools.partial(stream.fetch, binding.remote_id or "")
    return ask(work, question, "C7", functools.partial(_fold, work))


def _fold(work: Work, tx: UnitOfWork, source: SourceRecord | None) -> Step:
    tx.hold(find_kind(work.kind), [work.hub_id])
    held = work.own(tx)
    if source is None:
        note_missing(work.hub, tx, held, work.policy, work.actor)
        work.release(tx)
        return DONE
    done = ingest(Arrival(tx, work.hub, work.conn, work.kind, source, work.actor, work.run_id, heals=False))
    if done.snapshot is None:
        work.release(tx, not_before=work.later_s(600), why="sync.cannot_read")
        return Step(True, due=done.due)
    return Step(False, done.snapshot, due=done.due)


def _adopt(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """The found document becomes the binding's; other drafts of ours are spare."""
    hit = action.adopt
    if hit is None:
        raise TypeError("an adopt names its document")
    matched = action.code == "protocol.matched_identifier"
    if binding.remote_id is None:
        adopted = adopt_document(work.policy, binding, hit, ours=not matched)
        work.save(tx, adopted, attempts=max(1, binding.attempts))
        for spare in action.spare:
            note_spare(tx, work.hub, binding, spare.external_id)
        if matched:
            tx.insert(_make_verdict(work, binding, hit))
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


def _back_to_new(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    work.save(tx, binding, state=BindingState.NEW)
    return Step(False, Search())


def _mark_unknown(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    work.release(tx, state=BindingState.UNKNOWN, not_before=action.not_before)
    return DONE


# ---------------------------------------------------------------- writing


def _create(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Mark; once that is committed, check that we are still in time, send once, record. Where a doubt is for a person
    to settle, one document is marked at a time."""
    payload = translate_patch(tx, work, binding, action.patch)
    if payload is None:
        return DONE
    summary = {"new": _show(tx, work.kind, action.patch)}
    mark = functools.partial(_mark_create, work, intent, action.patch, payload, summary, binding)
    if work.policy.semantics.tier is not Tier.BLIND:
        return mark(tx)
    return Step(False, mark=functools.partial(_mark_later, work, intent, binding, mark))


def _mark_later(
    work: Work, intent: Intent, binding: Binding, mark: Callable[[UnitOfWork], Step], tx: UnitOfWork
) -> Step:
    """Decided anew when the record or its binding is another one by now."""
    same = work.own(tx) == binding and find_revision(tx, work) == intent.revision
    return mark(tx) if same else AGAIN


def _mark_create(
    work: Work,
    intent: Intent,
    values: Mapping[str, Any],
    payload: Mapping[str, Any],
    summary: Mapping[str, Any],
    binding: Binding,
    tx: UnitOfWork,
) -> Step:
    mark = mark_sending(
        tx, work, binding, "create", payload, summary,
        state=BindingState.SENDING, attempts=binding.attempts + 1,
        base=base_prints(values, work.policy), sent=add_sent(binding, values, work.policy),
    )  # fmt: skip

    def take(tx: UnitOfWork, held: Binding, answer: Answer) -> Step:
        if held.state is BindingState.SENDING and held.remote_id is None:
            closed = hold_closed(work, held, intent, answer) if answer.outcome == "closed" else None
            update = closed | {"state": BindingState.NEW} if closed else _record_create(work, held, answer)
            work.save(tx, held, **update)
        return follow_write(tx, work, answer, parks=work.policy.semantics.tier is Tier.BLIND)

    draft = Draft(binding.ref or "", payload)
    return write(work, mark, lambda: work.sink.create([draft])[0], take, before="C4", after="C5")


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
        return adopted.__dict__ | {"remote_version": answer.written.version or 0}
    if answer.outcome in ("refused", "locked", "stale"):
        return count_refusal(work, binding, answer) | {"state": BindingState.NEW} | _take_back(work, binding)
    if answer.outcome in ("later", "consent"):
        wait_s = find_retry_s(work, answer)
        waits = {"state": BindingState.NEW, "not_before": work.later_s(wait_s), "lease_until": None}
        return waits | _take_back(work, binding)
    quiet_s = work.policy.quiet_s if needs_quiet(work.policy) and answer.outcome == "unknown" else 0.0
    wait_s = max(quiet_s, work.policy.timing.retry_s)
    return {"state": BindingState.UNKNOWN, "not_before": work.later_s(wait_s), "lease_until": None}


def _take_back(work: Work, binding: Binding) -> dict[str, Any]:
    """Where nobody can look, "sent" must mean that it may be there: what was certainly not applied does not count."""
    return {"attempts": binding.attempts - 1} if work.policy.semantics.tier is Tier.BLIND else {}


def _patch(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Write only what differs; dirty is cleared by a later read alone."""
    payload = translate_patch(tx, work, binding, action.patch)
    if payload is None:
        return DONE
    old, new = (_show(tx, work.kind, values) for values in (action.old, action.patch))
    changes = {name: [old.get(name), value] for name, value in new.items()}
    sent = add_sent(binding, action.patch, work.policy)
    mark = mark_sending(tx, work, binding, "patch", payload, {"changes": changes}, sent=sent)
    record = functools.partial(_record_patch, work, action)
    send = functools.partial(work.sink.patch, binding.remote_id or "", payload, if_version=action.if_version)
    take = functools.partial(_record_change, work, intent, record, count_refusal)
    return write(work, mark, send, take, before="C8", after="C9")


def _tell_merge(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Say that the record is part of another one, or none any more; said is only what a later read shows."""
    into: str | None = action.patch[MERGED_INTO]
    prints = [*binding.sent.get(MERGED_INTO, ()), *([take_fingerprint(into)] if into is not None else [])]
    request = {"op": action.op.value, "remote_id": binding.remote_id, MERGED_INTO: into}
    changes = {"changes": {MERGED_INTO: [action.old[MERGED_INTO], into]}}
    sent = {**binding.sent, MERGED_INTO: list(dict.fromkeys(prints))[-8:]}
    mark = mark_sending(tx, work, binding, action.op.value, request, changes, dirty=True, sent=sent)
    record = functools.partial(_record_patch, work, action)
    send = functools.partial(work.sink.tell_merge, binding.remote_id or "", into, if_version=action.if_version)
    take = functools.partial(_record_change, work, intent, record, count_refusal)
    return write(work, mark, send, take, before="C8", after="C9")


def _record_patch(work: Work, action: Action, held: Binding, written: Written) -> dict[str, Any]:
    """What an accepted change leaves in the binding."""
    version, print_ = written.version or 0, take_fingerprint(action.patch)
    same = action.same_patches if held.acked_patch == print_ else 0
    known = follow_version(work.policy, held.remote_version, version)
    return {
        "acked_version": version, "acked_patch": print_, "same_patches": same, "refusals": 0,
        "remote_version": known,
    }  # fmt: skip


def _record_change(
    work: Work,
    intent: Intent,
    record: Callable[[Binding, Written], dict[str, Any]],
    on_refusal: Callable[[Work, Binding, Answer], dict[str, Any]],
    tx: UnitOfWork,
    held: Binding,
    answer: Answer,
) -> Step:
    """What came of a change of a document that is there."""
    if answer.written is not None:
        work.save(tx, held, **record(held, answer.written))
    elif answer.outcome == "closed":
        work.save(tx, held, **hold_closed(work, held, intent, answer))
    elif answer.outcome in ("refused", "locked"):
        work.save(tx, held, **on_refusal(work, held, answer))
    return follow_write(tx, work, answer)


def _confirm(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Submit or approve the version that was read; the read-back moves the state."""
    call = work.sink.submit if action.op is Op.SUBMIT else work.sink.confirm
    send = functools.partial(call, if_version=action.if_version)
    return _call_simple(tx, work, binding, action.op.value, intent, send, submitted_revision=intent.revision)


def _reopen(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """Take the approval back; the document is then a draft again and is patched and confirmed anew."""
    state = BindingState.PREPARED if work.policy.confirm != "save" else BindingState.WAITING
    why = "protocol.waits_for_approval" if state is BindingState.WAITING else None
    send = functools.partial(work.sink.reopen, if_version=action.if_version)
    return _call_simple(tx, work, binding, "reopen", intent, send, on_ok={"state": state, "why": why})


def _void(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    send = functools.partial(work.sink.void, if_version=action.if_version)
    return _call_simple(tx, work, binding, "void", intent, send, on_refusal=_after_refused_void)


def _after_refused_void(work: Work, binding: Binding, answer: Answer) -> dict[str, Any]:
    """A refusal such as "has payments" is not tried again by itself; a reversal goes back with the edit held."""
    if binding.state is BindingState.REVERSING:
        return {"state": BindingState.BOUND, "sent": {}, "dirty": True, "lease_until": None}
    words = (answer.error.vendor or answer.error.text()) if answer.error else ""
    return {"parked": "protocol.void_refused", "parked_params": {"words": words[:500]}, "lease_until": None}


def _call_simple(
    tx: UnitOfWork,
    work: Work,
    binding: Binding,
    op: str,
    intent: Intent,
    send: Callable[[str], Written],
    *,
    on_refusal: Callable[[Work, Binding, Answer], dict[str, Any]] = count_refusal,
    on_ok: Mapping[str, Any] | None = None,
    **update: Any,
) -> Step:
    """A call without values: attempt row, self-fence, call, outcome."""
    request = {"op": op, "remote_id": binding.remote_id}
    mark = mark_sending(tx, work, binding, op, request, {}, dirty=True, **update)

    def record(held: Binding, written: Written) -> dict[str, Any]:
        known = follow_version(work.policy, held.remote_version, written.version)
        return {"remote_version": known, "refusals": 0, **(on_ok or {})}

    take = functools.partial(_record_change, work, intent, record, on_refusal)
    after = "C6" if op in (Op.SUBMIT, Op.CONFIRM) else "C9"
    return write(work, mark, lambda: send(binding.remote_id or ""), take, before="C8", after=after)


# ---------------------------------------------------------------- without a call


def _begin_reverse(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    work.save(tx, binding, state=BindingState.REVERSING, held={})
    return AGAIN


def _next_revision(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """The old document was seen void: only now may there be a new one."""
    revision = binding.revision + 1
    source = f"{binding.connection}/{work.conn.stream_of(binding.kind).name}/{binding.remote_id}"
    tx.delete(Image, record_kind=binding.kind, record_id=binding.hub_id, source=source)
    note_replaced(tx, work.hub, binding, work.policy)
    work.save(
        tx, binding, revision=revision, ref=make_reference(work.hub.installation, binding.hub_id, revision),
        remote_id=None, remote_number=None, remote_version=0, acked_version=0, acked_patch="", same_patches=0,
        stage=None, lines={}, held={}, attempts=0, state=BindingState.NEW,
    )  # fmt: skip
    return AGAIN


def _settle(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    """A read shows that nothing is left to write, or that what is left may not be written."""
    record_now = tx.get(find_kind(work.kind), id=binding.hub_id)
    moved = record_now is not None and record_now.revision != intent.revision
    closed: dict[str, Any] = {}
    if CLOSED in action.held.values():
        closed = {"parked_params": dict(intent.hold_params), "not_before": work.later_s(LOOK_AGAIN_S)}
    work.save(
        tx, binding, dirty=moved or bool(closed), held=dict(action.held), refusals=0, same_patches=0,
        lease_until=None, not_retained={**binding.not_retained, **action.not_retained},
        claimed_revision=intent.revision, **closed,
    )  # fmt: skip
    return DONE


def _hold(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    held = {**binding.held, "*": action.code or ""}
    work.release(tx, held=held, parked_params=dict(action.params), not_before=action.not_before)
    if action.code == ALIKE_THERE:
        ask_about(tx, work.hub, binding, work.actor)
    return DONE


def _park(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    update: dict[str, Any] = {"parked": action.code, "parked_params": dict(action.params), "dirty": False}
    if action.held:
        update["held"] = dict(action.held)
    if action.not_retained:
        update["not_retained"] = {**binding.not_retained, **action.not_retained}
    work.release(tx, **update)
    return DONE


def _tomb(tx: UnitOfWork, work: Work, binding: Binding, intent: Intent, action: Action) -> Step:
    work.release(tx, state=BindingState.TOMB, dirty=False, held={})
    return DONE


STEPS: Mapping[Op, StepFunction] = {
    Op.NOTHING: _leave,
    Op.WAIT: _leave,
    Op.SEARCH: _search,
    Op.READ: _read,
    Op.ADOPT: _adopt,
    Op.BACK_TO_NEW: _back_to_new,
    Op.MARK_UNKNOWN: _mark_unknown,
    Op.CREATE: _create,
    Op.PATCH: _patch,
    Op.TELL_MERGE: _tell_merge,
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

__all__ = ["STEPS", "Step", "StepFunction"]
