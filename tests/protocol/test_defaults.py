"""What holds where nobody says anything, and the words under which states stand in databases and configurations."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import Op
from hub.protocol.semantics import (
    NO_FIELDS,
    Amend,
    Confirm,
    Direction,
    Evidence,
    Owner,
    Policy,
    ReadSemantics,
    Stage,
    TellsMerge,
    Tier,
    Timing,
    WriteSemantics,
)
from hub.protocol.snapshot import Intent, Parent, Search, Snapshot
from tests.protocol.build import HUB_ID, OTHER_ID

WORDS = {
    BindingState: "new sending unknown prepared waiting bound reversing tomb foreign",
    Tier: "unique draft plain blind",
    Confirm: "save submit audit",
    Amend: "reopen reverse refuse park",
    TellsMerge: "nothing note call",
    Evidence: "measured read recalled",
    Stage: "draft submitted effective void gone",
    Owner: "hub remote shared",
    Direction: "both in out",
    Parent: "ready missing hopeless",
}


def read_defaults(kind: Any) -> dict[str, Any]:
    """Field → what it is when nobody says it."""
    found = {}
    for one in fields(kind):
        if one.default is not MISSING:
            found[one.name] = one.default
        elif one.default_factory is not MISSING:
            found[one.name] = one.default_factory()
    return found


def test_states_and_choices_stand_under_these_words() -> None:
    assert {kind: {str(item.value) for item in kind} for kind in WORDS} == {
        kind: set(words.split()) for kind, words in WORDS.items()
    }


def test_steps_are_counted_under_these_words() -> None:
    assert {op.name.lower() for op in Op} == {op.value.replace(" ", "_") for op in Op}


def test_a_new_binding_knows_nothing() -> None:
    told: dict[str, Any] = {"id": OTHER_ID, "connection": "erp", "kind": "order", "hub_id": HUB_ID}
    unknown = (
        "home_id ref remote_id remote_number stage lease_until sent_at not_before missing_since parked why updated_at"
    )
    zero = (
        "revision attempts refusals fence remote_version acked_version same_patches claimed_revision submitted_revision"
    )
    nothing = {**dict.fromkeys(unknown.split()), **dict.fromkeys(zero.split(), 0)}
    empty: dict[str, Any] = {name: {} for name in ("base", "sent", "held", "not_retained", "lines", "parked_params")}
    flags = {"primary": True, "ours": False, "dirty": False, "void_wanted": False}
    known = {**told, **nothing, **empty, **flags, "state": BindingState.NEW, "acked_patch": "", "updated_at": None}
    assert Binding(**told).model_dump() == known


def test_what_a_connector_does_not_declare_of_writing_is_the_careful_choice() -> None:
    assert read_defaults(WriteSemantics) == {
        "reference_field": None, "creates": True, "confirms": {Confirm.SAVE}, "amend": Amend.REFUSE, "editable": {},
        "void_removes": False, "silent": NO_FIELDS, "voidable": NO_FIELDS, "deletable": NO_FIELDS,
        "cancels_cleanly": False, "compare_and_set": False,
        "confirms_version": False, "partial_update": True, "shows_modifier": False,
        "exclusive_confirm": False, "versioned": True, "batch_size": 1, "batch_atomic": False, "d_max_s": 60.0,
        "lag_s": 0.0, "granularity_s": 0.0, "tells_merge": TellsMerge.NOTHING, "normalisers": {},
        "evidence": Evidence.MEASURED,
    }  # fmt: skip


def test_what_a_connector_does_not_declare_of_reading_is_the_careful_choice() -> None:
    assert read_defaults(ReadSemantics) == {
        "cursor_field": None, "commit_ordered": False, "deletion_voids": False, "lists_deleted": False,
        "replica_lag_s": 0.0, "versioned": True,
    }  # fmt: skip


def test_what_an_admin_does_not_choose() -> None:
    assert read_defaults(Policy) == {
        "timing": Timing(), "direction": Direction.BOTH, "confirm": Confirm.SAVE, "owners": {},
        "default_owner": Owner.HUB, "mapped_out": NO_FIELDS, "mapped_in": NO_FIELDS, "line_fields": {},
        "lines_out": {}, "create": False, "remote_wins": True, "transactional": True, "number_field": "number",
        "reads": ReadSemantics(),
    }  # fmt: skip
    assert read_defaults(Timing) == {
        "send_window_s": 10.0, "lease_s": 90.0, "http_total_s": 60.0, "skew_s": 2.0, "retry_s": 5.0,
        "max_refusals": 3,
    }  # fmt: skip


def test_a_snapshot_that_says_nothing_vouches_for_nothing() -> None:
    assert read_defaults(Snapshot) == {
        "version": None, "number": None, "reference": None, "created_by_us": None, "touched_by_person": None,
        "changed_by_us": None, "live_children": False, "merged_into": None, "total_differs": None,
    }  # fmt: skip
    assert read_defaults(Search) == {"hits": (), "matches": (), "taken": False}


def test_an_intent_that_says_nothing_claims_nothing() -> None:
    found = read_defaults(Intent)
    assert {name: found[name] for name in ("claims", "void", "revision", "parent", "hold", "live_children")} == {
        "claims": NO_FIELDS, "void": False, "revision": 0, "parent": Parent.READY, "hold": None, "live_children": False,
    }  # fmt: skip
    assert found["hold_params"] == {}
    assert found["frozen"] is None
