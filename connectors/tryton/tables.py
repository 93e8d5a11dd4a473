"""What the server knows by a code: units, currencies, taxes, categories, countries. Read once, and again when a code is
not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.tryton.client import TrytonClient
from connectors.tryton.config import TrytonConfig
from connectors.tryton.shapes import add_rates
from hub.errors import NeedsConsent, PeriodClosed, Rejected, Transient

Row = Mapping[str, Any]
FIELDS: Mapping[str, tuple[str, ...]] = {
    "product.uom": ("symbol", "name", "category"),
    "currency.currency": ("code", "digits"),
    "currency.currency.rate": ("currency.code", "date", "rate"),
    "account.tax": ("name", "type", "rate", "parent", "company", "active", "group.kind"),
    "product.category": ("name", "accounting", "customer_taxes_used.type", "customer_taxes_used.rate"),
    "country.country": ("code",),
    "company.company": ("currency.code",),
    "ir.module": ("name", "state"),
    "account.payment.journal": ("name", "company", "currency.code"),
}


class TrytonTables:
    """The tables of one connection. A code that no table has is ``Rejected``, with what a person can do about it."""

    def __init__(self, client: TrytonClient, config: TrytonConfig) -> None:
        self._client = client
        self._config = config
        self._rows: dict[str, list[Row]] = {}
        self._rates_asked: set[str] = set()

    @property
    def company_currency(self) -> str:
        """ISO code of the company's currency; list prices are in it. Empty for a user without a company."""
        for row in self._list("company.company"):
            if row["id"] == self._client.company_id:
                return str(row["currency."]["code"])
        return ""

    def find_rate(self, currency: str, day: str | None) -> str | None:
        """Units of the company's currency for one unit of ``currency`` on a day (today without one), as Tryton reckons
        it; None where it knows none. Ten places, as the hub keeps it."""
        own = self.company_currency
        if currency == own:
            return "1"
        here, there = (self._find_newest(code, day or date.max.isoformat()) for code in (own, currency))
        return format(round(here / there, 10).normalize(), "f") if here and there else None

    def _find_newest(self, code: str, day: str) -> Decimal | None:
        """The rate of a currency that holds on a day. One after the newest that is known may have come since."""
        rows = self._list_rates(code)
        if (not rows or str(rows[-1]["date"]) < day) and day not in self._rates_asked:
            self._rates_asked.add(day)
            self._list("currency.currency.rate", fresh=True)
            rows = self._list_rates(code)
        known = [row for row in rows if str(row["date"]) <= day]
        return known[-1]["rate"] if known else None

    def _list_rates(self, code: str) -> list[Row]:
        """Oldest first."""
        rows = [row for row in self._list("currency.currency.rate") if row["currency."]["code"] == code]
        return sorted(rows, key=lambda row: str(row["date"]))

    def check_period(self, day: date | None) -> None:
        """``PeriodClosed`` when the books of that day are closed. Tryton itself would take the draft and book it in
        another period."""
        if day is None:
            return
        standard = [["type", "=", "standard"], ["company", "=", self._client.company_id]]
        domain = [*standard, ["start_date", "<=", day], ["end_date", ">=", day]]
        try:
            rows = self._client.search_read("account.period", domain, ["name", "state"])
        except NeedsConsent as refused:
            if refused.code != "tryton.read_refused":
                raise
            return  # who may not look is not held back
        if rows and all(row["state"] != "open" for row in rows):
            names = ", ".join(f"{row['name']}: {row['state']}" for row in rows)
            raise PeriodClosed("tryton.period_closed", vendor=names, day=str(day))

    @property
    def has_clearing(self) -> bool:
        """Whether payments can be booked by themselves."""
        wanted = ("account_payment_clearing", "activated")
        return any((row["name"], row["state"]) == wanted for row in self._list("ir.module"))

    def warm_up(self) -> None:
        """Read what the mapping asks for, so that it is not read in the middle of a transaction of the hub."""
        self._list("product.uom")
        self._list("company.company")

    def codes(self) -> dict[str, dict[str, str]]:
        """The code tables that the hub can be told: symbols of units stand for themselves."""
        methods = {row["name"]: row["name"] for row in self._list_payment_journals()}
        return {"unit": {row["symbol"]: row["symbol"] for row in self._list("product.uom")}, "payment_method": methods}

    def find_unit(self, symbol: str) -> int:
        return self._find_one("product.uom", "symbol", symbol, "tryton.unit_unknown")

    def find_currency(self, code: str) -> int:
        return self._find_one("currency.currency", "code", code, "tryton.currency_unknown")

    def find_country(self, code: str) -> int:
        return self._find_one("country.country", "code", code, "tryton.country_unknown")

    def find_payment_journal(self, name: str, currency: str) -> int:
        """The journal of this name; without a name the only one in the currency."""
        found = [
            row
            for row in self._list_payment_journals(fresh=True)
            if row["currency."]["code"] == currency and name in ("", row["name"])
        ]
        if len(found) != 1:
            names = _join_names(self._list_payment_journals())
            raise Rejected("tryton.journal_unknown", name=name or "-", currency=currency, names=names)
        return int(found[0]["id"])

    def _list_payment_journals(self, *, fresh: bool = False) -> list[Row]:
        """None where the module is not there, or the user has no right to payments."""
        try:
            rows = self._list("account.payment.journal", fresh=fresh)
        except (NeedsConsent, Transient) as failed:
            if failed.code not in ("tryton.failed_there", "tryton.read_refused"):
                raise  # the server is away for the moment
            return []
        return [row for row in rows if row["company"] == self._client.company_id]

    def find_taxes(self, rate: Decimal) -> list[int]:
        """The one sales tax of the company with this rate; none for 0. Several are for a person to tell apart."""
        if not rate:
            return []
        found = self._choose("account.tax", lambda row: self._is_sales_tax(row) and row["rate"] == rate)
        if not found:
            raise Rejected("tryton.tax_unknown", rate=str(rate))
        if len(found) > 1:
            raise Rejected("tryton.tax_ambiguous", rate=str(rate), names=_join_names(found))
        return [found[0]["id"]]

    def find_category(self, rate: Decimal | None) -> int | None:
        """The accounting category of a new product: the configured one, else the only one with this tax rate."""
        name = self._config.product_category
        if name:
            found = self._choose("product.category", lambda row: row["accounting"] and row["name"] == name)
            if not found:
                raise Rejected("tryton.category_unknown", category=name)
            return int(found[0]["id"])
        if rate is None:
            return None
        found = self._choose("product.category", lambda row: row["accounting"] and _rate_of(row) == rate)
        if len(found) != 1:
            raise Rejected("tryton.category_ambiguous", rate=str(rate), names=_join_names(found))
        return int(found[0]["id"])

    def _is_sales_tax(self, row: Row) -> bool:
        group = row.get("group.") or {}
        ours = row["company"] in (None, self._client.company_id)
        return bool(ours and row["active"] and not row["parent"] and row["type"] == "percentage") and (
            group.get("kind") != "purchase"
        )

    def _find_one(self, model: str, field: str, wanted: str, code: str) -> int:
        found = self._choose(model, lambda row: row[field] == wanted)
        if not found:
            raise Rejected(code, value=wanted)
        return int(found[0]["id"])

    def _choose(self, model: str, fits: Callable[[Row], bool]) -> list[Row]:
        """The rows that fit; the table is read again before it is said that there is none, or more than one."""
        found = [row for row in self._list(model) if fits(row)]
        return found if len(found) == 1 else [row for row in self._list(model, fresh=True) if fits(row)]

    def _list(self, model: str, *, fresh: bool = False) -> list[Row]:
        if fresh or model not in self._rows:
            self._rows[model] = [*self._client.search_read(model, [], FIELDS[model])]
        return self._rows[model]


def _join_names(rows: list[Row]) -> str:
    return ", ".join(str(row["name"]) for row in rows) or "-"


def _rate_of(category: Row) -> Decimal | None:
    rate = add_rates(category["customer_taxes_used."] or ())
    return None if rate is None else Decimal(rate)
