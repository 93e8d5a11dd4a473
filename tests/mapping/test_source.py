"""Parsing with lines, layers, versions."""

import pytest

from hub.mapping import MappingInvalid, merge_layers, parse_mapping
from hub.mapping.positions import find_line, scan_positions

SHIPPED = """\
[mapping]
kind = "order"
stream = "sale"
version = 3
key = "id"

[fields]
number = "number"     # short form
note   = { from = "comment" }
custom.colour = "farbe"

[fields.state]
from = "state"
values = { draft = "draft" }

[fields.lines]
each = "lines"
key = "id"
[fields.lines.fields]
quantity = { from = "quantity", as = "decimal" }
unit = "unit"

[fields.identifiers.uscc]
each = "."

[owner]
default = "hub"
note = "shared"
"""


def test_rules_know_their_lines():
    source = parse_mapping(SHIPPED, "order.toml")
    assert not source.problems
    lines = {name: rule.line for name, rule in source.rules.items()}
    assert lines == {"number": 8, "note": 9, "custom.colour": 10, "state": 12, "lines": 16, "identifiers.uscc": 23}
    assert source.rules["state"].line_of("values") == 14
    assert source.rules["lines"].fields["unit"].line == 21
    assert source.owners["note"].line == 28
    assert source.header["version"].value == 3


def test_positions_survive_texts_that_look_like_keys():
    text = 'a = """\nb = 1\n[c]\n"""\nd = 1\n["e.f".g]\n"h i" = 2\n'
    positions = scan_positions(text)
    assert positions[("a",)] == 1
    assert ("b",) not in positions
    assert positions[("d",)] == 5
    assert find_line(positions, ("e.f", "g", "h i")) == 7
    assert find_line(positions, ("e.f", "g", "unknown")) == 6


def test_a_syntax_error_names_its_line():
    with pytest.raises(MappingInvalid) as caught:
        parse_mapping("[mapping]\nkind = order\n", "site.toml")
    assert caught.value.problems[0].line == 2
    assert "site.toml:2" in caught.value.text("en")
    assert "site.toml:2" in caught.value.text("zh")


def merge(*texts):
    return merge_layers([parse_mapping(text, f"{name}.toml") for name, text in zip("abc", texts, strict=False)])


def test_a_later_layer_replaces_a_field_and_keeps_the_others():
    merged = merge(SHIPPED, '[fields]\nnote = "remark"\n[owner]\nnote = "remote"\n')
    assert (merged.rules["note"].verbs, merged.rules["note"].file) == ({"from": "remark"}, "b.toml")
    assert merged.rules["number"].file == "a.toml"
    assert (merged.owners["note"].value, merged.owners["default"].value) == ("remote", "hub")


def test_a_later_layer_changes_one_field_of_the_lines():
    merged = merge(SHIPPED, '[fields.lines.fields]\nunit = { from = "unit", code = "unit" }\n')
    lines = merged.rules["lines"]
    assert lines.verbs == {"each": "lines", "key": "id"}
    assert lines.fields["unit"].verbs == {"from": "unit", "code": "unit"}
    assert (lines.fields["unit"].file, lines.fields["quantity"].file) == ("b.toml", "a.toml")


def test_unset_removes():
    merged = merge(
        SHIPPED, 'unset = ["fields.note", "fields.lines.fields.unit", "owner.note", "fields.custom.colour"]\n'
    )
    assert {"note", "custom.colour"} & merged.rules.keys() == set()
    assert set(merged.rules["lines"].fields) == {"quantity"}
    assert set(merged.owners) == {"default"}
    assert not merged.problems


def test_unset_of_nothing_and_another_kind_are_told():
    merged = merge(SHIPPED, 'unset = ["fields.nothing", "x"]\n[mapping]\nkind = "account"\n')
    codes = [(problem.code, problem.file, problem.line) for problem in merged.problems]
    assert codes == [
        ("mapping.unset_unknown", "b.toml", 1),
        ("mapping.unset_unknown", "b.toml", 1),
        ("mapping.layer_differs", "b.toml", 3),
    ]


def test_the_third_layer_wins_over_the_second():
    merged = merge(SHIPPED, '[fields]\nnote = "b"\n', '[fields]\nnote = "c"\n')
    assert merged.rules["note"].verbs == {"from": "c"}


def test_the_version_changes_with_the_rules_and_not_with_the_comments():
    plain = parse_mapping(SHIPPED, "order.toml").version
    assert plain.startswith("3-")
    assert parse_mapping(SHIPPED.replace("# short form", "# other words"), "elsewhere.toml").version == plain
    assert parse_mapping(SHIPPED.replace('"comment"', '"remark"'), "order.toml").version != plain
    assert parse_mapping(SHIPPED.replace('note = "shared"', 'note = "hub"'), "order.toml").version != plain
    assert merge(SHIPPED, '[fields]\nnote = "remark"\n').version != plain


def test_a_rule_can_be_shown_on_one_line():
    source = parse_mapping('[fields]\na = "x"\nb = { from = "y", values = { "0 1" = "q", n = "r" } }', "f")
    assert source.rules["a"].text == 'a = "x"'
    assert source.rules["b"].text == 'b = { from = "y", values = { "0 1" = "q", n = "r" } }'
