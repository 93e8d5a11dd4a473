"""What an administrator writes into ``isthmus.toml`` for a shop that pushes, and for the ERP that gets its trade."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

SHOP = """
[connections.shop]
connector = "webhook"
secret = "env:SHOP_SECRET"
{more}
[connections.shop.events]
"customer.*" = "account"
"order.*" = "order"
"payment.*" = "payment"

[connections.shop.syncs.account]
direction = "in"

[connections.shop.syncs.order]
direction = "in"

[connections.shop.syncs.payment]
direction = "in"
"""


def write_shop(*more: str) -> str:
    """Its connection; ``more``: further lines of it."""
    return SHOP.format(more="".join(f"{line}\n" for line in more))


def write_erp(connector: str, settings: Mapping[str, str], kinds: Sequence[str]) -> str:
    """A connection that is looked after every five seconds; customers are made there."""
    told = "".join(f"{name} = {json.dumps(text)}\n" for name, text in settings.items())
    syncs = "".join(
        f'\n[connections.erp.syncs.{kind}]\nevery = "5s"\n' + ("create = true\n" if kind == "account" else "")
        for kind in kinds
    )
    return f'\n[connections.erp]\nconnector = "{connector}"\n{told}{syncs}'
