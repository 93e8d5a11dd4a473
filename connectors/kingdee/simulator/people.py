"""People who work in the account beside the hub: the accountant, the sales desk, whoever copies a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.kingdee.simulator.books import AUDITED, SUBMITTED, Bill, Books
from connectors.kingdee.simulator.forms import DUE_LINE, FORMS, MONEY_LINE, ORDER_LINE, OUT_LINE
from connectors.kingdee.simulator.saving import save_bill

ACTIONS = ("edit", "submit", "audit", "send_back", "cancel", "close", "delete", "copy", "deliver", "bill", "receive")
CURRENCY, ORGANISATION = "PRE001", "100"
KEEP_LINES = {"IsDeleteEntry": False}


def number(value: str) -> dict[str, str]:
    """A reference as it is saved."""
    return {"FNumber": value}


class Person:
    """Somebody with a login of his own. Every method returns the document as it is afterwards, or raises
    ``BillRefused``."""

    def __init__(self, books: Books, name: str = "李会计") -> None:
        if name == books.settings.user:
            raise ValueError(f"{name} is the integration user, not a person")
        self._books = books
        self.name = name

    def save(self, form: str, model: Mapping[str, Any], options: Mapping[str, Any] | None = None) -> Bill:
        """What the client's window does."""
        return save_bill(self._books, FORMS[form], options or {}, model, self.name)

    def create(self, form: str, **model: Any) -> Bill:
        return self.save(form, model)

    def edit(self, form: str, id: int, **model: Any) -> Bill:
        """Change fields of the head; the lines stay."""
        return self.save(form, {FORMS[form].id_key: id, **model}, KEEP_LINES)

    def edit_line(self, form: str, id: int, place: int = 0, **values: Any) -> Bill:
        """Change one line; the others stay."""
        (entity, id_key), *_ = FORMS[form].entities.items()
        row = self._books.take(FORMS[form], id)[entity][place]
        model = {FORMS[form].id_key: id, entity: [{id_key: row[id_key], **values}]}
        return self.save(form, model, KEEP_LINES)

    def submit(self, form: str, id: int) -> Bill:
        return self._books.act(FORMS[form], id, "Submit", self.name)

    def audit(self, form: str, id: int) -> Bill:
        """Submit first where nobody has; what is audited already stays so."""
        bill = self._books.take(FORMS[form], id)
        if bill["FDocumentStatus"] == AUDITED:
            return bill
        if bill["FDocumentStatus"] != SUBMITTED:
            self.submit(form, id)
        return self._books.act(FORMS[form], id, "Audit", self.name)

    def send_back(self, form: str, id: int) -> Bill:
        """A submission that is rejected, or an approval taken back."""
        return self._books.act(FORMS[form], id, "UnAudit", self.name)

    def cancel(self, form: str, id: int) -> Bill:
        return self._books.act(FORMS[form], id, "Cancel", self.name)

    def close(self, form: str, id: int) -> Bill:
        return self._books.act(FORMS[form], id, "Close", self.name)

    def delete(self, form: str, id: int) -> Bill:
        return self._books.act(FORMS[form], id, "Delete", self.name)

    def copy(self, form: str, id: int) -> Bill:
        """The client's "copy": a new document of this person's that carries the hub's reference as well."""
        shape, old = FORMS[form], self._books.take(FORMS[form], id)
        model = self._model(shape.fields, old, "")
        model.pop(shape.number_key, None)
        for entity in shape.entities:
            model[entity] = [self._model(shape.fields, row, entity) for row in old[entity]]
        custom = self._books.settings.custom_field
        return self.save(form, {**model, **({custom: old[custom]} if custom else {})})

    def _model(self, fields: Sequence[Any], holder: Mapping[str, Any], entity: str) -> dict[str, Any]:
        """A part of a document as it would be saved again."""
        model: dict[str, Any] = {}
        for item in fields:
            if item.entity != entity or item.computed or item.kind == "id":
                continue
            value = holder[item.key]
            if item.kind == "ref":
                target = FORMS[item.form]
                found = self._books.get(target, value)
                value = number(str(found[target.number_key])) if found else ""
            model[item.key] = value
        return model

    def make_customer(self, name: str, **more: Any) -> Bill:
        """A customer that can be used at once."""
        made = self.create("BD_Customer", **self._place(), FName=name, **more)
        return self.audit("BD_Customer", made["FCUSTID"])

    def make_material(self, name: str, unit: str = "Pcs", **more: Any) -> Bill:
        made = self.create("BD_MATERIAL", **self._place(), FName=name, FBaseUnitId=number(unit), **more)
        return self.audit("BD_MATERIAL", made["FMATERIALID"])

    def allocate(self, form: str, id: int, organisation: str) -> Bill:
        """A customer or material for another organisation too (分配): it gets a row of its own with the same number."""
        shape, old = FORMS[form], self._books.take(FORMS[form], id)
        model = {**self._model(shape.fields, old, ""), shape.org_key: number(organisation)}
        return self.audit(form, self.save(form, model)[shape.id_key])

    def _place(self) -> dict[str, Any]:
        return {"FCreateOrgId": number(ORGANISATION), "FUseOrgId": number(ORGANISATION)}

    def make_order(self, customer: str, rows: Sequence[tuple[str, str, str]], day: str, **more: Any) -> Bill:
        """An order, saved and no more; ``rows``: material, quantity, price with tax."""
        lines = [
            {"FMaterialId": number(material), "FUnitID": number(self._unit_of(material)), "FQty": count,
             "FTaxPrice": price, "FEntryTaxRate": 13}
            for material, count, price in rows
        ]  # fmt: skip
        head = {
            "FBillTypeID": number("XSDD01_SYS"), "FDate": day, "FSaleOrgId": number(ORGANISATION),
            "FCustId": number(customer), "FSalerId": number("XSY001"),
            "FSaleOrderFinance": {"FSettleCurrId": number(CURRENCY), "FIsIncludedTax": True},
        }  # fmt: skip
        return self.create("SAL_SaleOrder", **{**head, **more, ORDER_LINE: lines})

    def _unit_of(self, material: str) -> str:
        found = self._books.find_number(FORMS["BD_MATERIAL"], material)
        unit = self._books.get(FORMS["BD_UNIT"], found[0]["FBaseUnitId"]) if found else None
        return str(unit["FNumber"]) if unit else "Pcs"

    def deliver(self, form: str, id: int, day: str = "") -> Bill:
        """A delivery of a whole order, audited."""
        order = self._books.take(FORMS[form], id)
        rows = [
            {"FMaterialID": self._ref("BD_MATERIAL", row["FMaterialId"]),
             "FUnitID": self._ref("BD_UNIT", row["FUnitID"]), "FRealQty": row["FQty"], "FSoorDerno": order["FBillNo"]}
            for row in order[ORDER_LINE]
        ]  # fmt: skip
        made = self.create(
            "SAL_OUTSTOCK", FDate=day or order["FDate"], FSaleOrgId=self._ref("ORG_Organizations", order["FSaleOrgId"]),
            FCustomerID=self._ref("BD_Customer", order["FCustId"]), **{OUT_LINE: rows},
        )  # fmt: skip
        lines = [{**row, "FStockOutQty": row["FQty"]} for row in order[ORDER_LINE]]
        self._books.mark(FORMS[form], id, **{ORDER_LINE: lines})
        return self.audit("SAL_OUTSTOCK", made["FID"])

    def bill(self, form: str, id: int, day: str = "", due: str = "") -> Bill:
        """A receivable over a whole order, audited."""
        order = self._books.take(FORMS[form], id)
        org = self._ref("ORG_Organizations", order["FSaleOrgId"])
        rows = [
            {"FMATERIALID": self._ref("BD_MATERIAL", row["FMaterialId"]),
             "FPRICEUNITID": self._ref("BD_UNIT", row["FUnitID"]), "FPRICEQTY": row["FQty"], "FPrice": row["FPrice"],
             "FEntryTaxRate": row["FEntryTaxRate"], "FORDERNUMBER": order["FBillNo"]}
            for row in order[ORDER_LINE]
        ]  # fmt: skip
        made = self.create(
            "AR_receivable", FDATE=day or order["FDate"], FENDDATE_H=due or day or order["FDate"],
            FCUSTOMERID=self._ref("BD_Customer", order["FCustId"]), FSALEORGID=org, FSETTLEORGID=org,
            FCURRENCYID=self._ref("BD_Currency", order["FSettleCurrId"]), **{DUE_LINE: rows},
        )  # fmt: skip
        return self.audit("AR_receivable", made["FID"])

    def receive(self, form: str, id: int, amount: str, day: str = "", **line: Any) -> Bill:
        """Money for a receivable, audited."""
        due = self._books.take(FORMS[form], id)
        customer, org = (
            self._ref("BD_Customer", due["FCUSTOMERID"]),
            self._ref("ORG_Organizations", due["FSETTLEORGID"]),
        )
        row = {"FSETTLETYPEID": number("JSFS04_SYS"), "FPURPOSEID": number("SFKYT01_SYS"),
               "FRECTOTALAMOUNTFOR": Decimal(amount), "FCOMMENT": due["FBillNo"], **line}  # fmt: skip
        made = self.create(
            "AR_RECEIVEBILL", FBillTypeID=number("SKDLX01_SYS"), FDATE=day or due["FDATE"], FCONTACTUNIT=customer,
            FPAYUNIT=customer, FCURRENCYID=self._ref("BD_Currency", due["FCURRENCYID"]), FPAYORGID=org,
            FSETTLEORGID=org, **{MONEY_LINE: [row]},
        )  # fmt: skip
        return self.audit("AR_RECEIVEBILL", made["FID"])

    def _ref(self, form: str, id: int) -> dict[str, str]:
        found = self._books.take(FORMS[form], id)
        return number(str(found[FORMS[form].number_key]))

    def do(self, action: str, form: str, id: int, **more: Any) -> Bill:
        """One of ``ACTIONS`` by name."""
        if action not in ACTIONS:
            raise ValueError(f"people have no action {action!r}; known: {', '.join(ACTIONS)}")
        done: Bill = getattr(self, action)(form, id, **more)
        return done
