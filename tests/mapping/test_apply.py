"""What each verb does with a value, both ways, and what is refused."""

from datetime import date
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from hub.errors import MappingError
from hub.mapping import Context
from hub.model.party import AccountState, Address, Identifier, IdentifierKind
from hub.model.sales import OrderLine, OrderState
from tests.mapping.build import known_context, make_mapping

ORDER = {"id": 1, "customer": "7", "currency": "CNY"}


def read(mapping, payload, **context):
    mapped = mapping.to_canonical(payload, known_context(**context))
    assert mapped.problems == [], [problem.text() for problem in mapped.problems]
    return mapped.values


def refuse(mapping, payload, **context):
    """The one problem of a record."""
    mapped = mapping.to_canonical(payload, known_context(**context))
    (problem,) = mapped.problems
    assert problem.field.partition("[")[0] not in mapped.values
    return problem


def write(mapping, values, only=None, **context):
    payload, problems = mapping.to_remote(values, known_context(**context), only)
    assert problems == [], [problem.text() for problem in problems]
    return payload


def refuse_out(mapping, values, **context):
    payload, problems = mapping.to_remote(values, known_context(**context))
    (problem,) = problems
    return problem, payload


def test_origins_name_the_place_of_each_value():
    mapping = make_mapping("order", 'ordered_on = { from = "dates.signed", as = "date" }')
    mapped = mapping.to_canonical({**ORDER, "dates": {"signed": "2026-11-01"}}, known_context())
    assert mapped.values["ordered_on"] == date(2026, 11, 1)
    assert mapped.origins == {"account_id": "customer", "currency": "currency", "ordered_on": "dates.signed"}


def test_a_key_that_is_missing_says_nothing_and_an_empty_one_empties():
    mapping = make_mapping("account", 'note = "note"')
    assert read(mapping, {"name": "A"}) == {"name": "A"}
    assert read(mapping, {"name": "A", "note": None}) == {"name": "A", "note": ""}
    assert read(mapping, {"name": "A", "note": " x "}) == {"name": "A", "note": "x"}


def test_a_required_value_that_is_missing_is_a_problem():
    mapping = make_mapping("order")
    assert refuse(mapping, {"id": 1, "customer": "7"}).code == "mapping.value_missing"
    assert refuse(mapping, {**ORDER, "customer": None}).code == "mapping.value_missing"


def test_default_stands_for_a_missing_value():
    mapping = make_mapping(
        "order",
        'currency = { from = "money", default = "EUR" }\n'
        'ordered_on = { from = "d", default = 2026-01-01, direction = "in" }\n'
        'account_id = { from = "customer", ref = "account" }',
        required=False,
    )
    assert read(mapping, {"customer": "1", "d": ""})["currency"] == "EUR"
    assert read(mapping, {"customer": "1", "d": ""})["ordered_on"] == date(2026, 1, 1)
    assert read(mapping, {"customer": "1", "money": "USD", "d": "2026-02-01"})["currency"] == "USD"


def test_a_default_without_a_path_is_a_fixed_value_and_not_written():
    mapping = make_mapping("order", 'base_currency = { default = "EUR" }')
    assert read(mapping, ORDER)["base_currency"] == "EUR"
    assert "base_currency" not in mapping.fields_out
    assert write(mapping, {"base_currency": "EUR", "currency": "CNY"}) == {"currency": "CNY"}


def test_models_own_checks_hold():
    mapping = make_mapping("order")
    problem = refuse(mapping, {**ORDER, "currency": "yuan"})
    assert problem.code == "mapping.value_refused"
    assert (problem.field, problem.value, problem.file, problem.line) == ("currency", "yuan", "order.toml", 8)
    assert problem.rule == 'currency = "currency"'


def test_numbers_too_large_or_too_fine_are_problems():
    mapping = make_mapping("product", 'list_price = "price"')
    for price in ("1000000000000", "1e30", "0.0000001"):
        assert refuse(mapping, {"name": "A", "price": price}).code == "mapping.value_refused"


VALUES = """state = { from = "status", values = { draft = "draft", 10 = "approved!", 20 = "approved", "" = "void" } }"""


def test_values_translate_and_the_marked_one_is_written():
    mapping = make_mapping("order", VALUES)
    for raw, state in [("draft", "draft"), (10, "approved"), ("20", "approved"), ("", "void")]:
        assert read(mapping, {**ORDER, "status": raw})["state"] is OrderState(state)
    assert write(mapping, {"state": OrderState.APPROVED}) == {"status": "10"}


