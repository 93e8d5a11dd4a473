"""Organisations, colleagues and products."""

from decimal import Decimal
from uuid import UUID

import pytest

from hub.crm.rules import rules_for
from hub.errors import RuleBroken
from hub.model.kinds import find_kind

ACCEPTED = {"organisation": {"name": "海岳精密"}, "user": {"name": "王会计"}, "product": {"name": "轴承"}}
REFUSED = [
    ("organisation", {"name": ""}, "crm.name_missing"),
    ("user", {"name": " "}, "crm.name_missing"),
    ("product", {"name": ""}, "crm.name_missing"),
    ("product", {"list_price": Decimal("-0.01")}, "crm.price_negative"),
    ("product", {"tax_rate": Decimal(13)}, "crm.tax_rate_impossible"),
    (
        "organisation",
        {
            "identifiers": [
                {"key": "1", "kind": "uscc", "value": "914403001922038216"},
                {"key": "2", "kind": "uscc", "value": "9144030071526726XG"},
            ]
        },
        "crm.two_credit_codes",
    ),
]


def make(kind, **values):
    return find_kind(kind).model_validate({"id": UUID(int=1), **ACCEPTED[kind], **values})


@pytest.mark.parametrize("kind", ACCEPTED)
def test_an_ordinary_record_is_accepted(kind):
    rules_for(kind).check(make(kind), make(kind, state="inactive"))


@pytest.mark.parametrize(("kind", "values", "code"), REFUSED)
def test_what_is_refused(kind, values, code):
    with pytest.raises(RuleBroken) as caught:
        rules_for(kind).check(make(kind, **values))
    assert caught.value.code == code


def test_a_product_may_have_no_tax_rate():
    rules_for("product").check(make("product", tax_rate=None, list_price=Decimal(0)))
