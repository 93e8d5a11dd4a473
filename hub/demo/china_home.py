"""The home of 海岳精密: five connections and a ledger in one ``isthmus.toml``, as an administrator would write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from hub.demo.processes import RunningSystem

ERP, OLD, SHOP, WECOM, REGISTRY = "kingdee", "old", "shop", "wecom", "qichacha"
SERVER_WAITS_S, LATE_S = 1, "0.8"
"""Declared to the connection: so long a request may still come into force here; and what the simulator does."""
BOOKED_SINCE = "2026-07-01"
"""First day of the ledger: receivables from then on get a voucher."""
SHOP_EVENTS = {"customer": "account", "order": "order", "payment": "payment"}
WECOM_WORDS = ("url", "corp_id", "agent_id", "secret")
TEMPLATE = """
[connections.kingdee]
connector = "kingdee"
{kingdee}

[connections.kingdee.syncs.account]
confirm = "audit"                       # master data may be approved by the hub
owners = {{ phone = "shared" }}
read_check_write = ["phone"]

[connections.kingdee.syncs.product]
direction = "in"
[connections.kingdee.syncs.order]       # left as drafts: people approve
[connections.kingdee.syncs.payment]
[connections.kingdee.syncs.delivery]
direction = "in"
[connections.kingdee.syncs.invoice]
direction = "in"
[connections.kingdee.syncs.voucher]     # drafts, too

[connections.kingdee.codes.ledger]      # number of the account book = name of the ledger
"001" = "main"

[ledgers.main]
since = {since}                      # what is older is booked
own_rules = [{{ trigger = "receipt" }}]   # nothing: the accountants book money from the bank's statement

[ledgers.main.accounts]
receivable = "1122"
revenue = "6001"
output_vat = "2221.01.05"

[connections.old]
connector = "file"
folder = {folder}
streams.account = {{ files = ["老客户*.csv", "老客户*.xlsx"], key = ["客户编号"] }}

[connections.old.syncs.account]
direction = "in"

[connections.shop]
connector = "webhook"
{shop}

[connections.shop.events]
{events}

{shop_syncs}

[connections.wecom]
connector = "wecom"
{wecom}

[connections.wecom.syncs.user]
direction = "in"
[connections.wecom.syncs.account]
direction = "in"
[connections.wecom.syncs.contact]
direction = "in"

[connections.qichacha]
connector = "qichacha"
{qichacha}
"""
SKU = """[mapping]

[fields.lines.fields]
product_id = { from = "sku", ref = "product.number" }
"""


def write_home(
    home: Path, lists: Path, erp: RunningSystem, wecom: RunningSystem, registry: RunningSystem, shop_secret: str
) -> None:
    """Add the connections to the file that ``isthmus init`` made; secrets lie beside it."""
    words = {name: wecom.credentials[name] for name in WECOM_WORDS}
    more = (f"server_timeout_s = {SERVER_WAITS_S}", "vouchers = true")
    text = TEMPLATE.format(
        kingdee=_write_settings(home, ERP, erp.credentials, "app_secret", *more),
        since=BOOKED_SINCE,
        folder=json.dumps(str(lists)),
        shop=_write_settings(home, SHOP, {"secret": shop_secret}, "secret"),
        events="\n".join(f'"{name}.*" = "{kind}"' for name, kind in SHOP_EVENTS.items()),
        shop_syncs="\n".join(f'[connections.shop.syncs.{kind}]\ndirection = "in"' for kind in SHOP_EVENTS.values()),
        wecom=_write_settings(home, WECOM, words, "secret"),
        qichacha=_write_settings(home, REGISTRY, registry.credentials, "secret_key"),
    )
    with (home / "isthmus.toml").open("a", encoding="utf-8") as config:
        config.write(text)
    mappings = home / "mappings" / SHOP
    mappings.mkdir(parents=True)
    (mappings / "order.toml").write_text(SKU, encoding="utf-8")


def _write_settings(home: Path, name: str, settings: Mapping[str, str], secret: str, *more: str) -> str:
    """``key = value`` lines; the secret goes into a file of its own that only its owner may read."""
    path = home / f"{name}.secret"
    path.touch(0o600)
    path.write_text(settings[secret], encoding="utf-8")
    shown = {**settings, secret: f"file:{path}"}
    return "\n".join([*(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in shown.items()), *more])
