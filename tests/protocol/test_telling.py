"""What is said there about a merge: once, while it is not shown, and never against what people said."""

from __future__ import annotations

import pytest

from hub.protocol.compare import take_fingerprint
from hub.protocol.decide import MERGED_INTO, Op, decide_telling
from hub.protocol.semantics import TellsMerge
from tests.protocol.build import make_binding, make_policy, make_snapshot

POLICY = make_policy(tells_merge=TellsMerge.NOTE)
TOLD = take_fingerprint({MERGED_INTO: "S9"})


def test_a_system_that_is_not_told_is_not_told() -> None:
    assert decide_telling(make_binding(), "S9", make_snapshot(), make_policy()) is None


def test_what_is_shown_is_not_said_again() -> None:
    assert decide_telling(make_binding(), "S9", make_snapshot(merged_into="S9"), POLICY) is None
    assert decide_telling(make_binding(), None, make_snapshot(), POLICY) is None


def test_a_merge_is_told_under_the_version_that_was_read() -> None:
    found = decide_telling(make_binding(), "S9", make_snapshot(version=3), POLICY)
    assert found is not None
    assert (found.op, found.patch, found.old, found.if_version) == (
        Op.TELL_MERGE, {"merged_into": "S9"}, {"merged_into": None}, 3,
    )  # fmt: skip
    assert found.same_patches == 0


def test_what_we_said_is_taken_back_and_what_people_said_is_not() -> None:
    seen = make_snapshot(merged_into="S8")
    ours = make_binding(sent={MERGED_INTO: [take_fingerprint("S8")]})
    back = decide_telling(ours, None, seen, POLICY)
    assert back is not None
    assert (back.op, back.patch, back.old) == (Op.TELL_MERGE, {"merged_into": None}, {"merged_into": "S8"})
    theirs = decide_telling(make_binding(), "S9", seen, POLICY)
    assert theirs is not None
    assert (theirs.op, theirs.held) == (Op.SETTLE, {})


@pytest.mark.parametrize(("before", "op"), [(1, Op.TELL_MERGE), (2, Op.SETTLE)])
def test_what_is_not_kept_is_said_three_times(before: int, op: Op) -> None:
    binding = make_binding(acked_patch=TOLD, acked_version=3, same_patches=before)
    found = decide_telling(binding, "S9", make_snapshot(version=3), POLICY)
    assert found is not None
    assert found.op is op
    if op is Op.SETTLE:
        assert found.held == {"merged_into": "protocol.not_retained"}
        assert found.not_retained == {"merged_into": take_fingerprint("S9")}
    else:
        assert found.same_patches == before + 1


def test_what_was_given_up_is_not_begun_again_and_something_else_is() -> None:
    binding = make_binding(not_retained={MERGED_INTO: take_fingerprint("S9")})
    same = decide_telling(binding, "S9", make_snapshot(), POLICY)
    other = decide_telling(binding, "S7", make_snapshot(), POLICY)
    assert same is not None
    assert other is not None
    assert (same.op, other.op) == (Op.SETTLE, Op.TELL_MERGE)