def test_an_unknown_value_is_held_and_never_guessed():
    mapping = make_mapping("order", VALUES)
    problem = refuse(mapping, {**ORDER, "status": "weird"})
    assert problem.code == "mapping.value_unknown"
    assert problem.value == "weird"
    assert "draft, 10, 20" in problem.text()
    problem, payload = refuse_out(mapping, {"state": OrderState.CLOSED, "currency": "CNY"})
    assert (problem.code, payload) == ("mapping.value_unsaid", {"currency": "CNY"})


def test_otherwise_names_a_value_for_the_unknown():
    rule = 'state = { from = "s", values = { a = "draft" }, otherwise = "closed", direction = "in" }'
    assert read(make_mapping("order", rule), {**ORDER, "s": "weird"})["state"] is OrderState.CLOSED


def test_an_enum_without_values_takes_the_hubs_own_words():
    mapping = make_mapping("order", 'state = "state"')
    assert read(mapping, {**ORDER, "state": "void"})["state"] is OrderState.VOID
    assert write(mapping, {"state": OrderState.VOID}) == {"state": "void"}
    assert refuse(mapping, {**ORDER, "state": "Void"}).code == "mapping.value_unknown"


def test_values_meet_truth_values_and_numbers():
    rule = 'state = { from = "on", as = "boolean", values = { true = "active", false = "inactive" } }'
    mapping = make_mapping("account", rule)
    for raw in (True, 1, "true"):
        assert read(mapping, {"name": "A", "on": raw})["state"] is AccountState.ACTIVE
    assert write(mapping, {"state": AccountState.INACTIVE}) == {"on": False}
    mapping = make_mapping(
        "product", 'tax_rate = { from = "tax", as = "integer", values = { 3 = "0.13", 4 = "0.06" } }'
    )
    assert read(mapping, {"name": "A", "tax": 3})["tax_rate"] == Decimal("0.13")
    assert write(mapping, {"tax_rate": Decimal("0.130")}) == {"tax": 3}


def test_a_reference_that_is_not_known_names_kind_and_id():
    mapping = make_mapping("order")
    problem = refuse(mapping, ORDER, find_ref=lambda kind, external_id: None)
    assert (problem.kind, problem.ref_kind, problem.external_id) == ("reference", "account", "7")
    problem, _ = refuse_out(mapping, {"account_id": UUID(int=7)}, find_remote=lambda kind, hub_id: None)
    assert (problem.kind, problem.ref_kind, problem.external_id) == ("reference", "account", str(UUID(int=7)))


def test_a_reference_can_travel_as_a_number():
    mapping = make_mapping("order", 'contact_id = { from = "person", ref = "contact", as = "integer" }')
    assert read(mapping, {**ORDER, "person": 12})["contact_id"] == UUID(int=12)
    assert write(mapping, {"contact_id": UUID(int=12)}) == {"person": 12}
    assert write(mapping, {"contact_id": None}) == {"person": None}


CODES = {"unit": {"PCS": "件", "BOX": "箱", "CTN": "箱", "0012": "米"}, "tax": {"A": "0.13"}}


def test_code_tables_translate_both_ways():
    mapping = make_mapping("product", 'unit = { from = "uom", code = "unit" }\ntax_rate = { from = "t", code = "tax" }')
    assert read(mapping, {"name": "A", "uom": "0012", "t": "A"}, codes=CODES)["unit"] == "米"
    assert read(mapping, {"name": "A", "uom": "0012", "t": "A"}, codes=CODES)["tax_rate"] == Decimal("0.13")
    assert write(mapping, {"unit": "件", "tax_rate": Decimal("0.130000")}, codes=CODES) == {"uom": "PCS", "t": "A"}
    assert refuse(mapping, {"name": "A", "uom": "12"}, codes=CODES).code == "mapping.code_unknown"
    assert refuse(mapping, {"name": "A", "uom": "PCS"}, codes={}).code == "mapping.code_unknown"
    assert refuse_out(mapping, {"unit": "箱"}, codes=CODES)[0].code == "mapping.code_ambiguous"
    assert refuse_out(mapping, {"unit": "吨"}, codes=CODES)[0].code == "mapping.code_unsaid"


