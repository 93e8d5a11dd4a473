"""What we sell."""

from __future__ import annotations

from hub.crm.checks import STANDING_TRANSITIONS, check_name, check_tax_rate
from hub.crm.rules import Rules
from hub.errors import RuleBroken
from hub.model.product import Product

TRANSITIONS = STANDING_TRANSITIONS


def check(product: Product, previous: Product | None, remote: bool) -> None:
    """It has a name, a price that is not negative, and a tax rate that is a ratio."""
    check_name("product", product.name)
    if product.list_price < 0:
        raise RuleBroken("crm.price_negative", name=product.name, value=product.list_price)
    if product.tax_rate is not None:
        check_tax_rate("product.tax_rate", product.tax_rate)


RULES = Rules("product", TRANSITIONS, checking=check)
