"""What is said beside a decision: its code and parameters, which people and the list of open work read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from hub.errors import ConfigInvalid
from hub.protocol.binding import BindingState
from hub.protocol.compare import digest_plain
from hub.protocol.decide import Action, Op, choose_hit, decide
from hub.protocol.diff import differs_at_first, list_first_differences
from hub.protocol.semantics import Amend, Confirm, Direction, Normaliser, Stage, Timing
from hub.protocol.snapshot import Search
from hub.protocol.timing import check_policy, check_timing
from tests.protocol.build import NOW, make_binding, make_hit, make_intent, make_policy, make_snapshot


def test_times_that_are_refused_are_named() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        check_timing(Timing(send_window_s=91, lease_s=90))
    assert caught.value.params == {"send_window_s": 91, "lease_s": 90}
    with pytest.raises(ConfigInvalid) as caught:
        check_timing(Timing(send_window_s=10, lease_s=90, http_total_s=80))
    assert caught.value.params == {"http_total_s": 80, "lease_s": 90}


def test_a_choice_that_is_refused_is_named_beside_those_that_are_left() -> None:
    policy = make_policy(confirm=Confirm.AUDIT, confirms=frozenset({Confirm.SUBMIT, Confirm.SAVE}))
    with pytest.raises(ConfigInvalid) as caught:
        check_policy(policy, "erp")
    assert caught.value.params == {"confirm": "audit", "allowed": "save, submit", "connection": "erp", "kind": "order"}


def test_what_is_parked_stays_so_in_the_same_words() -> None:
    binding = make_binding(parked="protocol.deleted_there", parked_params={"stage": "gone"})
    found = decide(binding, make_intent(), make_snapshot(), make_policy(), NOW)
    assert found == Action(Op.PARK, "protocol.deleted_there", {"stage": "gone"})


def test_what_is_only_read_says_so() -> None:
    found = decide(make_binding(), make_intent(), make_snapshot(), make_policy(direction=Direction.IN), NOW)
    assert found == Action(Op.NOTHING, "protocol.read_only")


def test_a_document_that_was_deleted_while_it_was_reversed_waits_for_a_person() -> None:
    found = decide(
        make_binding(BindingState.REVERSING), make_intent(), make_snapshot(Stage.GONE), make_policy(), NOW
    )  # fmt: skip
    assert found == Action(Op.PARK, "protocol.deleted_there")


def test_a_void_that_is_refused_names_the_stage() -> None:
    policy = make_policy(amend=Amend.PARK)
    found = decide(make_binding(), make_intent(void=True), make_snapshot(), policy, NOW)
    assert (found.op, found.code) == (Op.PARK, "protocol.void_refused")
    assert (found.params, found.held) == ({"stage": "effective"}, {"state": "protocol.void_refused"})


@pytest.mark.parametrize(("here", "there"), [(True, False), (False, True)])
def test_an_order_with_payments_is_not_voided(here: bool, there: bool) -> None:
    seen = make_snapshot(Stage.DRAFT, live_children=there)
    found = decide(make_binding(), make_intent(void=True, live_children=here), seen, make_policy(), NOW)
    assert found == Action(Op.PARK, "protocol.has_children")


def test_a_stale_read_is_repeated_a_moment_later() -> None:
    policy = make_policy(timing=Timing(retry_s=7))
    found = decide(make_binding(remote_version=4), make_intent(), make_snapshot(version=3), policy, NOW)
    assert (found.op, found.not_before) == (Op.WAIT, NOW + timedelta(seconds=7))


def test_what_somebody_else_made_hides_nothing_that_is_ours() -> None:
    foreign, ours = make_hit("S1", Stage.DRAFT, installation="T02"), make_hit("S2", Stage.DRAFT)
    assert choose_hit(make_binding(BindingState.UNKNOWN), Search((foreign, ours)))[0] == ours


def test_two_documents_that_are_alike_are_told_apart_by_their_ids() -> None:
    """Also where one number is written in two ways: then what stands in them is not asked."""
    one, other = make_hit("7", Stage.DRAFT), make_hit("07", Stage.DRAFT)
    assert choose_hit(make_binding(BindingState.UNKNOWN), Search((one, other))) == (other, [one])
    assert choose_hit(make_binding(BindingState.UNKNOWN), Search((one, one))) == (one, [one])


def test_at_a_first_meeting_a_person_is_asked_about_what_both_sides_say() -> None:
    policy = make_policy()
    ours = {"currency": "CNY", "note": "eilig", "reference": "R1"}
    theirs = {"currency": "EUR", "note": "eilig", "reference": "R2", "gross": 5}
    assert list_first_differences(policy, ours, theirs) == ["currency"], "the reference is theirs, gross is not written"
    assert not differs_at_first(policy, "note", "", "theirs"), "nothing is said here"
    assert differs_at_first(policy, "note", "ours", "theirs")
    assert not differs_at_first(policy, "note", "same", "same")


def test_a_text_that_is_kept_with_its_white_space_is_cut_and_no_more() -> None:
    assert Normaliser(max_length=3, strip=False).apply("ab cd") == "ab "
    assert Normaliser(max_length=3).apply("ab cd") == "ab"


def test_a_fingerprint_is_this_long_for_ever() -> None:
    """It stands in databases: another length would make every field look edited."""
    assert digest_plain({"b": 1, "a": "海"}) == sha256('{"a":"海","b":1}'.encode()).hexdigest()[:24]


def test_what_no_column_of_64_bits_holds_has_the_same_spelling() -> None:
    assert digest_plain({"b": 10**40, "a": "海"}) == sha256(f'{{"a":"海","b":{10**40}}}'.encode()).hexdigest()[:24]


def test_a_void_order_that_was_never_sent_ends_and_after_a_rewind_it_is_looked_for() -> None:
    binding, intent = make_binding(BindingState.NEW), make_intent(void=True)
    assert decide(binding, intent, None, make_policy(), NOW) == Action(Op.TOMB, "protocol.never_sent")
    assert decide(binding, intent, None, make_policy(), NOW, epoch=1).op is Op.SEARCH
    assert decide(binding, intent, Search(), make_policy(), NOW, epoch=1) == Action(Op.TOMB, "protocol.never_arrived")


def test_a_patch_says_what_it_leaves_out() -> None:
    intent = make_intent(fields={"note": "eilig", "currency": "EUR"})
    found = decide(make_binding(), intent, make_snapshot(Stage.EFFECTIVE), make_policy(), NOW)
    assert (found.op, found.patch, set(found.held)) == (Op.PATCH, {"note": "eilig"}, {"currency"})


def test_all_fields_that_stand_against_an_approval_are_named() -> None:
    seen = make_snapshot(Stage.DRAFT, total_differs="0.01", fields={"lines": ()})
    policy = make_policy(editable={})
    found = decide(make_binding(BindingState.PREPARED), make_intent(), seen, policy, NOW)
    assert (found.op, found.code) == (Op.PARK, "protocol.not_confirmed")
    assert found.params == {"fields": ", ".join(sorted(found.held))}
    assert len(found.held) == 2


def test_of_several_the_one_that_counts_is_ours_whatever_comes_first() -> None:
    stages = (Stage.EFFECTIVE, Stage.SUBMITTED, Stage.DRAFT, Stage.VOID)
    hits = [make_hit(f"S{9 - place}", stage) for place, stage in enumerate(stages)]
    binding = make_binding(BindingState.UNKNOWN)
    for first, better in enumerate(hits):
        assert choose_hit(binding, Search(tuple(reversed(hits[first:]))))[0] == better


@pytest.mark.parametrize(("silent", "op"), [(frozenset({"currency"}), Op.SETTLE), (frozenset(), Op.PATCH)])
def test_a_field_that_is_not_shown_says_nothing_only_where_that_is_declared(silent: frozenset[str], op: Op) -> None:
    shown = {name: value for name, value in make_snapshot(Stage.DRAFT).values.items() if name != "currency"}
    seen = replace(make_snapshot(Stage.DRAFT), values=shown)
    policy = make_policy(confirm=Confirm.SAVE, silent=silent)
    assert decide(make_binding(), make_intent(), seen, policy, NOW).op is op