def test_money_refuses_a_float_and_quantities_may_be_one():
    lines = '[fields.lines]\neach = "lines"\nkey = "id"\n[fields.lines.fields]\n'
    mapping = make_mapping("order", "", lines + 'quantity = { from = "q", as = "decimal" }\nunit_price = "p"')
    line = {"id": 1, "q": 0.1, "p": "12.50"}
    assert read(mapping, {**ORDER, "lines": [line]})["lines"][0].quantity == Decimal("0.1")
    problem = refuse(mapping, {**ORDER, "lines": [{**line, "p": 12.5}]})
    assert (problem.code, problem.field, problem.line) == ("mapping.float_money", "lines[1].unit_price", 15)


def test_money_needs_its_currency():
    mapping = make_mapping("order", 'gross = { from = "sum", as = "minor", currency = "currency" }')
    assert read(mapping, {**ORDER, "sum": 1250})["gross"] == Decimal("12.50")
    assert read(mapping, {**ORDER, "currency": "JPY", "sum": 1250})["gross"] == Decimal(1250)
    assert write(mapping, {"gross": Decimal("12.5"), "currency": "CNY"}, frozenset({"gross"})) == {"sum": 1250}
    mapped = mapping.to_canonical({**ORDER, "currency": "yuan", "sum": 1250}, known_context())
    assert [problem.code for problem in mapped.problems] == ["mapping.value_refused", "mapping.currency_missing"]


def test_dates_follow_the_connections_zone():
    mapping = make_mapping("order", 'ordered_on = { from = "at", as = "datetime" }')
    shanghai = ZoneInfo("Asia/Shanghai")
    assert read(mapping, {**ORDER, "at": "2026-10-31T18:00:00Z"}, zone=shanghai)["ordered_on"] == date(2026, 11, 1)
    assert read(mapping, {**ORDER, "at": "2026-10-31T18:00:00Z"})["ordered_on"] == date(2026, 10, 31)
    written = write(mapping, {"ordered_on": date(2026, 11, 1)}, zone=shanghai)
    assert written == {"at": "2026-11-01T00:00:00+08:00"}


def test_direction():
    mapping = make_mapping(
        "account", 'number = { from = "code", direction = "in" }\nnote = { from = "memo", direction = "out" }'
    )
    assert mapping.fields_in == {"name", "number"}
    assert mapping.fields_out == {"name", "note"}
    assert read(mapping, {"name": "A", "code": "C1", "memo": "m"}) == {"name": "A", "number": "C1"}
    assert write(mapping, {"name": "A", "number": "C1", "note": "n"}) == {"name": "A", "memo": "n"}


def test_only_restricts_what_is_written():
    mapping = make_mapping("account", 'note = "note"\nphone = "phone"')
    assert write(mapping, {"name": "A", "note": "n", "phone": "1"}, frozenset({"phone"})) == {"phone": "1"}


def test_custom_fields_and_attributes():
    mapping = make_mapping(
        "product",
        'custom.colour = "farbe"\ncustom.stock = { from = "lager", as = "boolean" }\nattributes.size = "groesse"',
    )
    payload = {"name": "A", "farbe": "rot", "lager": 1, "groesse": "XL"}
    values = read(mapping, payload)
    assert values == {"name": "A", "custom.colour": "rot", "custom.stock": True, "attributes.size": "XL"}
    assert write(mapping, values) == {**payload, "lager": True}
    nested = {"custom": {"colour": "rot"}, "attributes": {"size": "XL"}}
    assert write(mapping, nested) == {"farbe": "rot", "groesse": "XL"}
    assert refuse(mapping, {"name": "A", "farbe": 1.5}).code == "mapping.not_this_form"


def swap(value, payload):
    if value is None:
        raise MappingError("test.no_value")
    return f"{payload['country']}-{value}"


def swap_out(value, values):
    return value.partition("-")[2]


def test_a_function_of_the_connector():
    functions = {"swap": swap, "swap_out": swap_out}
    mapping = make_mapping("account", 'number = { from = "no", call = "swap" }', functions=functions)
    assert read(mapping, {"name": "A", "no": "7", "country": "CN"})["number"] == "CN-7"
    assert write(mapping, {"number": "CN-7"}) == {"no": "7"}
    problem = refuse(mapping, {"name": "A"})
    assert (problem.code, problem.field) == ("mapping.call_refused", "number")


def test_what_a_function_gives_must_fit_the_field():
    functions = {"price": lambda value, payload: "dear", "lines": lambda value, payload: value}
    mapping = make_mapping("product", 'list_price = { call = "price" }', functions=functions)
    assert refuse(mapping, {"name": "A"}).code == "mapping.call_refused"
    mapping = make_mapping(
        "account", 'addresses = { from = "a", call = "lines", direction = "in" }', functions=functions
    )
    values = read(mapping, {"name": "A", "a": [{"key": "1", "city": "Shanghai"}]})
    assert values["addresses"] == (Address(key="1", city="Shanghai"),)


