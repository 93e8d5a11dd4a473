"""What ``connection check`` looks at: reads only, and each finding names the module, right or setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.tryton.client import TrytonClient
from connectors.tryton.config import TrytonConfig
from connectors.tryton.shapes import find_reference
from connectors.tryton.tables import TrytonTables
from hub.errors import ConfigInvalid, IsthmusError, NeedsConsent, Transient
from hub.sdk import CheckItem

MEASURED_SERIES = "8.2"
MODULES = ("party", "product", "account_product", "account_invoice", "sale")
SALES, PRODUCTS = "Sales", "Account Product Administration"
RIGHTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "party.party": ("", ("read", "write", "create")),
    "party.address": ("", ("read", "write", "create")),
    "party.contact_mechanism": ("", ("read", "write", "create")),
    "party.identifier": ("", ("read", "write", "create")),
    "product.product": (PRODUCTS, ("read", "write", "create")),
    "product.template": (PRODUCTS, ("read", "write", "create")),
    "sale.sale": (SALES, ("read", "write", "create", "delete")),
    "sale.line": (SALES, ("read", "write", "create", "delete")),
    "account.invoice": (SALES, ("read",)),
    "account.tax": ("", ("read",)),
}
"""Model → the group that Tryton ships for it (none: open to everybody by default), and what the syncs do."""
NEWEST_SALES = 50


def check_account(client: TrytonClient, tables: TrytonTables, config: TrytonConfig) -> Sequence[CheckItem]:
    """Every finding, up to the first that makes the rest unknowable."""
    found: list[CheckItem] = []
    try:
        for item in _look(client, tables, config):
            found.append(item)  # noqa: PERF402 - what was found before an error counts
    except Transient as failed:
        words = failed.vendor or failed.text()
        found.append(CheckItem(False, "tryton.unreachable", {"url": config.url, "words": words}))
    except (NeedsConsent, ConfigInvalid) as refused:
        found.append(CheckItem(False, refused.code, {**refused.params, "words": refused.vendor or ""}))
    return found


def _look(client: TrytonClient, tables: TrytonTables, config: TrytonConfig) -> Iterator[CheckItem]:
    yield CheckItem(True, "tryton.reached", {"url": config.url, "series": client.series})
    if client.series != MEASURED_SERIES:
        params = {"series": client.series, "known": MEASURED_SERIES}
        yield CheckItem(False, "tryton.series_unmeasured", params)
    if client.company_id is None:
        yield CheckItem(False, "tryton.no_company", {"login": config.login})
        return
    missing = _list_missing_modules(client)
    yield from (CheckItem(False, "tryton.module_missing", {"module": name}) for name in missing)
    if missing:
        return
    company = client.context.get("company.rec_name") or config.company
    params = {"login": config.login, "company": company, "currency": tables.company_currency}
    yield CheckItem(True, "tryton.logged_in", params)
    if client.context.get("administrator"):
        yield CheckItem(False, "tryton.administrator", {"login": config.login})
    yield from _check_rights(client)
    yield _check_rounding(client)
    yield from _check_log_and_login(client, config)


def _list_missing_modules(client: TrytonClient) -> list[str]:
    domain = [["name", "in", list(MODULES)], ["state", "=", "activated"]]
    active = {row["name"] for row in client.search_read("ir.module", domain, ["name"])}
    return [name for name in MODULES if name not in active]


def _check_rights(client: TrytonClient) -> Iterator[CheckItem]:
    granted: Mapping[str, Mapping[str, Any]] = client.read("ir.model.access", "get_access", list(RIGHTS))
    lacking = [
        CheckItem(False, "tryton.right_missing", {"what": what, "model": model, "group": group or "-"})
        for model, (group, wanted) in RIGHTS.items()
        for what in wanted
        if not granted.get(model, {}).get(what)
    ]
    yield from lacking or [CheckItem(True, "tryton.rights_complete")]


def _check_rounding(client: TrytonClient) -> CheckItem:
    try:
        rows = client.search_read("account.configuration", [], ["tax_rounding"])
    except IsthmusError:
        rows = []
    rounding = rows[0].get("tax_rounding") if rows else None
    if rounding == "document":
        return CheckItem(True, "tryton.rounding_document")
    return CheckItem(False, "tryton.rounding_line" if rounding == "line" else "tryton.rounding_unknown")


def _check_log_and_login(client: TrytonClient, config: TrytonConfig) -> Iterator[CheckItem]:
    """Whether the login is the hub's own: whatever it made carries a hub's reference."""
    domain = [["create_uid", "=", client.user_id], ["company", "=", client.company_id]]
    order = [["id", "DESC"]]
    sales = client.read("sale.sale", "search_read", domain, 0, NEWEST_SALES, order, ["reference"])
    strange = [sale for sale in sales if not find_reference([sale["reference"]])]
    params = {"login": config.login, "count": len(strange)}
    yield CheckItem(not strange, "tryton.person_login" if strange else "tryton.own_login", params)
    resources = [f"sale.sale,{sale['id']}" for sale in sales[:1]] or [f"res.user,{client.user_id}"]
    try:
        client.search_read("ir.model.log", [["resource", "in", resources]], ["user"])
    except NeedsConsent:
        yield CheckItem(False, "tryton.log_unreadable")
