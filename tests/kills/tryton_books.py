"""A real Tryton as the ERP of a town."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connectors.webhook.simulator.shop import Company
from hub.testkit.tryton import PreparedTryton, start_tryton
from hub.testkit.tryton_people import TrytonPerson
from tests.kills.ledger import Books

MODELS = {
    "partner": ("party.party", ("name", "addresses.street", "identifiers.type", "identifiers.code")),
    "sale": ("sale.sale", ("comment", "reference", "total_amount")),
    "payment": ("account.payment", ("amount", "reference")),
}
GOODS = tuple(
    {"name": name, "price": price, "unit": "u"}
    for name, price in (("轴承 6204", "12"), ("Coupling A2", "199"), ("Cable 5 m", "7"))
)
COMPANY = Company(goods=GOODS)
"""Whole prices: what the tax of 13 % comes to does not depend on whether lines or documents are rounded."""


class TrytonBooks(Books):
    """Read by 王会计; what the hub's user made counts."""

    connector = "tryton"
    looks_for_pass = 10

    def __init__(self, prepared: PreparedTryton, folder: Path) -> None:
        self.server = start_tryton(prepared, folder)
        self.secret = self.server.password
        self._wang = TrytonPerson(
            self.server.url, self.server.database, self.server.accountant_login, self.server.accountant_password
        )
        rows = self._wang.call("model.party.party.search_read", [], 0, None, None, ["name"])
        self.others = [row["name"] for row in rows]

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "url": self.server.url, "database": self.server.database, "login": self.server.login,
            "password": "env:ERP_SECRET", "server_timeout_s": "2",
        }  # fmt: skip

    def documents(self, kind: str) -> Sequence[Mapping[str, Any]]:
        model, fields = MODELS[kind]
        wanted = [*fields, "create_uid.login"]
        rows = self._wang.call(f"model.{model}.search_read", [], 0, None, [["id", "ASC"]], wanted)
        return [_read(kind, row) for row in rows if row["create_uid."]["login"] == self.server.login]

    def close(self) -> None:
        self._wang.close()
        self.server.stop()


def _read(kind: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
    if kind == "partner":
        (street,) = [address["street"] for address in row["addresses."]]
        references = [item["code"] for item in row["identifiers."] if item["type"] is None]
        return {"id": row["id"], "name": row["name"], "street": street, "our_ref": "".join(references)}
    if kind == "sale":
        return {
            "id": row["id"], "note": row["comment"] or "", "gross": row["total_amount"], "our_ref": row["reference"],
        }  # fmt: skip
    return {"id": row["id"], "amount": row["amount"], "our_ref": row["reference"]}
