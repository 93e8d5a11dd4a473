from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import ConfigInvalid
from hub.protocol.semantics import Amend, Confirm, Owner, Policy, ReadSemantics, Tier, Timing, WriteSemantics
from hub.protocol.timing import check_policy, check_timing, needs_quiet
from tests.protocol.build import make_policy


def test_the_shipped_times_are_safe() -> None:
    check_timing(Timing())


@pytest.mark.parametrize(
    ("timing", "code"),
    [
        (Timing(send_window_s=90, lease_s=90), "protocol.send_window_too_long"),
        (Timing(send_window_s=91, lease_s=90), "protocol.send_window_too_long"),
        (Timing(send_window_s=10, lease_s=90, http_total_s=80), "protocol.http_timeout_too_long"),
        (Timing(send_window_s=40, lease_s=90, http_total_s=60), "protocol.http_timeout_too_long"),
    ],
)
def test_times_in_which_a_paused_worker_could_still_send_are_refused(timing: Timing, code: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        check_timing(timing)
    assert caught.value.code == code


def test_the_quiet_period_covers_everything_that_may_still_happen() -> None:
    policy = make_policy(d_max_s=60, lag_s=5, granularity_s=1, timing=Timing(send_window_s=10, skew_s=2))
    assert policy.quiet_s >= 60 + 5 + 10 + 2
    assert policy.overlap_s >= 60 + 5 + 1 + 2


SHARED = {"note": Owner.SHARED, "reference": Owner.SHARED}


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (make_policy(confirm=Confirm.AUDIT, confirms=frozenset({Confirm.SAVE})), "protocol.confirm_unsupported"),
        (make_policy(compare_and_set=False), "protocol.shared_needs_cas"),
        (make_policy(Tier.PLAIN, amend=Amend.REOPEN), "protocol.reopen_needs_drafts"),
        (make_policy(Tier.PLAIN, partial_update=False), "protocol.whole_writes_unsafe"),
        (make_policy(Tier.BLIND, partial_update=False), "protocol.whole_writes_unsafe"),
    ],
)
def test_unsafe_choices_are_refused_by_name(policy: Policy, code: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        check_policy(policy, "erp")
    assert caught.value.code == code
    assert caught.value.params["connection"] == "erp"
    assert caught.value.params["kind"] == "order"


@pytest.mark.parametrize(
    "policy",
    [
        make_policy(),
        make_policy(compare_and_set=False, owners={}),
        make_policy(Tier.PLAIN, confirms=frozenset({Confirm.SAVE})),
        make_policy(Tier.UNIQUE, partial_update=False),
        make_policy(compare_and_set=False, owners={"gross": Owner.SHARED}),
    ],
)
def test_safe_choices_pass(policy: Policy) -> None:
    check_policy(policy, "erp")


def test_shared_fields_are_allowed_one_by_one() -> None:
    policy = make_policy(compare_and_set=False, owners=SHARED)
    check_policy(policy, "erp", frozenset({"note", "reference"}))
    with pytest.raises(ConfigInvalid) as caught:
        check_policy(policy, "erp", frozenset({"note"}))
    assert caught.value.params["fields"] == "reference"


@pytest.mark.parametrize("confirm", list(Confirm))
@pytest.mark.parametrize("tier", list(Tier))
def test_only_a_time_bound_makes_an_ambiguous_create_safe_without_drafts_of_our_own(
    tier: Tier, confirm: Confirm
) -> None:
    open_ = make_policy(tier, confirm)
    closed = replace(open_, semantics=replace(open_.semantics, exclusive_confirm=True))
    assert needs_quiet(open_) is (tier in (Tier.PLAIN, Tier.DRAFT))
    assert needs_quiet(closed) is (tier is Tier.PLAIN or (tier is Tier.DRAFT and confirm is not Confirm.AUDIT))


def test_a_pull_goes_back_less_where_changes_are_listed_in_the_order_of_commits() -> None:
    semantics = WriteSemantics(tier=Tier.PLAIN, d_max_s=60, lag_s=3, granularity_s=1)
    careful = Policy("order", semantics, Timing(skew_s=2))
    ordered = Policy("order", semantics, Timing(skew_s=2), reads=ReadSemantics(commit_ordered=True))
    assert (careful.overlap_s, ordered.overlap_s) == (66, 6)
    assert careful.quiet_s == ordered.quiet_s


def test_a_copy_that_is_behind_makes_everybody_wait_longer() -> None:
    semantics = WriteSemantics(tier=Tier.PLAIN, d_max_s=60, lag_s=3)
    direct, copied = (Policy("order", semantics, reads=ReadSemantics(replica_lag_s=lag_s)) for lag_s in (0.0, 7.0))
    assert copied.overlap_s - direct.overlap_s == 7
    assert copied.quiet_s - direct.quiet_s == 7
    assert copied.lag_s == 10
