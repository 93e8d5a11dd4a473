"""Lists of which the other system shows a part only."""

from hub.model.party import Address, Identifier, IdentifierKind
from tests.mapping.build import known_context, make_mapping

MAPPING = make_mapping(
    "account",
    "",
    """
[fields.identifiers.uscc]
each = "."
[fields.identifiers.uscc.fields]
kind = { default = "uscc" }
value = "tax_id"
[fields.addresses]
each = "addresses"
key = "id"
[fields.addresses.fields]
city = "city"
street = { from = "street", direction = "in" }
""",
)
USCC = Identifier(key="hub-1", kind=IdentifierKind.USCC, value="91A")
LEI = Identifier(key="hub-2", kind=IdentifierKind.LEI, value="5299")
CURRENT = {
    "name": "A",
    "phone": "1",
    "identifiers": (LEI, USCC),
    "addresses": (Address(key="a", city="Shanghai", province="SH"), Address(key="b", city="Wuxi")),
}


def overlay(payload):
    return MAPPING.overlay(CURRENT, MAPPING.to_canonical({"name": "A", **payload}, known_context()).values)


def test_what_the_other_system_cannot_hold_is_not_compared():
    assert MAPPING.project(CURRENT)["identifiers"] == (USCC,)
    assert MAPPING.project({"identifiers": None})["identifiers"] == ()
    assert MAPPING.line_fields == {"identifiers": {"value"}, "addresses": {"city"}}


def test_what_is_written_is_known_whether_it_is_read_back_or_not():
    fields = """
[fields.addresses]
each = "addresses"
key = "id"
[fields.addresses.fields]
city = "city"
street = { from = "street", direction = "in" }
province = { from = "province", direction = "out" }
"""
    mapping = make_mapping("account", "", fields)
    assert mapping.line_fields == {"addresses": {"city"}}
    assert mapping.lines_out == {"addresses": {"city", "province"}}


def test_a_slot_changes_its_line_and_no_other():
    laid = overlay({"tax_id": "91B"})
    assert laid["identifiers"] == (LEI, USCC.model_copy(update={"value": "91B"}))
    assert laid["phone"] == "1"
    assert overlay({"tax_id": ""})["identifiers"] == (LEI,)


def test_line_fields_without_a_rule_stay_and_lines_come_and_go():
    laid = overlay({"addresses": [{"id": "c", "city": "Suzhou"}, {"id": "a", "city": "Nanjing", "street": "1"}]})
    assert laid["addresses"] == (
        Address(key="a", city="Nanjing", street="1", province="SH"),
        Address(key="c", city="Suzhou"),
    )


def test_laying_the_same_over_itself_changes_nothing():
    seen = MAPPING.to_canonical(MAPPING.to_remote(CURRENT, known_context())[0], known_context()).values
    assert MAPPING.overlay(CURRENT, seen) == CURRENT
