"""How a binding moves on when a snapshot shows its document in another stage: protocol section 7, step 3."""

from __future__ import annotations

from typing import Any

from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import follow_version
from hub.protocol.semantics import Amend, Confirm, Policy, Stage
from hub.protocol.snapshot import Snapshot


def move_state(binding: Binding, snapshot: Snapshot, policy: Policy, revision: int) -> Binding:
    """The binding after a snapshot: version, stage, and the state that follows from the stage."""
    update: dict[str, Any] = {
        "remote_version": follow_version(policy, binding.remote_version, snapshot.version),
        "stage": snapshot.stage.value,
        "remote_number": snapshot.number or binding.remote_number,
        "missing_since": None,
    }
    if binding.state is BindingState.FOREIGN:  # another hub's to write, whatever becomes of it
        return binding.model_copy(update=update)
    if binding.state is BindingState.TOMB and snapshot.stage not in (Stage.VOID, Stage.GONE):
        return binding.model_copy(update=update | _revive(binding, snapshot))
    if binding.state is BindingState.TOMB:
        return binding.model_copy(update=update)
    if snapshot.stage in (Stage.VOID, Stage.GONE):
        return binding.model_copy(update=update | _end(binding, snapshot, policy))
    movable = (BindingState.PREPARED, BindingState.WAITING, BindingState.BOUND)
    if binding.ours and binding.state in movable:
        state, why = _follow_stage(binding, snapshot, policy, revision)
        update |= {"state": state, "why": why}
    return binding.model_copy(update=update)


def _revive(binding: Binding, snapshot: Snapshot) -> dict[str, Any]:
    """A cancelled document that people brought back to life. If the hub wanted it cancelled, a person must say."""
    drafted = binding.ours and snapshot.stage is not Stage.EFFECTIVE
    update: dict[str, Any] = {"state": BindingState.WAITING if drafted else BindingState.BOUND}
    update["why"] = "protocol.revived_there" if drafted else None
    return update | ({"parked": "protocol.revived_there"} if binding.void_wanted else {})


def _follow_stage(
    binding: Binding, snapshot: Snapshot, policy: Policy, revision: int
) -> tuple[BindingState, str | None]:
    if snapshot.stage is Stage.EFFECTIVE:
        return BindingState.BOUND, None
    if binding.state is BindingState.BOUND:
        return BindingState.WAITING, "protocol.approval_taken_back"
    if snapshot.stage is Stage.SUBMITTED and not _is_half_approved(binding, snapshot, policy):
        return BindingState.WAITING, "protocol.submitted"
    if policy.confirm is Confirm.AUDIT and snapshot.touched_by_person:
        return BindingState.WAITING, "protocol.person_works"
    if binding.state is BindingState.WAITING and policy.confirm is Confirm.SUBMIT:
        if revision > binding.submitted_revision:
            return BindingState.PREPARED, None
        return BindingState.WAITING, "protocol.sent_back"
    return binding.state, binding.why


def _is_half_approved(binding: Binding, snapshot: Snapshot, policy: Policy) -> bool:
    """Where an approval takes two calls, we may have died between them. It is gone on with, unless somebody else has
    had a hand in it, or it is not wanted any more."""
    ours = policy.confirm is Confirm.AUDIT and binding.state is BindingState.PREPARED and not binding.void_wanted
    return ours and snapshot.touched_by_person is False


def _end(binding: Binding, snapshot: Snapshot, policy: Policy) -> dict[str, Any]:
    """Voided or deleted there; never re-created by itself."""
    by_us = snapshot.changed_by_us is not False
    if binding.state is BindingState.REVERSING and by_us and snapshot.stage is Stage.VOID:
        return {}
    update: dict[str, Any] = {"dirty": False, "held": {}}
    if not binding.void_wanted and snapshot.stage is Stage.GONE and not policy.reads.deletion_voids:
        return update | {"parked": "protocol.deleted_there"}
    if not binding.void_wanted and snapshot.changed_by_us and policy.semantics.amend is Amend.REVERSE:
        return update | {"parked": "protocol.reversal_lost"}
    return update | {"state": BindingState.TOMB, "parked": None, "why": None}
