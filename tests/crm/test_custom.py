from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.crm.custom import CustomField, CustomType, check_custom
from hub.errors import RuleBroken
from hub.model.kinds import check_fields

DECLARED = [
    CustomField(kind="account", name="nickname", type=CustomType.TEXT),
    CustomField(kind="account", name="staff", type=CustomType.INTEGER),
    CustomField(kind="account", name="limit", type=CustomType.DECIMAL),
    CustomField(kind="account", name="vip", type=CustomType.BOOLEAN),
    CustomField(kind="account", name="since", type=CustomType.DATE),
    CustomField(kind="account", name="grade", type=CustomType.CHOICE, choices=("A", "B")),
    CustomField(kind="order", name="channel", type=CustomType.TEXT),
]


def keep(field, value):
    return check_custom("account", {field: value}, DECLARED)[field]


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("nickname", "老王", "老王"),
        ("staff", 12, 12),
        ("staff", "-12", -12),
        ("limit", Decimal("1.50"), "1.50"),
        ("limit", "1E+3", "1000"),
        ("limit", 7, "7"),
        ("vip", True, True),
        ("vip", "false", False),
        ("since", date(2026, 1, 31), "2026-01-31"),
        ("since", "2026-01-31", "2026-01-31"),
        ("grade", "B", "B"),
        ("grade", "", None),
        ("staff", None, None),
    ],
)
def test_accepted_values_and_what_is_kept(field, value, kept):
    assert keep(field, value) == kept
    assert type(keep(field, value)) is type(kept)
    assert keep(field, keep(field, value)) == kept


@pytest.mark.parametrize(
    ("field", "value", "fix"),
    [
        ("nickname", 5, "a text"),
        ("staff", "12.5", "a whole number"),
        ("staff", True, "a whole number"),
        ("staff", 1.0, "a whole number"),
        ("limit", "much", "a decimal number"),
        ("limit", "NaN", "a decimal number"),
        ("limit", "1E+999999999", "a decimal number"),
        ("limit", 1.5, "a decimal number"),
        ("limit", False, "a decimal number"),
        ("vip", "yes", "true or false"),
        ("vip", 1, "true or false"),
        ("since", "31.01.2026", "2026-01-31"),
        ("since", "2026-02-30", "2026-01-31"),
        ("since", datetime(2026, 1, 31), "2026-01-31"),
        ("grade", "C", "one of: A, B"),
        ("grade", ["A"], "one of: A, B"),
    ],
)
def test_a_refusal_names_kind_field_value_and_fix(field, value, fix):
    with pytest.raises(RuleBroken) as caught:
        keep(field, value)
    for part in ("account", field, str(value), fix):
        assert part in caught.value.text("en")
    assert field in caught.value.text("zh")
    assert not caught.value.text("zh").startswith("crm.")


def test_an_undeclared_field_is_refused_and_the_known_ones_are_named():
    with pytest.raises(RuleBroken, match="grade, limit, nickname"):
        check_custom("account", {"channel": "web"}, DECLARED)
    assert check_custom("order", {"channel": "web"}, DECLARED) == {"channel": "web"}


scalars = st.none() | st.booleans() | st.integers() | st.text() | st.decimals() | st.dates() | st.floats()


@given(st.sampled_from(DECLARED), scalars)
def test_a_value_is_kept_for_good_or_refused(field, value):
    try:
        kept = check_custom(field.kind, {field.name: value}, DECLARED)
    except RuleBroken:
        return
    assert check_custom(field.kind, kept, DECLARED) == kept
    assert check_fields(field.kind, {"custom": kept}) == {"custom": kept}


@pytest.mark.parametrize(
    "values",
    [
        {"name": "grade", "type": "choice"},
        {"name": "grade", "type": "text", "choices": ["A"]},
        {"name": "Grade", "type": "text"},
        {"name": "a.b", "type": "text"},
        {"name": "grade", "type": "colour"},
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(values):
    with pytest.raises(ValidationError):
        CustomField.model_validate({"kind": "account", **values})
