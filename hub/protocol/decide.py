"""``decide(binding, intent, seen, policy, now) -> Action``: pure and total.

Push executes the action, plan prints it, ``binding show`` explains it, storms check it. ``seen`` is what has been
looked at so far: nothing, the answer to a search, or a fresh snapshot that ingest has already folded in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.protocol.diff import Difference, compare_fields, find_reversible, holds_total
from hub.protocol.semantics import Amend, Confirm, Direction, Policy, Stage, TellsMerge, Tier
from hub.protocol.snapshot import Intent, Parent, Search, Snapshot
from hub.protocol.timing import needs_quiet

Seen = Search | Snapshot | None


class Op(StrEnum):
    NOTHING = "nothing"
    WAIT = "wait"
    """Look again at ``not_before``."""
    SEARCH = "search"
    READ = "read"
    ADOPT = "adopt"
    BACK_TO_NEW = "back_to_new"
    """The search found nothing: the create may be made (again)."""
    MARK_UNKNOWN = "mark_unknown"
    CREATE = "create"
    PATCH = "patch"
    TELL_MERGE = "tell_merge"
    """Say there that the record is part of another one by now, or none any more."""
    SUBMIT = "submit"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    VOID = "void"
    BEGIN_REVERSE = "begin_reverse"
    NEXT_REVISION = "next_revision"
    SETTLE = "settle"
    """Nothing to write: clear dirty, note what is held."""
    HOLD = "hold"
    """Nothing may be created for now; looked at again after an edit, a plan or a while."""
    PARK = "park"
    TOMB = "tomb"


WRITES = frozenset({Op.CREATE, Op.PATCH, Op.TELL_MERGE, Op.SUBMIT, Op.CONFIRM, Op.REOPEN, Op.VOID})


@dataclass(frozen=True, slots=True)
class Action:
    """One step. ``patch``: field → wanted value; ``old`` the values seen; ``held``: field → reason code."""

    op: Op
    code: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    patch: Mapping[str, Any] = field(default_factory=dict)
    old: Mapping[str, Any] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    not_retained: Mapping[str, str] = field(default_factory=dict)
    same_patches: int = 0
    if_version: int | None = None
    not_before: datetime | None = None
    adopt: Snapshot | None = None
    spare: Sequence[Snapshot] = ()


def decide(binding: Binding, intent: Intent, seen: Seen, policy: Policy, now: datetime, *, epoch: int = 0) -> Action:
    """The next step for one binding. Never raises; every combination has an answer."""
    state = binding.state
    if state in (BindingState.TOMB, BindingState.FOREIGN):
        return Action(Op.NOTHING)
    if binding.parked:
        return Action(Op.PARK, binding.parked, binding.parked_params)
    if policy.direction is Direction.IN or (not binding.primary and not _can_tell(binding, policy)):
        return Action(Op.NOTHING, "protocol.read_only")
    if state is BindingState.NEW:
        return _decide_new(binding, intent, seen, policy, now, epoch)
    if state is BindingState.SENDING:
        return _decide_sending(binding, policy, now)
    if state is BindingState.UNKNOWN:
        return _decide_unknown(binding, intent, seen, policy)
    if not isinstance(seen, Snapshot):
        return Action(Op.READ)
    if is_stale(binding, seen, policy):
        return Action(Op.WAIT, "protocol.stale_read", not_before=_later(now, policy))
    if state is BindingState.REVERSING:
        return _decide_reversing(binding, seen, policy)
    if intent.frozen and state is BindingState.PREPARED and seen.stage not in (Stage.VOID, Stage.GONE):
        return Action(Op.HOLD, intent.frozen, intent.hold_params, not_before=now + timedelta(minutes=10))
    if not binding.primary and seen.stage not in (Stage.VOID, Stage.GONE):
        return decide_telling(binding, intent.merged_into, seen, policy) or Action(Op.SETTLE)
    return _decide_bound(binding, intent, seen, policy)


def needs_reading(binding: Binding, seen: Seen) -> bool:
    """Whether :func:`decide` says nothing but that the document is to be read, whatever the hub wants of it."""
    return binding.state in _THERE and not isinstance(seen, Snapshot)


_THERE = (BindingState.PREPARED, BindingState.WAITING, BindingState.BOUND, BindingState.REVERSING)


def is_stale(binding: Binding, seen: Snapshot, policy: Policy) -> bool:
    """Whether a snapshot is older than what we know: by version, or by when the read began where there is none."""
    if policy.semantics.versioned and seen.version is not None:
        return seen.version < binding.remote_version
    return binding.sent_at is not None and seen.read_at < binding.sent_at


def follow_version(policy: Policy, known: int, seen: int | None) -> int:
    """The version to remember: the highest of those that rise, the last of those that only differ."""
    return max(known, seen or 0) if policy.semantics.versioned else seen or known


def choose_hit(binding: Binding, search: Search) -> tuple[Snapshot | None, list[Snapshot]]:
    """The document to adopt and the spare drafts: ours, of this installation and record, newest revision first, then
    effective before submitted before draft before void, then the lowest id. A person's copy is never ours."""
    mine = binding.ref[:4] if binding.ref else ""
    hits = []
    for hit in search.hits:
        parsed = hit.parsed
        if parsed is None or hit.created_by_us is False or not (hit.reference or "").upper().startswith(mine):
            continue
        if (
            parsed.hub_id == (binding.home_id or binding.hub_id)
            and parsed.revision >= binding.revision
            and hit.stage is not Stage.GONE
        ):
            hits.append((-parsed.revision, _STAGE_ORDER[hit.stage], _id_order(hit.external_id), hit))
    hits.sort(key=lambda row: row[:3])
    ordered = [row[3] for row in hits]
    spare = [hit for hit in ordered[1:] if hit.stage in (Stage.DRAFT, Stage.SUBMITTED)]
    return (ordered[0] if ordered else None), spare


