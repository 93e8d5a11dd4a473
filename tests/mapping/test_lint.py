"""Every finding: its code, the line it points at, and that a good mapping has none."""

import pytest

from hub.mapping import MappingInvalid, compile_mapping, merge_layers, parse_mapping
from tests.mapping.build import lint_text, make_mapping, write_text

FUNCTIONS = {"both": lambda value, payload: value, "both_out": lambda value, values: value, "inward": lambda v, p: v}
LINES = '[fields.lines]\neach = "lines"\nkey = "id"\n[fields.lines.fields]\nquantity = "q"\nunit_price = "p"\n'

SLOT = """
[fields.identifiers.uscc]
each = "."
[fields.identifiers.uscc.fields]
kind = { default = "uscc" }
value = "tax_id"
"""


def lint_rule(kind, fields, rest="", **names):
    """Findings about rules that begin in line 9 (order) or 8 (others)."""
    return lint_text(write_text(kind, fields, rest), FUNCTIONS, **names)


@pytest.mark.parametrize(
    ("kind", "rule", "code"),
    [
        ("order", 'colour = "x"', "field_unknown"),
        ("order", 'id = "x"', "field_unknown"),
        ("order", 'revision = "x"', "field_unknown"),
        ("order", 'note.inner = { from = "x" }', "field_unknown"),
        ("order", "note = 1", "rule_shape"),
        ("order", "note = {}", "rule_empty"),
        ("order", 'note = { direction = "in" }', "rule_empty"),
        ("order", 'note = { frm = "x" }', "verb_unknown"),
        ("order", "note = { from = 1 }", "verb_shape"),
        ("order", 'state = { from = "x", values = "y" }', "verb_shape"),
        ("order", 'state = { from = "x", values = {} }', "verb_shape"),
        ("order", 'note = { from = "a..b" }', "path_shape"),
        ("order", 'note = { from = "." }', "path_shape"),
        ("order", 'note = { from = "a[b=c]" }', "path_shape"),
        ("order", 'note = { from = "x", direction = "up" }', "direction_unknown"),
        ("order", 'note = { from = "x", key = "y" }', "verb_misplaced"),
        ("order", 'note = { from = "x", otherwise = "y" }', "verb_misplaced"),
        ("order", 'note = { from = "x", currency = "currency" }', "verb_misplaced"),
        ("order", 'note = { default = "x", direction = "out" }', "nowhere_to_write"),
        ("order", 'note = { from = "x", as = "money" }', "form_unfit"),
        ("order", 'ordered_on = { from = "x", as = "text" }', "form_unfit"),
        ("order", 'state = { from = "x", as = "date", values = { a = "draft" } }', "form_unfit"),
        ("order", 'note = { from = "x", call = "both", as = "text" }', "form_unfit"),
        ("order", 'ordered_on = { from = "x", as = "day" }', "form_unknown"),
        ("order", 'note = { from = "x", code = "t", ref = "account" }', "verbs_together"),
        ("order", 'ordered_on = { from = "x", code = "t" }', "verb_misplaced"),
        ("order", 'contact_id = "x"', "ref_missing"),
        ("order", 'contact_id = { from = "x", ref = "person" }', "ref_unknown"),
        ("order", 'contact_id = { from = "x", ref = "contact.number" }', "ref_unknown"),
        ("order", 'contact_id = { from = "x", ref = "account.number" }', "ref_differs"),
        ("order", 'contact_id = { from = "x", ref = "account" }', "ref_differs"),
        ("order", 'note = { from = "x", ref = "account" }', "ref_not_reference"),
        ("order", 'base_currency = { from = "x", default = "yuan" }', "not_a_hub_value"),
        ("order", 'rate = { from = "x", default = 0.5 }', "not_a_hub_value"),
        ("order", 'ordered_on = { from = "x", default = 2026-01-01 }', "default_two_way"),
        ("order", 'state = { from = "x", values = { a = "open" }, direction = "in" }', "not_a_hub_value"),
        ("order", 'state = { from = "x", values = { a = "void" }, otherwise = "z" }', "not_a_hub_value"),
        ("order", 'state = { from = "x", values = { a = "draft", b = "draft" } }', "not_invertible"),
        ("order", 'state = { from = "x", values = { a = "draft!", b = "draft!" } }', "not_invertible"),
        ("order", 'state = { from = "x", values = { a = "draft" }, otherwise = "draft" }', "otherwise_two_way"),
        ("order", 'note = { from = "x", call = "nothing", direction = "in" }', "function_unknown"),
        ("order", 'note = { from = "x", call = "inward" }', "function_one_way"),
        ("order", 'gross = { from = "x", as = "money", currency = "note", direction = "in" }', "currency_unmapped"),
        ("order", 'gross = { from = "x", currency = "state", direction = "in" }', "currency_unknown"),
        ("order", 'lines = "lines"', "each_missing"),
        ("order", 'note = { each = "x", key = "id" }', "each_not_list"),
        ("order", 'attributes = "x"', "not_mappable"),
        ("order", 'custom = "x"', "not_mappable"),
        ("order", 'note = "currency"', "path_twice"),
        ("order", 'note = "currency.name"', "path_twice"),
        ("order", 'note = "id"', "path_reserved"),
    ],
)  # fmt: skip
def test_a_bad_rule_is_found_at_its_line(kind, rule, code):
    findings = [item for item in lint_rule(kind, rule) if item.severity == "error"]
    assert [item.code.removeprefix("mapping.") for item in findings] == [code], [item.text() for item in findings]
    assert findings[0].file == "test.toml"
    assert findings[0].line == 9
    assert findings[0].what() != findings[0].code


