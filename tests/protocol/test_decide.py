"""The one decision function. First what it must never do, over the whole space; then what it does, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.protocol.decide import WRITES, Action, Op, Seen, choose_hit, decide, is_stale, needs_reading
from hub.protocol.diff import compare_fields
from hub.protocol.semantics import Amend, Confirm, Direction, Policy, Stage, Tier
from hub.protocol.snapshot import Intent, Parent, Search, Snapshot
from tests.protocol.build import (
    FOREIGN,
    NOW,
    OTHER_ID,
    OURS,
    bindings,
    intents,
    make_binding,
    make_hit,
    make_intent,
    make_line,
    make_policy,
    make_snapshot,
    policies,
    searches,
    seens,
)

S = BindingState
ENDED = (S.TOMB, S.FOREIGN)
BEFORE = (S.NEW, S.SENDING, S.UNKNOWN)
ON_A_READ = frozenset(
    {Op.PATCH, Op.SUBMIT, Op.CONFIRM, Op.REOPEN, Op.VOID, Op.BEGIN_REVERSE, Op.NEXT_REVISION, Op.SETTLE}
)


@settings(max_examples=300)
@given(bindings, intents, seens, policies, st.integers(0, 2))
def test_every_combination_has_an_answer_that_breaks_no_rule(
    binding: Binding, intent: Intent, seen: Seen, policy: Policy, epoch: int
) -> None:
    action = decide(binding, intent, seen, policy, NOW, epoch=epoch)
    _check_silence(action, binding, policy)
    _check_create(action, binding, intent, seen, policy, epoch)
    _check_read(action, binding, seen, policy)
    _check_confirm(action, binding, intent, seen, policy)
    _check_reversal(action, binding, intent, seen, policy)
    if intent.frozen and binding.state not in (*BEFORE, S.REVERSING):
        assert action.op not in (*WRITES, Op.BEGIN_REVERSE), "history is only read"
    if action.op in (Op.PARK, Op.HOLD):
        assert action.code, "a person must be told why"
    if action.op is Op.ADOPT:
        assert action.adopt is not None
        assert isinstance(seen, Search)
    if action.op in (Op.HOLD, Op.WAIT, Op.MARK_UNKNOWN):
        assert action.not_before is not None, "nothing waits without an end"


@given(
    st.builds(make_binding, st.just(S.NEW), attempts=st.integers(0, 2)),
    st.sampled_from([make_intent(), make_intent(void=True), make_intent(hold="sync.needs_match")]),
    st.none() | searches,
    st.sampled_from(Tier),
    st.integers(0, 1),
)
def test_nothing_is_made_twice(binding: Binding, intent: Intent, seen: Seen, tier: Tier, epoch: int) -> None:
    policy = make_policy(tier)
    action = decide(binding, intent, seen, policy, NOW, epoch=epoch)
    _check_create(action, binding, intent, seen, policy, epoch)
    if isinstance(seen, Search) and choose_hit(binding, seen)[0] is not None and binding.attempts:
        assert action.op is (Op.PARK if tier is Tier.BLIND else Op.ADOPT)


def _check_silence(action: Action, binding: Binding, policy: Policy) -> None:
    if binding.state in ENDED:
        assert action.op is Op.NOTHING
    if binding.parked or not binding.primary or policy.direction is Direction.IN or binding.state in ENDED:
        assert action.op not in WRITES


def _check_create(action: Action, binding: Binding, intent: Intent, seen: Seen, policy: Policy, epoch: int) -> None:
    if action.op is not Op.CREATE:
        return
    assert binding.state is S.NEW
    assert not intent.void
    assert not binding.void_wanted
    assert intent.hold is None
    assert intent.parent is Parent.READY
    if policy.semantics.tier is Tier.BLIND:
        assert binding.attempts == 0, "a blind system is told once"
        return
    if binding.attempts or epoch or policy.semantics.tier in (Tier.DRAFT, Tier.PLAIN):
        assert isinstance(seen, Search), "looked first"
        assert choose_hit(binding, seen)[0] is None


def _check_read(action: Action, binding: Binding, seen: Seen, policy: Policy) -> None:
    if action.op in ON_A_READ:
        assert isinstance(seen, Snapshot)
        assert not is_stale(binding, seen, policy), "an old read settles nothing"
        assert binding.state not in BEFORE


def _check_confirm(action: Action, binding: Binding, intent: Intent, seen: Seen, policy: Policy) -> None:
    if action.op not in (Op.CONFIRM, Op.SUBMIT):
        return
    assert isinstance(seen, Snapshot)
    assert binding.state is S.PREPARED, "only the adopted draft"
    assert (action.op is Op.SUBMIT) is (policy.confirm is Confirm.SUBMIT)
    found = compare_fields(binding, intent, seen, policy)
    assert not found.want, "patch first, then confirm"
    assert not found.held
    assert seen.total_differs is None
    if policy.semantics.confirms_version:
        assert action.if_version == seen.version


def _check_reversal(action: Action, binding: Binding, intent: Intent, seen: Seen, policy: Policy) -> None:
    if action.op in (Op.BEGIN_REVERSE, Op.REOPEN):
        assert isinstance(seen, Snapshot)
        assert binding.ours
        assert seen.stage is Stage.EFFECTIVE
        assert not seen.live_children
        assert set(action.held) <= intent.own_values, "a value that a person put there is his"
        assert policy.semantics.amend is (Amend.REOPEN if action.op is Op.REOPEN else Amend.REVERSE)
    if action.op is Op.NEXT_REVISION:
        assert isinstance(seen, Snapshot)
        assert binding.state is S.REVERSING
        assert seen.stage is Stage.VOID
        assert seen.changed_by_us is not False


@given(bindings, searches)
def test_only_our_own_documents_of_this_record_are_adopted(binding: Binding, search: Search) -> None:
    chosen, spare = choose_hit(binding, search)
    for hit in [hit for hit in (chosen, *spare) if hit is not None]:
        assert hit.parsed is not None
        assert hit.created_by_us is not False, "a person's copy stays his"
        assert hit.parsed.hub_id == binding.hub_id
        assert hit.parsed.revision >= binding.revision
        assert binding.ref is None or hit.parsed.installation == OURS
        assert hit.stage is not Stage.GONE
    assert all(hit.stage in (Stage.DRAFT, Stage.SUBMITTED) for hit in spare)
    assert chosen is None or all(hit is not chosen for hit in spare)


# ---- which of several documents ------------------------------------------------------------------------------------


def test_the_newest_revision_then_the_furthest_stage_then_the_lowest_id_is_adopted() -> None:
    ordered = [
        make_hit("S7", Stage.VOID, revision=1),
        make_hit("S9", Stage.EFFECTIVE),
        make_hit("S10", Stage.EFFECTIVE),
        make_hit("S3", Stage.SUBMITTED),
        make_hit("S2", Stage.DRAFT),
        make_hit("S1", Stage.VOID),
    ]
    for place, expected in enumerate(ordered):
        chosen, spare = choose_hit(make_binding(S.UNKNOWN), Search(tuple(reversed(ordered[place:]))))
        assert chosen == expected
        assert {hit.external_id for hit in spare} == {"S3", "S2"} & {hit.external_id for hit in ordered[place + 1 :]}


@pytest.mark.parametrize(
    "hit",
    [
        make_hit("S1", Stage.EFFECTIVE, created_by_us=False),
        make_hit("S1", Stage.EFFECTIVE, installation=FOREIGN),
        make_hit("S1", Stage.EFFECTIVE, hub_id=OTHER_ID),
        make_hit("S1", Stage.GONE),
        make_snapshot(reference="customer's own text"),
    ],
)
def test_what_is_not_ours_is_not_there(hit: Snapshot) -> None:
    assert choose_hit(make_binding(S.UNKNOWN), Search((hit,))) == (None, [])


def test_an_older_revision_than_ours_is_not_adopted() -> None:
    binding = make_binding(S.UNKNOWN, revision=1)
    assert choose_hit(binding, Search((make_hit("S1", Stage.EFFECTIVE),)))[0] is None


# ---- before there is a document ------------------------------------------------------------------------------------


def ask(state: BindingState, seen: Seen = None, policy: Policy | None = None, **given_: Any) -> Action:
    epoch = given_.pop("epoch", 0)
    intent = given_.pop("intent", make_intent())
    return decide(make_binding(state, **given_), intent, seen, policy or make_policy(), NOW, epoch=epoch)


def test_a_unique_reference_may_be_sent_at_once() -> None:
    action = ask(S.NEW, policy=make_policy(Tier.UNIQUE))
    assert action.op is Op.CREATE
    assert action.patch == make_intent().values


@pytest.mark.parametrize("tier", [Tier.DRAFT, Tier.PLAIN])
def test_other_tiers_look_first(tier: Tier) -> None:
    assert ask(S.NEW, policy=make_policy(tier)).op is Op.SEARCH
    assert ask(S.NEW, Search(), policy=make_policy(tier)).op is Op.CREATE


def test_what_was_sent_before_is_looked_for_even_where_references_are_unique() -> None:
    assert ask(S.NEW, policy=make_policy(Tier.UNIQUE), attempts=1).op is Op.SEARCH
    assert ask(S.NEW, Search(), policy=make_policy(Tier.UNIQUE), attempts=1).op is Op.CREATE


def test_only_the_primary_one_of_several_parties_is_written() -> None:
    edited = make_intent(fields={"note": "mine"})
    assert ask(S.BOUND, make_snapshot(), intent=edited).op is Op.PATCH
    assert ask(S.BOUND, make_snapshot(), intent=edited, primary=False).op is Op.NOTHING


def test_totals_that_the_lines_do_not_give_are_held_until_a_person_accepts_them() -> None:
    seen = make_snapshot(total_differs="0.05")
    assert ask(S.BOUND, seen).held == {"gross": "protocol.total_differs"}
    assert ask(S.BOUND, seen, ours=False).held
    accepted = {"gross": take_fingerprint(seen.values.get("gross"))}
    assert not ask(S.BOUND, seen, ours=False, not_retained=accepted).held


def test_after_a_rewind_even_a_unique_reference_is_looked_for() -> None:
    assert ask(S.NEW, policy=make_policy(Tier.UNIQUE), epoch=1).op is Op.SEARCH


def test_a_party_is_looked_for_before_it_is_made() -> None:
    assert ask(S.NEW, policy=make_policy(Tier.UNIQUE, transactional=False)).op is Op.SEARCH


def test_a_blind_system_is_told_once() -> None:
    policy = make_policy(Tier.BLIND)
    assert ask(S.NEW, policy=policy).op is Op.CREATE
    for state in BEFORE:
        action = ask(state, policy=policy, attempts=1)
        assert (action.op, action.code) == (Op.PARK, "protocol.blind_ambiguity")


def test_fields_that_are_not_mapped_or_not_known_are_not_sent() -> None:
    intent = make_intent(fields={"reference": None, "billing": "none"})
    assert set(ask(S.NEW, Search(), intent=intent).patch) == {"currency", "note", "lines"}


def test_what_was_never_sent_and_is_void_just_ends() -> None:
    assert ask(S.NEW, intent=make_intent(void=True)).op is Op.TOMB
    assert ask(S.NEW, intent=make_intent(void=True), epoch=1).op is Op.SEARCH
    assert ask(S.NEW, intent=make_intent(void=True), attempts=1).op is Op.SEARCH
    assert ask(S.NEW, Search(), intent=make_intent(void=True), attempts=1).op is Op.TOMB


def test_a_create_waits_for_its_parent_and_a_hopeless_one_is_shown() -> None:
    waits = ask(S.NEW, intent=make_intent(parent=Parent.MISSING))
    assert (waits.op, waits.code) == (Op.HOLD, "protocol.parent_missing")
    assert ask(S.NEW, intent=make_intent(parent=Parent.HOPELESS)).op is Op.PARK


def test_the_parent_gates_the_create_alone_never_the_search() -> None:
    for parent in Parent:
        intent = make_intent(parent=parent)
        assert ask(S.UNKNOWN, intent=intent, attempts=1).op is Op.SEARCH
        assert ask(S.NEW, intent=intent, attempts=1).op is Op.SEARCH
        found = Search((make_hit("S1", Stage.EFFECTIVE),))
        assert ask(S.NEW, found, intent=intent, attempts=1).op is Op.ADOPT


def test_a_death_in_the_middle_of_sending_waits_out_the_quiet_period() -> None:
    sent = NOW - timedelta(seconds=3)
    quiet = make_policy(Tier.PLAIN)
    assert ask(S.SENDING, policy=quiet, sent_at=sent).not_before == sent + timedelta(seconds=quiet.quiet_s)
    assert ask(S.SENDING, policy=make_policy(Tier.UNIQUE), sent_at=sent).not_before == sent


def test_an_unknown_outcome_is_looked_for() -> None:
    assert ask(S.UNKNOWN).op is Op.SEARCH
    assert ask(S.UNKNOWN, Search()).op is Op.BACK_TO_NEW
    voided = ask(S.UNKNOWN, Search((make_hit("S1", Stage.VOID),)))
    assert voided.op is Op.ADOPT, "a cancelled document must not be made again"


def test_one_party_with_the_same_identifier_is_joined_and_several_ask() -> None:
    policy = make_policy(Tier.UNIQUE, transactional=False)
    one, other = make_snapshot(external_id="P1", reference=None), make_snapshot(external_id="P2", reference=None)
    joined = ask(S.NEW, Search(matches=(one,)), policy=policy)
    assert (joined.op, joined.adopt, joined.code) == (Op.ADOPT, one, "protocol.matched_identifier")
    several = ask(S.NEW, Search(matches=(one, other)), policy=policy)
    assert (several.op, several.code, several.params["ids"]) == (Op.HOLD, "protocol.several_matches", "P1, P2")
    assert ask(S.NEW, Search(taken=True), policy=policy).code == "protocol.match_taken"
    assert ask(S.NEW, Search(matches=(one,), taken=True), policy=policy).op is Op.HOLD


# ---- when there is a document --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.PREPARED, S.WAITING, S.BOUND, S.REVERSING])
def test_a_document_is_read_before_anything_is_decided(state: BindingState) -> None:
    assert ask(state).op is Op.READ
    assert ask(state, Search()).op is Op.READ


@given(bindings, intents, seens, policies)
def test_what_has_to_be_read_first_is_read_whatever_the_hub_wants(
    binding: Binding, intent: Intent, seen: Seen, policy: Policy
) -> None:
    assume(needs_reading(binding, seen))
    assert decide(binding, intent, seen, policy, NOW) == decide(binding, Intent({}), seen, policy, NOW)


def test_an_old_read_is_waited_out() -> None:
    assert ask(S.BOUND, make_snapshot(version=2), remote_version=3).op is Op.WAIT
    unversioned = make_policy(versioned=False)
    assert ask(S.BOUND, make_snapshot(version=None), unversioned, sent_at=NOW + timedelta(seconds=1)).op is Op.WAIT
    assert ask(S.BOUND, make_snapshot(version=None), unversioned, sent_at=NOW).op is Op.SETTLE


def test_a_draft_is_patched_first_and_then_that_version_is_confirmed() -> None:
    edited = make_intent(fields={"currency": "EUR"})
    patch = ask(S.PREPARED, make_snapshot(Stage.DRAFT), intent=edited)
    assert (patch.op, patch.patch, patch.if_version) == (Op.PATCH, {"currency": "EUR"}, 3)
    equal = make_snapshot(Stage.DRAFT, fields={"currency": "EUR"}, version=4)
    confirm = ask(S.PREPARED, equal, intent=edited)
    assert (confirm.op, confirm.if_version) == (Op.CONFIRM, 4)
    assert ask(S.PREPARED, equal, make_policy(confirm=Confirm.SUBMIT), intent=edited).op is Op.SUBMIT


def test_a_draft_whose_totals_are_wrong_is_not_confirmed() -> None:
    action = ask(S.PREPARED, make_snapshot(Stage.DRAFT, total_differs="0.05"))
    assert (action.op, action.code, dict(action.held)) == (
        Op.PARK, "protocol.not_confirmed", {"gross": "protocol.total_differs"},
    )  # fmt: skip


def test_a_value_that_is_not_kept_three_times_is_held_for_good() -> None:
    edited = make_intent(fields={"note": "mine"})
    acked: dict[str, Any] = {"acked_version": 3, "acked_patch": take_fingerprint({"note": "mine"})}
    for before, op in ((0, Op.PATCH), (1, Op.PATCH), (2, Op.SETTLE)):
        action = ask(S.BOUND, make_snapshot(), intent=edited, same_patches=before, **acked)
        assert action.op is op
    assert action.held == {"note": "protocol.not_retained"}
    assert action.not_retained == {"note": take_fingerprint("mine")}


def test_an_edit_by_somebody_else_is_not_counted_against_the_remote() -> None:
    acked: dict[str, Any] = {"acked_version": 3, "acked_patch": take_fingerprint({"note": "mine"})}
    edited = make_intent(fields={"note": "mine"})
    action = ask(S.BOUND, make_snapshot(version=5), intent=edited, same_patches=2, **acked)
    assert (action.op, action.same_patches) == (Op.PATCH, 2)


LOCKED = make_intent(fields={"currency": "EUR"}, own_values=frozenset({"currency"}))


@pytest.mark.parametrize(
    ("amend", "op"),
    [
        (Amend.REFUSE, Op.SETTLE),
        (Amend.PARK, Op.PARK),
        (Amend.REOPEN, Op.REOPEN),
        (Amend.REVERSE, Op.BEGIN_REVERSE),
    ],
)
def test_an_edit_that_the_state_forbids_goes_the_declared_way(amend: Amend, op: Op) -> None:
    action = ask(S.BOUND, make_snapshot(), make_policy(amend=amend), intent=LOCKED)
    assert action.op is op
    assert action.held == {"currency": "protocol.locked"}


@pytest.mark.parametrize("amend", [Amend.REOPEN, Amend.REVERSE])
def test_a_value_that_a_person_put_there_is_held(amend: Amend) -> None:
    theirs = replace(LOCKED, own_values=frozenset())
    assert ask(S.BOUND, make_snapshot(), make_policy(amend=amend), intent=theirs).op is Op.SETTLE


def test_a_reversal_voids_sees_it_void_and_only_then_goes_on() -> None:
    reverse = make_policy(amend=Amend.REVERSE)
    assert ask(S.REVERSING, make_snapshot(), reverse, intent=LOCKED).op is Op.VOID
    assert ask(S.REVERSING, make_snapshot(Stage.VOID), reverse, intent=LOCKED).op is Op.NEXT_REVISION
    by_person = make_snapshot(Stage.VOID, changed_by_us=False)
    assert ask(S.REVERSING, by_person, reverse, intent=LOCKED).op is Op.TOMB
    assert ask(S.REVERSING, make_snapshot(Stage.GONE), reverse, intent=LOCKED).op is Op.PARK


def test_a_void_happens_where_it_is_allowed_and_is_held_elsewhere() -> None:
    void = make_intent(void=True)
    assert ask(S.WAITING, make_snapshot(Stage.DRAFT), intent=void).op is Op.VOID
    held = ask(S.BOUND, make_snapshot(), intent=void)
    assert (held.op, held.held) == (Op.SETTLE, {"state": "protocol.void_refused"})
    assert ask(S.BOUND, make_snapshot(), make_policy(amend=Amend.PARK), intent=void).op is Op.PARK
    assert ask(S.WAITING, make_snapshot(Stage.DRAFT, live_children=True), intent=void).op is Op.PARK


@pytest.mark.parametrize("amend", Amend)
def test_history_is_neither_changed_nor_voided_nor_confirmed(amend: Amend) -> None:
    frozen: dict[str, Any] = {"frozen": "sync.is_history"}
    edited = make_intent(fields={"note": "mine"}, **frozen)
    for state, stage in ((S.BOUND, Stage.EFFECTIVE), (S.WAITING, Stage.DRAFT)):
        held = ask(state, make_snapshot(stage), make_policy(amend=amend), intent=edited)
        assert (held.op, dict(held.held)) == (Op.SETTLE, {"note": "sync.is_history"})
        void = ask(state, make_snapshot(stage), make_policy(amend=amend), intent=make_intent(void=True, **frozen))
        assert (void.op, dict(void.held)) == (Op.SETTLE, {"state": "sync.is_history"})
    drafted = ask(S.PREPARED, make_snapshot(Stage.DRAFT), make_policy(amend=amend), intent=make_intent(**frozen))
    assert (drafted.op, drafted.code) == (Op.HOLD, "sync.is_history")


@pytest.mark.parametrize("stage", [Stage.VOID, Stage.GONE])
def test_what_ended_there_is_left_alone(stage: Stage) -> None:
    edited = make_intent(fields={"note": "mine"})
    assert ask(S.BOUND, make_snapshot(stage), intent=edited).op is Op.NOTHING


def test_a_version_is_only_named_where_it_is_looked_at() -> None:
    loose = make_policy(compare_and_set=False, confirms_version=False)
    edited = make_intent(fields={"note": "mine"})
    assert ask(S.BOUND, make_snapshot(), loose, intent=edited).if_version is None
    assert ask(S.PREPARED, make_snapshot(Stage.DRAFT), loose).if_version is None


def test_lines_that_the_other_side_completes_do_not_keep_it_busy() -> None:
    blank, filled = make_line("1", name=""), make_line("1", name="bearing")
    seen = make_snapshot(Stage.DRAFT, fields={"lines": (filled,)})
    assert ask(S.PREPARED, seen, intent=make_intent(fields={"lines": (blank,)})).op is Op.CONFIRM
