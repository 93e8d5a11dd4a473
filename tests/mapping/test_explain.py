"""What people are told: each rule, each value, a record both ways."""

from decimal import Decimal

from hub.mapping import explain_mapping, merge_layers, parse_mapping, preview_mapping, show_mapping
from hub.mapping.compiled import compile_mapping
from tests.mapping.build import known_context, make_mapping, write_text

LINES = """
[fields.lines]
each = "lines"
key = "id"
[fields.lines.fields]
quantity = { from = "q", as = "decimal" }
unit_price = "p"

[owner]
default = "hub"
note = "shared"
"""
ORDER = {
    "id": 1,
    "customer": "7",
    "currency": "CNY",
    "memo": "x",
    "status": "weird",
    "lines": [{"id": "L1", "q": 2, "p": "12.50"}, {"id": "L2", "q": 1, "p": "dear"}],
}
FIELDS = 'note = "memo"\nstate = { from = "status", values = { a = "draft" }, direction = "in" }'


def test_show_names_the_layer_of_each_rule():
    shipped = parse_mapping(write_text("order", FIELDS, LINES), "order.toml")
    site = parse_mapping('[fields]\nnote = "remark"\n', "site.toml")
    shown = {rule.field: rule for rule in show_mapping(compile_mapping(merge_layers([shipped, site]), "order", {}))}
    assert (shown["note"].path, shown["note"].file, shown["note"].line) == ("remark", "site.toml", 2)
    assert (shown["note"].owner, shown["note"].direction) == ("shared", "both")
    assert (shown["state"].file, shown["state"].direction, shown["state"].owner) == ("order.toml", "in", "hub")
    assert shown["lines"].path == "lines"
    assert shown["lines.quantity"].rule == 'quantity = { from = "q", as = "decimal" }'
    assert shown["lines.quantity"].owner is None


def test_explain_tells_every_value_and_what_became_of_it():
    found = {item.field: item for item in explain_mapping(make_mapping("order", FIELDS, LINES), ORDER, known_context())}
    note = found["note"]
    assert (note.path, note.raw, note.value, note.owner, note.line) == ("memo", "x", "x", "shared", 9)
    assert found["lines[L1].unit_price"].value == Decimal("12.50")
    assert found["lines[L1].unit_price"].problem is None
    broken = found["lines[L2].unit_price"]
    assert (broken.raw, broken.value) == ("dear", None)
    assert broken.problem is not None
    assert broken.problem.code == "mapping.not_this_form"
    assert found["state"].raw == "weird"
    assert found["state"].problem is not None
    assert "weird" in found["state"].problem.text()


def test_explain_tells_of_a_list_that_cannot_be_read():
    mapping = make_mapping("order", "", LINES)
    found = {item.field: item for item in explain_mapping(mapping, {**ORDER, "lines": 5}, known_context())}
    assert found["lines"].problem is not None
    assert found["lines"].problem.code == "mapping.not_a_list"


def test_explain_shows_slots_and_fields_that_only_go_out():
    rest = '[fields.identifiers.uscc]\neach = "."\n'
    rest += '[fields.identifiers.uscc.fields]\nkind = { default = "uscc" }\nvalue = "tax"'
    mapping = make_mapping("account", 'note = { from = "memo", direction = "out" }', rest)
    found = {
        item.field: item for item in explain_mapping(mapping, {"name": "A", "tax": "91", "memo": "m"}, known_context())
    }
    assert (found["identifiers[uscc].value"].raw, found["identifiers[uscc].value"].value) == ("91", "91")
    assert (found["note"].raw, found["note"].value, found["note"].direction) == ("m", None, "out")


def test_preview_shows_a_record_both_ways():
    sound = {**ORDER, "status": "a", "lines": ORDER["lines"][:1]}  # type: ignore[index]
    preview = preview_mapping(make_mapping("order", FIELDS, LINES), sound, known_context(remote_line=lambda f, k: None))
    assert preview.problems == ()
    assert preview.differs == ()
    assert preview.values["state"] == "draft"
    assert preview.values["lines"][0]["unit_price"] == "12.50"
    assert preview.payload == {
        "currency": "CNY",
        "customer": "7",
        "memo": "x",
        "lines": [{"id": "L1", "q": "2", "p": "12.5"}],
    }


def test_preview_tells_what_would_not_come_back():
    functions = {"shout": lambda value, payload: value.upper(), "shout_out": lambda value, values: value + "?"}
    mapping = make_mapping("order", 'note = { from = "memo", call = "shout" }', functions=functions)
    preview = preview_mapping(mapping, ORDER, known_context())
    assert (preview.values["note"], preview.payload["memo"], preview.differs) == ("X", "X?", ("note",))


def test_preview_tells_the_problems_of_both_ways():
    mapping = make_mapping("order", FIELDS, LINES)
    preview = preview_mapping(mapping, ORDER, known_context(find_remote=lambda kind, hub_id: None))
    assert [problem.field for problem in preview.problems] == ["state", "lines[L2].unit_price", "account_id"]
    assert preview.differs == ("account_id",)