_STAGE_ORDER = {Stage.EFFECTIVE: 0, Stage.SUBMITTED: 1, Stage.DRAFT: 2, Stage.VOID: 3, Stage.GONE: 4}


def _id_order(external_id: str) -> tuple[int, str]:
    digits = "".join(char for char in external_id if char.isdigit())
    return (int(digits) if digits else 0, external_id)


def _later(now: datetime, policy: Policy) -> datetime:
    return now + timedelta(seconds=policy.timing.retry_s)


def _decide_new(binding: Binding, intent: Intent, seen: Seen, policy: Policy, now: datetime, epoch: int) -> Action:
    tier = policy.semantics.tier
    sent = binding.attempts > 0
    if (binding.void_wanted or intent.void) and not sent and not epoch:
        return Action(Op.TOMB, "protocol.never_sent")
    if tier is Tier.BLIND and sent:
        return Action(Op.PARK, "protocol.blind_ambiguity")
    must_look = sent or epoch > 0 or tier in (Tier.DRAFT, Tier.PLAIN) or not policy.transactional
    blocked = _find_block(intent, policy, now)
    if blocked is not None and not sent:
        return blocked
    if must_look and tier is not Tier.BLIND and not isinstance(seen, Search):
        return Action(Op.SEARCH)
    if isinstance(seen, Search):
        hit, spare = choose_hit(binding, seen)
        if hit is not None:
            return Action(Op.ADOPT, adopt=hit, spare=spare)
        if seen.matches or seen.taken:
            return _decide_match(seen, now)
    if binding.void_wanted or intent.void:
        return Action(Op.TOMB, "protocol.never_arrived")
    return blocked or Action(Op.CREATE, patch=_creatable(intent, policy))


