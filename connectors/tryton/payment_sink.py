"""Writing payments: drafts of ``account.payment``, which people submit, process and find succeeded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.tryton.sinks import Current, Payload, Request, TrytonSink, to_date, to_decimal, to_id
from hub.errors import Locked, Rejected
from hub.sdk import ALL_FIELDS, Amend, Confirm, Draft, Stage, Tier, WriteSemantics, Written

KINDS = {"receipt": "receivable", "refund": "payable"}
SUBMITTED = frozenset({"submitted", "approved", "processing", "succeeded"})


class PaymentSink(TrytonSink):
    """Receipts, and refunds of credit notes. Our reference is the payment's, which Tryton empties in copies.

    One payment pays one line of one invoice there, so one with several allocations is refused.
    """

    kind = "payment"
    stream = "payment"

    @property
    def semantics(self) -> WriteSemantics:
        """As measured on 8.2. Processing and success are for people: they are the approval of money."""
        return WriteSemantics(
            tier=Tier.DRAFT,
            reference_field="account.payment reference",
            confirms=frozenset({Confirm.SAVE, Confirm.SUBMIT}),
            amend=Amend.REFUSE,
            editable={Stage.DRAFT: ALL_FIELDS},
            voidable=frozenset({Stage.DRAFT}),
            void_removes=True,
            deletable=frozenset({Stage.DRAFT}),
            compare_and_set=True,
            confirms_version=True,
            shows_modifier=True,
            silent=frozenset({"allocations"}),
            d_max_s=self.d_max_s,
        )

    @property
    def reference_path(self) -> str:
        return "reference"

    def refuses_edits(self, current: Current) -> str | None:
        state = str(current.payload["state"])
        return None if state == "draft" else state

    def make_create(self, draft: Draft) -> Request:
        payload = draft.payload
        self._tables.check_period(to_date(payload.get("date")))
        values: dict[str, Any] = {
            "kind": KINDS[payload.get("type") or "receipt"],
            "company": self._client.company_id,
            "party": to_id(payload["party"]),
            "reference": draft.ref,
            "amount": to_decimal(payload["amount"]),
            "journal": self._tables.find_payment_journal(_read_journal(payload), _read_currency(payload)),
            "line": self._find_line(payload),
        }
        if payload.get("date"):
            values["date"] = to_date(payload["date"])
        return Request("account.payment", "create", [[values]])

    def make_patch(self, current: Current, payload: Payload) -> Request:
        known, values = current.payload, dict[str, Any]()
        for day in {known["date"], payload.get("date") or known["date"]}:
            self._tables.check_period(to_date(day))
        if "amount" in payload and to_decimal(payload["amount"]) != to_decimal(known["amount"]):
            values["amount"] = to_decimal(payload["amount"])
        if "date" in payload and payload["date"] != known["date"]:
            values["date"] = to_date(payload["date"])
        if "party" in payload and to_id(payload["party"]) != known["party"]:
            values["party"] = to_id(payload["party"])
        if "journal" in payload or "currency" in payload:
            merged = {**known, **payload}
            values["journal"] = self._tables.find_payment_journal(_read_journal(merged), _read_currency(merged))
        if "allocations" in payload:
            line = self._find_line({**known, **payload})
            if line != known["line_id"]:
                values["line"] = line
        return Request("account.payment", "write", [[current.id], values], current.stamps())

    def submit(self, external_id: str, *, if_version: int | None) -> Written:
        current = self.look_up(external_id)
        state = current.payload["state"]
        if state in SUBMITTED:
            return self.read_back(current.id)
        if state != "draft":
            raise Locked("tryton.locked", state=state)
        current = self.look_up(external_id, if_version)
        self._tables.check_period(to_date(current.payload["date"]))
        self.send(Request("account.payment", "submit", [[current.id]], current.stamps()))
        return self.read_back(current.id)

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        """Tryton has no cancelled payments: a draft is removed, and a later one can only fail."""
        self.delete(external_id, if_version=if_version)
        return Written(external_id)

    def delete(self, external_id: str, *, if_version: int | None) -> None:
        current = self.find_current(external_id)
        if current is None:
            return
        current = self.look_up(external_id, if_version)
        if current.payload["state"] != "draft":
            raise Locked("tryton.locked", state=current.payload["state"])
        self.send(Request("account.payment", "delete", [[current.id]], current.stamps()))

    def _find_line(self, payload: Mapping[str, Any]) -> int | None:
        """The line that the payment pays: the open one of its invoice, or credit note. Money for an order, or on
        account, pays none there: it stands on the customer's account until a person uses it. Money given back without a
        credit note would be booked as if to a supplier."""
        rows = [row for row in payload.get("allocations", ()) if row.get("invoice")]
        if len(rows) > 1 or (rows and len(rows) < len(payload["allocations"])):
            raise Rejected("tryton.payment_of_several", count=len(payload["allocations"]))
        if not rows and payload.get("type") == "refund":
            raise Rejected("tryton.refund_needs_credit_note")
        return self._choose_line(to_id(rows[0]["invoice"])) if rows else None

    def _choose_line(self, invoice: int) -> int:
        fields = ["lines_to_pay.reconciliation", "lines_to_pay.maturity_date", "state", "number"]
        rows = self._client.search_read("account.invoice", [["id", "=", invoice]], fields)
        if not rows:
            raise Rejected("tryton.gone", model="account.invoice", id=invoice)
        still_open = [line for line in rows[0]["lines_to_pay."] if not line["reconciliation"]]
        if rows[0]["state"] != "posted" or not still_open:
            raise Rejected("tryton.nothing_to_pay", invoice=rows[0]["number"] or "-", state=rows[0]["state"])
        return int(min(still_open, key=lambda line: (str(line["maturity_date"]), line["id"]))["id"])


def _read_journal(payload: Mapping[str, Any]) -> str:
    return str((payload.get("journal") or {}).get("name") or "")


def _read_currency(payload: Mapping[str, Any]) -> str:
    return str((payload.get("currency") or {}).get("code") or "")
