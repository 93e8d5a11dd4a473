"""What the account knows by a code: currencies, units, settlement types, organisations, salespeople; and the numbers
behind ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.kingdee.client import KingdeeClient
from connectors.kingdee.config import KingdeeConfig
from connectors.kingdee.shapes import CUSTOMER, MATERIAL, Shape
from hub.errors import Rejected

MOST_CODES = 2000
LEDGER_TABLES = {
    "ledger": "BD_AccountBook", "voucher_word": "BD_VOUCHERGROUP", "department": "BD_Department",
    "employee": "BD_Empinfo",
}  # fmt: skip


class KingdeeTables:
    """The tables of one connection, read when they are asked for."""

    def __init__(self, client: KingdeeClient, config: KingdeeConfig) -> None:
        self._client = client
        self._config = config
        self._codes: dict[str, dict[str, str]] = {}

    def codes(self) -> Mapping[str, Mapping[str, str]]:
        """Table → {number there: what the hub says}. Currencies are told by their ISO code, everything else by its
        name; of two with one name both keep their number."""
        if not self._codes:
            currencies = self._list("BD_Currency", "FCODE")
            self._codes = {
                "currency": {number: code for number, code in currencies.items() if len(code) == 3},
                "unit": _name_uniquely(self._list("BD_UNIT", "FName")),
                "payment_method": _name_uniquely(self._list("BD_SETTLETYPE", "FName")),
                "organisation": _name_uniquely(self._list("ORG_Organizations", "FName")),
                "saler": _name_uniquely(self._list("BD_Saler", "FName")),
            }
            if self._config.vouchers:
                self._codes |= {
                    table: _name_uniquely(self._list(form, "FName")) for table, form in LEDGER_TABLES.items()
                }
        return self._codes

    def name_customer(self, id: object) -> str:
        return self.name_all(CUSTOMER, [id])[str(id)]["FNumber"]

    def name_materials(self, ids: Iterable[object]) -> Mapping[str, Mapping[str, str]]:
        """Id → its number and the number of its base unit."""
        return self.name_all(MATERIAL, ids, "FBaseUnitId.FNumber")

    def name_all(self, shape: Shape, ids: Iterable[object], *more: str) -> Mapping[str, Mapping[str, str]]:
        """Id → columns of each record. ``Rejected`` names an id that is not there: numbers are what is written."""
        wanted = sorted({str(id) for id in ids})
        if not wanted:
            return {}
        if not all(id.isascii() and id.isdigit() for id in wanted):
            raise Rejected("kingdee.not_an_id", value=", ".join(wanted))
        columns = [shape.id_key, shape.number_key, *more]
        condition = f"{shape.id_key} in ({','.join(wanted)})"
        rows = self._client.query(shape.form, columns, condition, f"{shape.id_key} ASC", limit=max(len(wanted), 1))
        known = {
            str(row[0]): dict(zip(columns[1:], (str(item or "") for item in row[1:]), strict=True)) for row in rows
        }
        if missing := [id for id in wanted if id not in known]:
            raise Rejected("kingdee.gone", form=shape.form, vendor=", ".join(missing))
        return known

    def _list(self, form: str, column: str) -> dict[str, str]:
        rows = self._client.query(form, ["FNumber", column], "", "FNumber ASC", limit=MOST_CODES)
        return {str(number): str(name or "") for number, name in rows if number}


def _name_uniquely(table: Mapping[str, Any]) -> dict[str, str]:
    names = list(table.values())
    return {number: name if name and names.count(name) == 1 else number for number, name in table.items()}