def _decide_match(seen: Search, now: datetime) -> Action:
    """A party with our record's identifier is there already: join it when it is the only one, else ask."""
    if len(seen.matches) == 1 and not seen.taken:
        return Action(Op.ADOPT, "protocol.matched_identifier", adopt=seen.matches[0])
    code = "protocol.match_taken" if seen.taken else "protocol.several_matches"
    ids = ", ".join(hit.external_id for hit in seen.matches)
    return Action(Op.HOLD, code, {"ids": ids}, not_before=now + timedelta(minutes=10))


def _find_block(intent: Intent, policy: Policy, now: datetime) -> Action | None:
    """Why a create may not happen now. A parent gates the create alone, never the search for an unknown one."""
    if intent.parent is Parent.HOPELESS:
        return Action(Op.PARK, "protocol.parent_hopeless")
    if intent.hold:
        return Action(Op.HOLD, intent.hold, intent.hold_params, not_before=now + timedelta(minutes=10))
    if intent.parent is Parent.MISSING:
        return Action(Op.HOLD, "protocol.parent_missing", not_before=_later(now, policy))
    return None


def _creatable(intent: Intent, policy: Policy) -> dict[str, Any]:
    return {name: value for name, value in intent.values.items() if name in policy.mapped_out and value is not None}


def _decide_sending(binding: Binding, policy: Policy, now: datetime) -> Action:
    """The predecessor died between the mark and the answer."""
    if policy.semantics.tier is Tier.BLIND:
        return Action(Op.PARK, "protocol.blind_ambiguity")
    wait_s = policy.quiet_s if needs_quiet(policy) else 0.0
    return Action(Op.MARK_UNKNOWN, not_before=(binding.sent_at or now) + timedelta(seconds=wait_s))


def _decide_unknown(binding: Binding, intent: Intent, seen: Seen, policy: Policy) -> Action:
    if policy.semantics.tier is Tier.BLIND:
        return Action(Op.PARK, "protocol.blind_ambiguity")
    if not isinstance(seen, Search):
        return Action(Op.SEARCH)
    hit, spare = choose_hit(binding, seen)
    return Action(Op.ADOPT, adopt=hit, spare=spare) if hit else Action(Op.BACK_TO_NEW)


def _decide_reversing(binding: Binding, seen: Snapshot, policy: Policy) -> Action:
    """Void the old document, see it void, only then make the next revision."""
    if seen.stage is Stage.VOID:
        by_person = seen.changed_by_us is False
        return Action(Op.TOMB, "protocol.voided_there") if by_person else Action(Op.NEXT_REVISION)
    if seen.stage is Stage.GONE:
        return Action(Op.PARK, "protocol.deleted_there")
    return Action(Op.VOID, if_version=_expected(seen, policy))


def _decide_bound(binding: Binding, intent: Intent, seen: Snapshot, policy: Policy) -> Action:
    if seen.stage in (Stage.VOID, Stage.GONE):
        return Action(Op.NOTHING, "protocol.ended_there")
    if binding.void_wanted or intent.void:
        return _decide_void(binding, intent, seen, policy)
    telling = decide_telling(binding, intent.merged_into, seen, policy)
    if telling is not None and telling.op is Op.TELL_MERGE:
        return telling
    found = compare_fields(binding, intent, seen, policy)
    same = _count_same(binding, seen, found)
    if same >= _PATCH_LIMIT:
        lost = {name: take_fingerprint(value) for name, value in found.want.items()}
        held = dict(found.held) | dict.fromkeys(lost, "protocol.not_retained")
        return _settle_or_confirm(binding, intent, seen, policy, Difference({}, {}, held), not_retained=lost)
    if found.want:
        return Action(
            Op.PATCH, patch=found.want, old=found.old, held=found.held, same_patches=same,
            if_version=_expected(seen, policy),
        )  # fmt: skip
    return _settle_or_confirm(binding, intent, seen, policy, found)


_PATCH_LIMIT = 3


