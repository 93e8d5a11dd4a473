"""Base data of the Tryton used by tests and demo: a small Chinese company that can sell, invoice and be paid."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.testkit.tryton_rpc import TrytonRpc

SEED_VERSION = 2
"""Part of the name of the prepared database: raise it when anything seeded here changes."""

COMPANY = "海岳精密机械有限公司"
COMPANY_USCC = "91310115591693856A"
TECHNICAL_GROUPS = ("Sales", "Account Product Administration", "Accounting", "Payment")
ACCOUNTANT_GROUPS = (*TECHNICAL_GROUPS, "Payment Approval", "Stock")
TAX_RATES = (Decimal("0.13"), Decimal("0.06"))
PAYMENT_TERM = "Net 30 days"
PAYMENT_JOURNAL = "Bank transfer"


@dataclass(frozen=True)
class Account:
    login: str
    password: str
    name: str
    email: str
    groups: Sequence[str]


def seed_base(rpc: TrytonRpc, accounts: Sequence[Account], *, year: int) -> None:
    """Everything a sale needs. `rpc` is the administrator of a database that was just initialised."""
    country = create(rpc, "country.country", {"name": "China", "code": "CN", "code3": "CHN"})
    company = _seed_company(rpc, _seed_currency(rpc), country)
    for each in (year - 1, year, year + 1):
        _seed_fiscal_year(rpc, company, each)
    chart = _seed_chart(rpc, company)
    taxes = [_seed_tax(rpc, company, chart["tax"], rate) for rate in TAX_RATES]
    _seed_terms(rpc, chart, taxes)
    _seed_payment_method(rpc, company)
    for account in accounts:
        _seed_user(rpc, company, account)


def category_name(rate: Decimal) -> str:
    """The accounting category that gives a product its revenue account and this VAT rate."""
    return f"Goods {rate:.0%}"


def create(rpc: TrytonRpc, model: str, values: dict[str, Any]) -> int:
    ids: list[int] = rpc.call(f"model.{model}.create", [values])
    return ids[0]


def find(rpc: TrytonRpc, model: str, domain: list[Any]) -> int:
    """The first match; a seed that finds nothing has met another Tryton than it was written for."""
    ids: list[int] = rpc.call(f"model.{model}.search", domain, 0, 1, None)
    if not ids:
        raise LookupError(f"no {model} with {domain}")
    return ids[0]


def _seed_currency(rpc: TrytonRpc) -> int:
    rate = {"date": dt.date(2000, 1, 1), "rate": Decimal(1)}
    values = {"name": "Yuan Renminbi", "symbol": "¥", "code": "CNY", "numeric_code": "156", "digits": 2}
    return create(rpc, "currency.currency", {**values, "rounding": Decimal("0.01"), "rates": [["create", [rate]]]})


def _seed_company(rpc: TrytonRpc, currency: int, country: int) -> int:
    address = {"street": "张江路 88 号", "city": "上海", "postal_code": "201203", "country": country}
    identifier = {"type": "cn_vat", "code": COMPANY_USCC}
    values = {"name": COMPANY, "addresses": [["create", [address]]], "identifiers": [["create", [identifier]]]}
    party = create(rpc, "party.party", values)
    company = create(rpc, "company.company", {"party": party, "currency": currency, "timezone": "Asia/Shanghai"})
    rpc.call("model.res.user.write", [rpc.user_id], {"companies": [["add", [company]]], "company": company})
    rpc.reload_context()
    return company


def _seed_fiscal_year(rpc: TrytonRpc, company: int, year: int) -> None:
    moves = _strict_sequence(rpc, company, f"Moves {year}", "Account Move", f"M{year}-")
    invoices = _strict_sequence(rpc, company, f"Invoices {year}", "Invoice", f"INV{year}-")
    kinds = ("in_invoice", "in_credit_note", "out_invoice", "out_credit_note")
    sequences = {f"{kind}_sequence": invoices for kind in kinds}
    span = {"start_date": dt.date(year, 1, 1), "end_date": dt.date(year, 12, 31)}
    values = {"name": str(year), "company": company, "move_sequence": moves, **span}
    values["invoice_sequences"] = [["create", [{"company": company, **sequences}]]]
    fiscal_year = create(rpc, "account.fiscalyear", values)
    rpc.call("model.account.fiscalyear.create_period", [fiscal_year])


def _strict_sequence(rpc: TrytonRpc, company: int, name: str, kind: str, prefix: str) -> int:
    kind_id = find(rpc, "ir.sequence.type", [["name", "=", kind]])
    values = {"name": name, "sequence_type": kind_id, "company": company, "prefix": prefix, "padding": 5}
    return create(rpc, "ir.sequence.strict", values)


def _seed_chart(rpc: TrytonRpc, company: int) -> dict[str, int]:
    """Tryton ships no Chinese chart of accounts, so its minimal English one serves."""
    template = rpc.call("model.ir.model.data.get_id", "account", "account_template_root_en")
    wizard, state, _ = rpc.call("wizard.account.create_chart.create")
    steps: list[tuple[dict[str, Any], str]] = [
        ({state: {}}, "account"),
        ({"account": {"company": company, "account_template": template}}, "create_account"),
    ]
    for form, action in steps:
        rpc.call("wizard.account.create_chart.execute", wizard, form, action)
    chart = {kind: _account_of_kind(rpc, kind) for kind in ("receivable", "payable", "revenue", "expense")}
    properties = {
        "company": company,
        "account_receivable": chart["receivable"],
        "account_payable": chart["payable"],
        "category_account_revenue": chart["revenue"],
        "category_account_expense": chart["expense"],
    }
    rpc.call("wizard.account.create_chart.execute", wizard, {"properties": properties}, "create_properties")
    rpc.call("wizard.account.create_chart.delete", wizard)
    return {**chart, "tax": find(rpc, "account.account", [["name", "ilike", "%tax%"], ["type", "!=", None]])}


def _account_of_kind(rpc: TrytonRpc, kind: str) -> int:
    return find(rpc, "account.account", [[f"type.{kind}", "=", True], ["closed", "!=", True]])


def _seed_tax(rpc: TrytonRpc, company: int, account: int, rate: Decimal) -> int:
    name = f"VAT {rate:.0%}"
    accounts = {"invoice_account": account, "credit_note_account": account}
    values = {"name": name, "description": name, "type": "percentage", "rate": rate, "company": company}
    return create(rpc, "account.tax", {**values, **accounts})


def _seed_terms(rpc: TrytonRpc, chart: dict[str, int], taxes: list[int]) -> None:
    term = find(rpc, "account.invoice.payment_term", [["name", "=", PAYMENT_TERM]])
    rpc.call("model.account.configuration.write", [1], {"default_customer_payment_term": term})
    accounts = {"account_revenue": chart["revenue"], "account_expense": chart["expense"]}
    for rate, tax in zip(TAX_RATES, taxes, strict=True):
        values = {"name": category_name(rate), "accounting": True, "customer_taxes": [["add", [tax]]]}
        create(rpc, "product.category", {**values, **accounts})


def _seed_payment_method(rpc: TrytonRpc, company: int) -> None:
    journal = find(rpc, "account.journal", [["type", "=", "cash"]])
    cash = find(rpc, "account.account", [["name", "ilike", "%cash%"], ["type", "!=", None]])
    accounts = {"credit_account": cash, "debit_account": cash}
    create(rpc, "account.invoice.payment.method", {"name": "Bank", "company": company, "journal": journal, **accounts})
    currency = rpc.call("model.company.company.read", [company], ["currency"])[0]["currency"]
    clearing = {"clearing_account": cash, "clearing_journal": journal}
    values = {"name": PAYMENT_JOURNAL, "company": company, "currency": currency, "process_method": "manual"}
    create(rpc, "account.payment.journal", {**values, **clearing})


def _seed_user(rpc: TrytonRpc, company: int, account: Account) -> None:
    person = create(rpc, "party.party", {"name": account.name})
    employee = create(rpc, "company.employee", {"party": person, "company": company})
    groups: list[int] = rpc.call("model.res.group.search", [["name", "in", list(account.groups)]], 0, None, None)
    values: dict[str, Any] = {"name": account.name, "login": account.login, "password": account.password}
    values |= {"email": account.email, "company": company, "companies": [["add", [company]]]}
    values |= {"employee": employee, "employees": [["add", [employee]]], "groups": [["add", groups]]}
    create(rpc, "res.user", values)