LINES = """
[fields.lines]
each = "lines[type=line]"
key = "id"
[fields.lines.fields]
product_id = { from = "product", ref = "product", as = "integer" }
quantity = { from = "quantity", as = "decimal" }
unit_price = "price"
gross = { from = "gross", direction = "in" }
"""
LINE = {"id": 5, "type": "line", "product": 3, "quantity": 2.5, "price": "12.50", "gross": "31.25"}
HUB_LINE = OrderLine(
    key="hub-5", product_id=UUID(int=3), quantity=Decimal("2.5"), unit_price=Decimal("12.50"), gross=Decimal("31.25")
)


def test_lines_keep_their_identity():
    mapping = make_mapping("order", "", LINES)
    values = read(
        mapping, {**ORDER, "lines": [LINE, {"type": "comment"}]}, line_key=lambda field, remote: f"hub-{remote}"
    )
    assert values["lines"] == (HUB_LINE,)
    new = HUB_LINE.model_copy(update={"key": "hub-6"})
    known = {"hub-5": "5"}
    written = write(mapping, {"lines": (HUB_LINE, new)}, remote_line=lambda field, key: known.get(key))
    fields = {"type": "line", "product": 3, "quantity": "2.5", "price": "12.5"}
    assert written == {"lines": [{**fields, "id": "5"}, fields]}


def test_lines_without_identity_or_with_the_same_are_problems():
    mapping = make_mapping("order", "", LINES)
    assert refuse(mapping, {**ORDER, "lines": [{**LINE, "id": None}]}).code == "mapping.line_key_missing"
    assert refuse(mapping, {**ORDER, "lines": [LINE, LINE]}).code == "mapping.line_key_twice"
    assert refuse(mapping, {**ORDER, "lines": {"id": 1}}).code == "mapping.not_a_list"


def test_a_line_with_a_problem_keeps_the_whole_list_back():
    mapping = make_mapping("order", "", LINES)
    mapped = mapping.to_canonical(
        {**ORDER, "lines": [LINE, {**LINE, "id": 6, "price": "?", "quantity": None}]}, known_context()
    )
    assert "lines" not in mapped.values
    assert [problem.field for problem in mapped.problems] == ["lines[6].quantity", "lines[6].unit_price"]
    problem, payload = refuse_out(
        mapping, {"lines": (HUB_LINE,), "currency": "CNY"}, find_remote=lambda kind, id_: None
    )
    assert (problem.field, problem.ref_kind) == ("lines[hub-5].product_id", "product")
    assert payload == {"currency": "CNY"}


def test_missing_lines_say_nothing_and_no_lines_say_none():
    mapping = make_mapping("order", "", LINES)
    assert "lines" not in read(mapping, ORDER)
    assert read(mapping, {**ORDER, "lines": None})["lines"] == ()
    assert write(mapping, {"lines": ()}) == {"lines": []}


PARTS = """
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
"""
USCC = Identifier(key="uscc", kind=IdentifierKind.USCC, value="9133")
VAT = Identifier(key="4", kind=IdentifierKind.VAT, value="DE1")
LEI = Identifier(key="l", kind=IdentifierKind.LEI, value="5299")


def test_a_list_can_be_put_together_from_parts():
    mapping = make_mapping("account", "", PARTS)
    payload = {"name": "A", "tax_id": "9133", "ids": [{"id": 4, "type": "eu_vat", "code": "DE1"}, {"type": "other"}]}
    assert read(mapping, payload)["identifiers"] == (USCC, VAT)
    assert read(mapping, {"name": "A", "tax_id": " ", "ids": []})["identifiers"] == ()
    assert "identifiers" not in read(mapping, {"name": "A"})
    assert mapping.line_fields == {"identifiers": {"value"}}


def test_each_part_writes_the_lines_it_speaks_of():
    mapping = make_mapping("account", "", PARTS)
    written = write(mapping, {"identifiers": (LEI, VAT, USCC)})
    assert written == {"tax_id": "9133", "ids": [{"type": "eu_vat", "id": "4", "code": "DE1"}]}
    assert write(mapping, {"identifiers": (LEI,)}) == {"tax_id": "", "ids": []}


