"""The round-trip law: what the hub writes and reads back is what it wrote, and it writes nothing but what it reads."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.build import known_context, make_mapping
from tests.mapping.generate import Case, cases, forget_lines

LAW = settings(max_examples=100, deadline=None)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.decimals(allow_nan=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "type", "f1", "a"]), inner),
    max_leaves=6,
)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> set[tuple[Any, ...]]:
    """The path of every plain value."""
    if isinstance(value, dict) and value:
        return {leaf for key, item in value.items() for leaf in leaves(item, (*path, key))}
    if isinstance(value, list) and value:
        return {leaf for position, item in enumerate(value) for leaf in leaves(item, (*path, position))}
    return {path}


@LAW
@given(cases())
def test_what_is_written_reads_back(case: Case) -> None:
    payload, problems = case.mapping.to_remote(case.values, case.context)
    assert problems == []
    mapped = case.mapping.to_canonical(payload, case.context)
    assert mapped.problems == []
    assert mapped.values == case.values
    assert set(mapped.origins) == set(mapped.values)


@LAW
@given(cases())
def test_nothing_is_written_but_what_is_read(case: Case) -> None:
    payload, _ = case.mapping.to_remote(case.values, case.context)
    seen = {**payload, "noise": {"more": [1, 2]}}
    again, problems = case.mapping.to_remote(case.mapping.to_canonical(seen, case.context).values, case.context)
    assert problems == []
    assert again == payload
    assert leaves(again) <= leaves(seen)


@LAW
@given(cases(), st.data())
def test_a_part_of_the_fields_writes_a_part_of_the_payload(case: Case, data: st.DataObject) -> None:
    only = frozenset(data.draw(st.sets(st.sampled_from(sorted(case.values))))) if case.values else frozenset()
    part, problems = case.mapping.to_remote(case.values, case.context, only)
    assert problems == []
    back = case.mapping.to_canonical(part, case.context)
    assert {name: value for name, value in back.values.items() if name in only} == {
        name: value for name, value in case.values.items() if name in only
    }
    assert set(back.values) <= only | {name for name in case.values if _shares_a_table(case, name)}


def _shares_a_table(case: Case, name: str) -> bool:
    """A neighbour written into the same table or list lets an empty value of this field be seen there."""
    rule = case.mapping.source.rules[name]
    return "." in str(rule.verbs.get("from", ""))


@LAW
@given(cases())
def test_new_lines_carry_no_remote_id(case: Case) -> None:
    payload, problems = case.mapping.to_remote(case.values, forget_lines(case.context))
    assert problems == []
    for field, parts in case.mapping.lists.items():
        written = payload[parts[0].path]
        assert len(written) == len(case.values[field])
        assert all("id" not in element for element in written)


@LAW
@given(cases(), st.data())
def test_garbage_is_told_as_problems_and_never_raised(case: Case, data: st.DataObject) -> None:
    payload, _ = case.mapping.to_remote(case.values, case.context)
    for key in payload:
        if data.draw(st.booleans()):
            payload[key] = data.draw(json_values)
    mapped = case.mapping.to_canonical(payload, known_context(find_ref=lambda kind, external_id: None))
    for problem in mapped.problems:
        assert problem.file == "generated.toml"
        assert problem.line > 1
        assert problem.text("zh")
        assert problem.field.partition("[")[0] not in mapped.values


PARTS = make_mapping(
    "account",
    "",
    """
[fields.identifiers.uscc]
each = "."
[fields.identifiers.uscc.fields]
kind = { default = "uscc" }
value = "tax_id"
[fields.identifiers.vat]
each = "ids[type=eu_vat]"
key = "id"
[fields.identifiers.vat.fields]
kind = { default = "vat" }
value = "code"
""",
)


@LAW
@given(st.lists(st.sampled_from(["uscc", "lei", "vat", "other"]), max_size=5))
def test_lists_of_parts_keep_what_they_can_hold_and_leave_the_rest_alone(kinds: list[str]) -> None:
    line = PARTS.lists["identifiers"][0].line
    lines = tuple(
        line.model_validate({"key": "uscc" if kind == "uscc" else str(position), "kind": kind, "value": f"v{position}"})
        for position, kind in enumerate(kinds)
        if kind != "uscc" or "uscc" not in kinds[:position]
    )
    values = {"name": "A", "identifiers": lines}
    payload, problems = PARTS.to_remote(values, known_context())
    assert problems == []
    back = PARTS.to_canonical(payload, known_context()).values
    assert back == PARTS.project(values)
    assert PARTS.overlay(values, back) == values