def _count_same(binding: Binding, seen: Snapshot, found: Difference) -> int:
    """How often the very version that our accepted patch made did not show this patch."""
    if not found.want or binding.acked_patch != take_fingerprint(found.want):
        return 0
    if binding.acked_version and seen.version is not None and seen.version != binding.acked_version:
        return binding.same_patches
    return binding.same_patches + 1


MERGED_INTO = "merged_into"
"""What a system is told about a merge, beside the fields."""


def _can_tell(binding: Binding, policy: Policy) -> bool:
    return policy.semantics.tells_merge is not TellsMerge.NOTHING and binding.state is BindingState.BOUND


def decide_telling(binding: Binding, into: str | None, seen: Snapshot, policy: Policy) -> Action | None:
    """What is left to say there about a merge; None: nothing. What people there said themselves is theirs."""
    if policy.semantics.tells_merge is TellsMerge.NOTHING or seen.merged_into == into:
        return None
    told = binding.sent.get(MERGED_INTO, ())
    if seen.merged_into is not None and take_fingerprint(seen.merged_into) not in told:
        return Action(Op.SETTLE)
    want, print_ = {MERGED_INTO: into}, take_fingerprint(into)
    same = _count_same(binding, seen, Difference(want, {}, {}))
    if same >= _PATCH_LIMIT or binding.not_retained.get(MERGED_INTO) == print_:
        held = {MERGED_INTO: "protocol.not_retained"}
        return Action(Op.SETTLE, held=held, not_retained={MERGED_INTO: print_})
    return Action(
        Op.TELL_MERGE, patch=want, old={MERGED_INTO: seen.merged_into}, same_patches=same,
        if_version=_expected(seen, policy),
    )  # fmt: skip


def _settle_or_confirm(
    binding: Binding,
    intent: Intent,
    seen: Snapshot,
    policy: Policy,
    found: Difference,
    not_retained: Mapping[str, str] | None = None,
) -> Action:
    lost = not_retained or {}
    held = dict(found.held)
    if holds_total(binding, seen):
        held["gross"] = "protocol.total_differs"
    if binding.state is BindingState.PREPARED:
        if held:
            fields = ", ".join(sorted(held))
            return Action(Op.PARK, "protocol.not_confirmed", {"fields": fields}, held=held, not_retained=lost)
        op = Op.SUBMIT if policy.confirm is Confirm.SUBMIT else Op.CONFIRM
        return Action(op, if_version=_expected(seen, policy, confirm=True))
    if held and find_reversible(binding, intent, seen, policy, held):
        if policy.semantics.amend is Amend.REVERSE:
            return Action(Op.BEGIN_REVERSE, held=held)
        return Action(Op.REOPEN, held=held, if_version=_expected(seen, policy))
    if found.held and not intent.frozen and policy.semantics.amend is Amend.PARK and seen.stage is Stage.EFFECTIVE:
        return Action(
            Op.PARK, "protocol.edit_of_locked", {"fields": ", ".join(sorted(held)), "stage": seen.stage}, held=held
        )  # fmt: skip
    return Action(Op.SETTLE, held=held, not_retained=lost)


def _decide_void(binding: Binding, intent: Intent, seen: Snapshot, policy: Policy) -> Action:
    semantics = policy.semantics
    if intent.frozen:
        return Action(Op.SETTLE, held={"state": intent.frozen})
    if intent.live_children or seen.live_children:
        return Action(Op.PARK, "protocol.has_children")
    if seen.stage in semantics.voidable:
        return Action(Op.VOID, if_version=_expected(seen, policy))
    held = {"state": "protocol.void_refused"}
    if semantics.amend is Amend.PARK and seen.stage is Stage.EFFECTIVE:
        return Action(Op.PARK, "protocol.void_refused", {"stage": seen.stage.value}, held=held)
    return Action(Op.SETTLE, held=held)


def _expected(seen: Snapshot, policy: Policy, *, confirm: bool = False) -> int | None:
    able = policy.semantics.confirms_version if confirm else policy.semantics.compare_and_set
    return seen.version if able else None