def test_a_whole_list_with_a_fixed_value_refuses_lines_that_differ():
    rest = '[fields.identifiers]\neach = "ids"\nkey = "id"\n'
    rest += '[fields.identifiers.fields]\nkind = { default = "vat" }\nvalue = "v"'
    problem, payload = refuse_out(make_mapping("account", "", rest), {"identifiers": (VAT, LEI)})
    assert (problem.code, problem.value, payload) == ("mapping.fixed_differs", "l", {})


def test_owners():
    mapping = make_mapping("order", 'note = "note"', '[owner]\ndefault = "remote"\nnote = "shared"')
    assert (mapping.owner_of("note"), mapping.owner_of("currency"), mapping.default_owner) == (
        "shared",
        "remote",
        "remote",
    )
    assert make_mapping("order").default_owner == "hub"


def test_identity_and_reference_are_read():
    text = 'note = "note"'
    mapping = make_mapping("order", text)
    assert mapping.read_key({"id": 12}) == "12"
    assert mapping.read_key({}) is None
    assert mapping.read_reference({"our_ref": "x"}) is None


def test_a_context_reads_its_code_tables_backwards_once():
    context = Context(codes=CODES)
    assert context.remote_codes("unit") is context.remote_codes("unit")
    assert context.remote_codes("nothing") is None


@pytest.mark.parametrize("payload", [{}, {"name": []}, {"name": {"a": 1}}, {"name": True}])
def test_odd_payloads_are_problems_and_never_errors(payload):
    mapped = make_mapping("account").to_canonical(payload, known_context())
    assert mapped.values == {}
    assert len(mapped.problems) == 1


def test_what_a_record_refers_to_is_found_without_translating_it() -> None:
    """References of the record and of its lines; nothing that only goes out, and nothing where there is nothing."""
    mapping = make_mapping(
        "order",
        """
        account_id = { from = "party.id", ref = "account" }
        owner_id   = { from = "seller", ref = "user" }
        contact_id = { from = "who", ref = "contact", direction = "out" }
        currency   = "currency"
        [fields.lines]
        each = "lines"
        key  = "id"
        [fields.lines.fields]
        product_id = { from = "item", ref = "product" }
        quantity   = { from = "quantity", as = "decimal" }
        unit_price = { from = "price", as = "money", currency = "currency" }
        """,
        required=False,
    )
    payload = {"party": {"id": 7}, "seller": "", "who": "K1", "lines": [{"item": "I1"}, {"item": None}, {"item": "I2"}]}
    assert mapping.find_refs(payload) == {("account", "7"), ("product", "I1"), ("product", "I2")}
    assert mapping.find_refs({"party": "text", "seller": ["U1"], "lines": {"item": "I1"}}) == set()
    assert mapping.find_refs({}) == set()


LINE_RULES = {
    "plain": 'name = "text"\nquantity = { from = "n", as = "decimal" }\nunit_price = "price"',
    "with a default": 'unit = { from = "unit", default = " Stk " }\nquantity = "n"\nunit_price = "price"',
    "with a reference": 'product_id = { from = "item", ref = "product" }\nquantity = "n"\nunit_price = "price"',
}


@pytest.mark.parametrize("rules", LINE_RULES.values(), ids=LINE_RULES)
def test_lines_that_are_not_checked_twice_are_what_the_model_would_make_of_them(rules):
    lists = f'[fields.lines]\neach = "lines"\nkey = "id"\n[fields.lines.fields]\n{rules}'
    elements = [{"id": 1, "text": " a ", "n": "2.50", "price": "1e1", "item": "7"}, {"id": 2, "n": 3, "price": "-0"}]
    lines = read(make_mapping("order", rest=lists), {**ORDER, "lines": elements})["lines"]
    for line in lines:
        told = {name: getattr(line, name) for name in line.model_fields_set}
        checked = OrderLine.model_validate(told)
        assert (line, line.model_fields_set) == (checked, checked.model_fields_set)


def test_half_a_character_in_a_line_is_named():
    lists = f'[fields.lines]\neach = "lines"\nkey = "id"\n[fields.lines.fields]\n{LINE_RULES["plain"]}'
    broken = {"id": 1, "text": "half \ud83d", "n": "1", "price": "1"}
    problem = refuse(make_mapping("order", rest=lists), {**ORDER, "lines": [broken]})
    assert (problem.code, problem.field) == ("mapping.value_refused", "lines[1].name")
    assert "half of a character" in problem.text()
