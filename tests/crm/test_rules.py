"""What holds for the rules of every kind, those of tomorrow included."""

from enum import StrEnum
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.crm.rules import Rules, load_rules, rules_for
from hub.errors import ConfigInvalid, RuleBroken
from hub.model.kinds import find_kind, load_kinds

KINDS = sorted(load_kinds())


def states_of(kind: str) -> list[Any]:
    annotation = find_kind(kind).model_fields["state"].annotation
    assert isinstance(annotation, type)
    assert issubclass(annotation, StrEnum)
    return list(annotation)


def accepts(rules: Rules, state: str, to: str, *, jumps: bool = False) -> bool:
    try:
        rules.check_transition(state, to, jumps=jumps)
    except RuleBroken as error:
        return error.code != "crm.transition_refused"
    return True


@st.composite
def walks(draw: st.DrawFn) -> tuple[str, list[Any]]:
    """A kind, and up to 20 states each of which may follow the one before."""
    kind = draw(st.sampled_from(KINDS))
    walk = [draw(st.sampled_from(states_of(kind)))]
    for _ in range(draw(st.integers(0, 20))):
        onward = sorted(rules_for(kind).transitions[walk[-1]])
        if not onward:
            break
        walk.append(draw(st.sampled_from(onward)))
    return kind, walk


def test_every_kind_has_rules():
    assert sorted(load_rules()) == KINDS


def test_a_kind_without_rules_is_named():
    with pytest.raises(ConfigInvalid, match="spaceship"):
        rules_for("spaceship")


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_machine_knows_exactly_the_states_of_the_kind(kind):
    transitions, states = rules_for(kind).transitions, set(states_of(kind))
    assert set(transitions) == states
    assert all(onward <= states for onward in transitions.values())
    assert all(state not in onward for state, onward in transitions.items())


@given(walks())
def test_no_walk_meets_a_refusal_or_leaves_what_is_reachable(case):
    kind, walk = case
    rules = rules_for(kind)
    for earlier, state in enumerate(walk):
        for later in walk[earlier:]:
            assert rules.can_reach(state, later)
            assert accepts(rules, state, later, jumps=True)
    assert all(accepts(rules, state, to) for state, to in pairwise(walk))


@given(walks(), st.data())
def test_whatever_the_table_does_not_name_is_refused_at_every_point_of_a_walk(case, data):
    kind, walk = case
    rules = rules_for(kind)
    to = data.draw(st.sampled_from(states_of(kind)))
    for state in walk:
        assert accepts(rules, state, to) == (to == state or to in rules.transitions[state])


@given(walks())
def test_void_ends_every_walk(case):
    _, walk = case
    assert "void" not in walk[:-1]


@given(st.sampled_from(KINDS), st.text(max_size=10), st.booleans())
def test_an_unknown_state_is_refused(kind, state, jumps):
    rules = rules_for(kind)
    if state not in rules.transitions:
        for known in rules.transitions:
            assert not accepts(rules, state, known, jumps=jumps)
            assert not accepts(rules, known, state, jumps=jumps)
        assert not accepts(rules, state, state)
        assert not rules.can_reach(state, state)