@pytest.mark.parametrize(
    ("rest", "code", "line"),
    [
        ('[fields.lines]\neach = "lines"\n[fields.lines.fields]\nquantity = "q"\nunit_price = "p"', "key_missing", 10),
        ('[fields.lines]\neach = "lines"\nkey = "id"\n[fields.lines.fields]\nunit_price = "p"', "required_missing", 10),
        ('[fields.lines.fields]\nunit = "u"', "fields_without_each", 10),
        (LINES + 'colour = "c"', "field_unknown", 16),
        (LINES + 'name = "q"', "path_twice", 16),
        (LINES + 'unit = { from = "u", as = "date" }', "form_unfit", 16),
        (LINES.replace('"id"', '"id"\nas = "text"'), "verb_misplaced", 13),
        (LINES.replace('"lines"', '"li nes"'), "path_shape", 11),
        ('[owner]\nnote = "nobody"', "owner_unknown", 11),
        ('[owner]\ncolour = "hub"', "field_unknown", 11),
        ("[extra]\na = 1", "table_unknown", 10),
    ],
)
def test_a_bad_table_is_found_at_its_line(rest, code, line):
    found = [(item.code, item.line) for item in lint_rule("order", "", rest)]
    assert found == [(f"mapping.{code}", line)]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ('kind = "ordre"\nstream = "s"\nkey = "id"', "kind_unknown"),
        ('stream = "s"\nkey = "id"', "header_missing"),
        ('kind = "account"\nkey = "id"', "header_missing"),
        ('kind = "account"\nstream = "s"\nkey = "id"\ncolour = 1', "header_unknown"),
        ('kind = "account"\nstream = "s"\nkey = "id"\nversion = "x"', "version_shape"),
        ('kind = "account"\nstream = "s"\nkey = "i d"', "path_shape"),
        ('kind = "account"\nstream = "s"\nkey = "id"\nreference = "."', "path_shape"),
    ],
)
def test_a_bad_header_is_found(header, code):
    found = lint_text(f'[mapping]\n{header}\n[fields]\nname = "name"\n')
    assert [item.code for item in found] == [f"mapping.{code}"]


def test_a_required_field_without_rule_is_found():
    text = '[mapping]\nkind = "order"\nstream = "s"\nkey = "id"\n[fields]\ncurrency = "c"\n'
    (finding,) = lint_text(text)
    assert (finding.code, finding.field) == ("mapping.required_missing", "account_id")
    only_out = text + 'account_id = { from = "a", ref = "account", direction = "out" }\n'
    assert [item.field for item in lint_text(only_out)] == ["account_id"]


def test_another_kind_than_expected_is_found():
    assert [item.code for item in lint_text(write_text("order"), kind="account")] == ["mapping.kind_differs"]


def test_warnings_do_not_keep_a_mapping_from_work():
    text = write_text(
        "order",
        'state = { from = "s", values = { a = "draft" } }\ngross = "g"\nnote = { from = "n", code = "remarks" }',
    )
    found = lint_text(text, code_tables={"unit"})
    assert [(item.code, item.line, item.severity) for item in found] == [
        ("mapping.values_incomplete", 9, "warning"),
        ("mapping.derived_out", 10, "warning"),
        ("mapping.code_table_unknown", 11, "warning"),
    ]
    assert "submitted, approved, closed, void" in found[0].text()
    assert compile_mapping(parse_mapping(text, "f"), "order", {}).kind == "order"


def test_declared_names_are_judged_only_when_they_are_known():
    rule = 'custom.colour = "c"'
    assert not lint_rule("order", rule)
    assert not lint_rule("order", rule, custom_fields={"colour"})
    assert [item.code for item in lint_rule("order", rule, custom_fields={"size"})] == ["mapping.custom_unknown"]


def test_a_mark_makes_values_invertible_and_inward_ones_need_none():
    assert not lint_rule("product", 'state = { from = "s", values = { a = "active!", b = "active", c = "inactive" } }')
    assert not lint_rule("product", 'state = { from = "s", values = { a = "active", b = "active" }, direction = "in" }')


def test_whole_and_part_of_a_list_exclude_each_other():
    whole = '[fields.identifiers]\neach = "ids"\nkey = "id"\n[fields.identifiers.fields]\nkind = "k"\nvalue = "v"\n'
    merged = merge_layers([parse_mapping(write_text("account", "", whole), "a"), parse_mapping(SLOT, "b")])
    with pytest.raises(MappingInvalid) as caught:
        compile_mapping(merged, "account", {})
    (problem,) = caught.value.problems
    assert (problem.code, problem.file) == ("mapping.whole_and_part", "b")


def test_two_parts_of_one_remote_list_do_not_clash():
    vat = SLOT.replace("uscc", "vat").replace('each = "."', 'each = "ids[type=vat]"\nkey = "id"')
    assert make_mapping("account", "", vat + vat.replace("vat", "lei")).fields_out == {"name", "identifiers"}


def test_slots_clash_with_fields_of_the_record():
    (finding,) = lint_rule("account", "", SLOT.replace("tax_id", "name"))
    assert (finding.code, finding.field) == ("mapping.path_twice", "identifiers.uscc.value")


def test_an_invalid_mapping_lists_everything_at_once():
    with pytest.raises(MappingInvalid) as caught:
        make_mapping("order", 'colour = "x"\nnote = { frm = "y" }')
    text = caught.value.text("en")
    assert "order.toml:9: colour" in text
    assert "order.toml:10: note" in text
    assert "from" in text.splitlines()[2]
    assert caught.value.exit_code == 2
    assert "没有动词" in caught.value.text("zh")
