"""People who work in the ERP beside the hub: accountants, sales staff, whoever copies a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.sandbox.simulator.erp import SandboxErp
from connectors.sandbox.simulator.settings import USER
from connectors.sandbox.simulator.shapes import KINDS_BY_LETTER, LISTS, SHAPES, ErpRefused
from connectors.sandbox.simulator.tables import Document

ACTIONS = ("submit", "approve", "send_back", "void", "close", "copy", "ship", "invoice", "cancel_invoice")


class Person:
    """Somebody with a login of his own. Every method returns the document as it is afterwards, or raises
    :class:`ErpRefused`."""

    def __init__(self, erp: SandboxErp, name: str = "李会计") -> None:
        if name == USER:
            raise ValueError(f"{USER} is the integration user, not a person")
        self._erp = erp
        self.name = name

    def create(self, kind: str, *, status: str | None = None, **values: Any) -> Document:
        """``status``: draft, submitted or approved, where the ERP has drafts."""
        return self._erp.create(kind, values, self.name, status=status)

    def edit(self, kind: str, id: str, **values: Any) -> Document:
        return self._erp.change(kind, id, values, self.name)

    def edit_line(self, id: str, line_id: str, **values: Any) -> Document:
        """Change one line or allocation of a document; the others stay."""
        kind = KINDS_BY_LETTER[id[:1]]
        lines = [{"id": line["id"]} for line in self._erp.read(kind, id)[LISTS[kind]]]
        wanted = [{**line, **values} if line["id"] == line_id else line for line in lines]
        return self._erp.change(kind, id, {LISTS[kind]: wanted}, self.name)

    def submit(self, id: str) -> Document:
        return self._erp.act("submit", id, self.name)

    def approve(self, id: str) -> Document:
        return self._erp.act("approve", id, self.name)

    def send_back(self, id: str) -> Document:
        """Back to draft: a rejected submission, or an approval taken back."""
        return self._erp.act("reopen", id, self.name)

    def void(self, id: str) -> Document:
        return self._erp.act("void", id, self.name)

    def close(self, id: str) -> Document:
        return self._erp.act("close", id, self.name)

    def delete(self, kind: str, id: str) -> None:
        self._erp.delete(kind, id, self.name)

    def copy(self, id: str) -> Document:
        """The ERP's "copy document": a new one of this person's that carries our reference as well."""
        kind = KINDS_BY_LETTER[id[:1]]
        document = self._erp.read(kind, id)
        values = {name: document[name] for name in SHAPES[kind].defaults}
        values[LISTS[kind]] = [_copy_line(line) for line in document[LISTS[kind]]]
        return self._erp.create(kind, values, self.name, our_ref=document["our_ref"])

    def deliver(self, sale: str, **values: Any) -> Document:
        """A delivery of a whole sale, in effect; ``lines`` for another quantity."""
        sold = self._erp.read("sale", sale)
        lines = [{"item": row["item"], "sale_line": row["id"], "quantity": row["quantity"]} for row in sold["lines"]]
        return self._book("delivery", sold, {"sale": sale, "lines": lines, **values})

    def bill(self, sale: str, **values: Any) -> Document:
        """An invoice of a whole sale, in effect."""
        sold = self._erp.read("sale", sale)
        lines = [{**_copy_line(row), "sale": sale, "sale_line": row["id"]} for row in sold["lines"]]
        return self._book("invoice", sold, {"currency": sold["currency"], "lines": lines, **values})

    def credit(self, invoice: str, **values: Any) -> Document:
        """A credit note over a whole invoice, in effect."""
        billed = self._erp.read("invoice", invoice)
        lines = [{**_copy_line(row), "quantity": f"-{row['quantity']}"} for row in billed["lines"]]
        return self._book(
            "invoice", billed,
            {"type": "credit_note", "reverses": invoice, "currency": billed["currency"], "lines": lines, **values},
        )  # fmt: skip

    def receive(self, document: str, amount: str, **values: Any) -> Document:
        """Money for an invoice or a sale, in effect."""
        kind = KINDS_BY_LETTER[document[:1]]
        paid = self._erp.read(kind, document)
        row = {"target": kind, kind: document, "amount": amount}
        return self._book(
            "payment", paid, {"currency": paid["currency"], "amount": amount, "allocations": [row], **values}
        )

    def give_back(self, receipt: str, amount: str, **values: Any) -> Document:
        """A refund of a receipt, taken off the documents that this one paid."""
        known = self._erp.read("payment", receipt)
        first = {name: value for name, value in known["allocations"][0].items() if name != "id"}
        rows = [{**first, "amount": amount}]
        return self._book(
            "payment", known,
            {"type": "refund", "reverses": receipt, "currency": known["currency"], "amount": amount,
             "allocations": rows, **values},
        )  # fmt: skip

    def close_books(self, through: str) -> None:
        """Close every period up to this day (``2026-10-31``); empty: open them all again."""
        self._erp.closed_through = through

    def _book(self, kind: str, other: Document, values: Mapping[str, Any]) -> Document:
        wanted = {"customer": other["customer"], **values}
        made = self._erp.create(kind, wanted, self.name)
        return self._erp.act("approve", made["id"], self.name)

    def ship(self, id: str, *, complete: bool = True) -> Document:
        return self._erp.mark(id, self.name, shipping="complete" if complete else "partial")

    def invoice(self, id: str) -> Document:
        """An invoice hangs on the sale: it can be neither voided nor reopened."""
        return self._erp.mark(id, self.name, live_children=True)

    def cancel_invoice(self, id: str) -> Document:
        return self._erp.mark(id, self.name, live_children=False)

    def do(self, action: str, id: str) -> Document:
        """One of ``ACTIONS`` by name."""
        if action not in ACTIONS:
            raise ErpRefused("not_found", f"people have no action {action!r}; known: {', '.join(ACTIONS)}")
        done: Document = getattr(self, action)(id)
        return done


def _copy_line(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line without what the ERP gave it."""
    return {name: line[name] for name in line if name not in ("id", "net", "tax", "gross")}
