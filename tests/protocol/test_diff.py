from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from hub.protocol.binding import Binding
from hub.protocol.compare import take_fingerprint
from hub.protocol.diff import comparable, compare_fields, find_reversible
from hub.protocol.semantics import Amend, Normaliser, Owner, Policy, Stage
from hub.protocol.snapshot import Intent, Snapshot
from tests.protocol.build import (
    agree_on,
    bindings,
    intents,
    make_binding,
    make_intent,
    make_line,
    make_policy,
    make_snapshot,
    policies,
    snapshots,
)


def compare(policy: Policy | None = None, **given_: Any):
    usual: dict[str, Any] = {"binding": make_binding(), "intent": make_intent(), "seen": make_snapshot()}
    usual.update(given_)
    return compare_fields(usual["binding"], usual["intent"], usual["seen"], policy or make_policy())


def test_equal_sides_want_nothing() -> None:
    found = compare()
    assert not found.want
    assert not found.held


def test_a_field_of_ours_is_asserted_with_the_value_that_was_there() -> None:
    found = compare(intent=make_intent(fields={"currency": "EUR"}), seen=make_snapshot(Stage.DRAFT))
    assert found.want == {"currency": "EUR"}
    assert found.old == {"currency": "CNY"}


def test_a_field_of_theirs_is_never_asserted() -> None:
    assert not compare(intent=make_intent(fields={"reference": "PO-9"}), seen=make_snapshot(Stage.DRAFT)).want


def test_what_the_document_itself_said_is_not_asserted_against_it() -> None:
    intent = make_intent(fields={"currency": "EUR"}, claims=frozenset({"note"}))
    assert not compare(intent=intent, seen=make_snapshot(Stage.DRAFT)).want


def test_a_shared_field_that_only_they_changed_is_left_to_ingest() -> None:
    policy = make_policy()
    binding = make_binding(base=agree_on(policy, ["note"], note="agreed"))
    found = compare(policy, binding=binding, intent=make_intent(fields={"note": "agreed"}),
                    seen=make_snapshot(fields={"note": "theirs"}))  # fmt: skip
    assert not found.want


def test_a_shared_field_that_we_changed_is_written() -> None:
    policy = make_policy()
    binding = make_binding(base=agree_on(policy, ["note"], note="agreed"))
    found = compare(policy, binding=binding, intent=make_intent(fields={"note": "mine"}),
                    seen=make_snapshot(fields={"note": "agreed"}))  # fmt: skip
    assert found.want == {"note": "mine"}


def test_a_state_that_forbids_the_field_holds_it_and_lets_the_others_through() -> None:
    found = compare(intent=make_intent(fields={"currency": "EUR", "note": "mine"}))
    assert found.held == {"currency": "protocol.locked"}
    assert found.want == {"note": "mine"}


def test_a_stage_that_is_not_declared_allows_nothing() -> None:
    found = compare(intent=make_intent(fields={"note": "mine"}), seen=make_snapshot(Stage.SUBMITTED))
    assert found.held == {"note": "protocol.locked"}


def test_what_the_remote_does_not_keep_is_held_until_it_is_another_value() -> None:
    binding = make_binding(not_retained={"note": take_fingerprint("mine")})
    assert compare(binding=binding, intent=make_intent(fields={"note": "mine"})).held == {
        "note": "protocol.not_retained"
    }
    assert compare(binding=binding, intent=make_intent(fields={"note": "other"})).want == {"note": "other"}


def test_values_are_compared_as_the_other_side_keeps_them() -> None:
    policy = make_policy(normalisers={"note": Normaliser(max_length=6)})
    intent, seen = make_intent(fields={"note": "urgent please"}), make_snapshot(fields={"note": "urgent"})
    assert not compare(policy, intent=intent, seen=seen).want
    assert compare(intent=intent, seen=seen).want == {"note": "urgent please"}


def test_blanks_that_the_other_side_fills_in_by_itself_are_no_difference() -> None:
    ours, theirs = make_line("1", name="", unit=""), make_line("1", name="bearing", unit="pcs")
    draft = make_snapshot(Stage.DRAFT, fields={"lines": (theirs,)})
    assert not compare(intent=make_intent(fields={"lines": (ours,)}), seen=draft).want


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ((make_line("1", "2", name=""),), (make_line("1", "1", name="bearing"),)),
        ((make_line("1", name="seal"),), (make_line("1", name=""),)),
        ((make_line("1"),), (make_line("1"), make_line("2"))),
        ((), (make_line("1"),)),
    ],
)
def test_a_true_difference_in_the_lines_is_written(ours: tuple, theirs: tuple) -> None:
    found = compare(
        intent=make_intent(fields={"lines": ours}), seen=make_snapshot(Stage.DRAFT, fields={"lines": theirs})
    )
    assert found.want == {"lines": ours}


@given(bindings, intents, snapshots, policies)
def test_only_open_fields_of_ours_that_truly_differ_are_wanted(
    binding: Binding, intent: Intent, seen: Snapshot, policy: Policy
) -> None:
    found = compare_fields(binding, intent, seen, policy)
    allowed = policy.semantics.editable.get(seen.stage, frozenset())
    assert not set(found.want) & set(found.held)
    assert set(found.want) == set(found.old)
    for name, value in found.want.items():
        assert policy.owner_of(name) is not Owner.REMOTE
        assert name in intent.claims
        assert name in allowed or "*" in allowed
        assert comparable(policy, name, value) != comparable(policy, name, seen.values.get(name))
    for name in found.held:
        assert name in policy.mapped_out & policy.mapped_in


# ---- what may be reversed or reopened ------------------------------------------------------------------------------

LOCKED = {"currency": "protocol.locked"}
OWN = make_intent(own_values=frozenset({"currency"}))


@pytest.mark.parametrize("amend", [Amend.REVERSE, Amend.REOPEN])
def test_a_document_of_ours_with_our_value_may_be_amended(amend: Amend) -> None:
    assert find_reversible(make_binding(), OWN, make_snapshot(), make_policy(amend=amend), LOCKED)


@pytest.mark.parametrize(
    "given_",
    [
        {"policy": make_policy(amend=Amend.REFUSE)},
        {"policy": make_policy(amend=Amend.PARK)},
        {"binding": make_binding(ours=False)},
        {"seen": make_snapshot(live_children=True)},
        {"intent": replace(OWN, live_children=True)},
        {"intent": make_intent()},
        {"seen": make_snapshot(Stage.DRAFT)},
        {"held": {}},
        {"held": {**LOCKED, "note": "protocol.refused"}},
        {"held": {"currency": "protocol.not_retained"}},
    ],
)
def test_nothing_else_is(given_: dict[str, Any]) -> None:
    usual: dict[str, Any] = {
        "binding": make_binding(), "intent": OWN, "seen": make_snapshot(),
        "policy": make_policy(amend=Amend.REVERSE), "held": LOCKED,
    }  # fmt: skip
    usual.update(given_)
    assert not find_reversible(usual["binding"], usual["intent"], usual["seen"], usual["policy"], usual["held"])
