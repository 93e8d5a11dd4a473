"""Which codes a record uses, and which values need one."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from hub.errors import ConfigInvalid, RuleBroken
from hub.mapping import (
    CodeUse,
    Context,
    Given,
    check_code_value,
    check_given,
    find_codes,
    list_code_fields,
    load_given,
    read_codes,
    read_raw,
    say_codes,
    show_raw,
)
from hub.mapping.compiled import Mapping, compile_mapping
from hub.mapping.source import parse_mapping
from hub.model.sales import OrderLine

TEXT = """\
[mapping]
kind = "order"
stream = "sale"
version = 1
key = "id"
[fields]
currency = "currency"
account_id = { from = "customer", ref = "account" }
ordered_on = { from = "date", as = "date" }
fulfilment = { from = "shipping", code = "shipping", direction = "in" }
[fields.lines]
each = "lines"
key = "id"
[fields.lines.fields]
quantity = { from = "quantity", as = "decimal" }
unit = { from = "uom", code = "unit" }
tax_rate = { from = "tax", code = "tax" }
unit_price = { from = "price", as = "money" }
"""


@pytest.fixture(scope="module")
def mapping() -> Mapping:
    return compile_mapping(parse_mapping(TEXT, "x.toml"), "order", {})


PRICED = {"quantity": "1", "price": "2"}
PAYLOAD = {
    "currency": "CNY",
    "customer": "C1",
    "shipping": "S1",
    "lines": [{"id": "7", "uom": "0012", "tax": "T13", **PRICED}, {"id": "8", "uom": "0012", "tax": "T13", **PRICED}],
}


def test_every_field_behind_a_table_is_known(mapping: Mapping) -> None:
    found = {(row.table, row.field, row.goes_out) for row in list_code_fields(mapping)}
    assert found == {("shipping", "fulfilment", False), ("unit", "lines.unit", True), ("tax", "lines.tax_rate", True)}


def test_codes_of_a_record_there(mapping: Mapping) -> None:
    found = list(read_codes(mapping, PAYLOAD))
    assert found.count(CodeUse("unit", "lines.unit", "0012")) == 2
    assert CodeUse("shipping", "fulfilment", "S1") in found
    assert [use.value for use in found if use.table == "tax"] == ["T13", "T13"]
    assert list(read_codes(mapping, {"lines": "broken"})) == []


def test_values_of_a_record_here_that_need_a_code(mapping: Mapping) -> None:
    line = OrderLine(
        key="1", name="x", quantity=Decimal(1), unit="piece", unit_price=Decimal(1), tax_rate=Decimal("0.130")
    )
    lines = (line, line.model_copy(update={"key": "2", "unit": "", "tax_rate": None}))
    found = list(say_codes(mapping, {"lines": lines, "fulfilment": "none"}))
    assert found == [CodeUse("unit", "lines.unit", "piece"), CodeUse("tax", "lines.tax_rate", "0.13")]


def test_numbers_are_compared_as_numbers(mapping: Mapping) -> None:
    target = next(row.target for row in list_code_fields(mapping) if row.table == "tax")
    assert find_codes(target, {"T13": "0.130", "T6": "0.06"}, "0.13") == ["T13"]
    assert check_code_value(target, "0.130") == "0.13"
    with pytest.raises(ValueError, match="many"):
        check_code_value(target, "many")


def test_a_given_value_stands_for_what_the_record_says_and_for_nothing_else(mapping: Mapping) -> None:
    field = "lines[8].unit"
    kept = check_given(mapping, field, "box")
    raw = show_raw(read_raw(mapping, PAYLOAD, field))
    given = {field: Given(load_given(mapping, field, kept), raw, "li")}
    codes: dict[str, dict[str, str]] = {"unit": {}, "tax": {"T13": "0.13"}, "shipping": {"S1": "none"}}
    problems = mapping.to_canonical(
        PAYLOAD, Context(codes=codes, given=given, find_ref=lambda kind, id_: UUID(int=1))
    ).problems
    assert [problem.field for problem in problems] == ["lines[7].unit"]
    changed = {
        **PAYLOAD,
        "lines": [
            {"id": "7", "uom": "0012", "tax": "T13", **PRICED},
            {"id": "8", "uom": "0099", "tax": "T13", **PRICED},
        ],
    }
    problems = mapping.to_canonical(
        changed, Context(codes=codes, given=given, find_ref=lambda kind, id_: UUID(int=1))
    ).problems
    assert [problem.field for problem in problems] == ["lines[7].unit", "lines[8].unit"]


@pytest.mark.parametrize("field", ["lines", "lines[9].unit", "lines[7].nothing", "nothing", "note"])
def test_a_field_that_the_mapping_does_not_read_cannot_be_given(mapping: Mapping, field: str) -> None:
    with pytest.raises(ConfigInvalid, match=field.partition("[")[0]):
        read_raw(mapping, PAYLOAD, field)


def test_a_given_value_must_fit_its_field(mapping: Mapping) -> None:
    for field, value in (("lines[7].quantity", "many"), ("ordered_on", "someday")):
        with pytest.raises(RuleBroken):
            check_given(mapping, field, value)
