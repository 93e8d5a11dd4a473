"""People who work in the ERP beside the hub: accountants, sales staff, whoever copies a document."""

from __future__ import annotations

from typing import Any

from connectors.sandbox.simulator.erp import SandboxErp
from connectors.sandbox.simulator.settings import USER
from connectors.sandbox.simulator.shapes import SHAPES, ErpRefused
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
        """Change one line of a sale; the others stay."""
        lines = [{"id": line["id"]} for line in self._erp.read("sale", id)["lines"]]
        wanted = [{**line, **values} if line["id"] == line_id else line for line in lines]
        return self._erp.change("sale", id, {"lines": wanted}, self.name)

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
        """The ERP's "copy document": a new sale of this person's that carries our reference as well."""
        sale = self._erp.read("sale", id)
        values = {name: sale[name] for name in SHAPES["sale"].defaults}
        values["lines"] = [
            {name: line[name] for name in line if name not in ("id", "net", "tax", "gross")} for line in sale["lines"]
        ]
        return self._erp.create("sale", values, self.name, our_ref=sale["our_ref"])

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
