"""The ledger of 海岳精密: each receivable becomes a voucher, a draft in Kingdee; what Kingdee's own books say of them
in the end."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.demo.china_home import BOOKED_SINCE
from hub.demo.china_run import DRAFT, VOUCHER, BadDay
from hub.demo.stage import Isthmus, Screen, add_money
from hub.model.money import add_exactly


@dataclass
class Ledger:
    """Vouchers by ``isthmus voucher make``."""

    hub: Isthmus
    screen: Screen
    day: BadDay

    def open(self) -> bool:
        """Make them; whether each receivable since the first day has one."""
        made = self._make()
        invoices = self.hub.run("record", "list", "invoice", "--limit", "5000")["items"]
        billed = sum(1 for row in invoices if row["invoiced_on"] >= BOOKED_SINCE)
        self.screen.say("demo.china_book", made=made, since=BOOKED_SINCE)
        self.screen.note("book", made=made, billed=billed)
        return made == billed

    def _make(self) -> int:
        """Make what is missing; how many were."""
        return len(self.hub.run("voucher", "make")["items"])

    def check(self) -> bool:
        """Both sides of the entries in Kingdee's books, beside what the hub has sent; whether all of it agrees. What
        is booked already is not booked again."""
        bills = self.day.ours(VOUCHER)
        drafts = [bill for bill in bills if bill["FDocumentStatus"] == DRAFT]
        entries = [entry for bill in bills for entry in bill["FEntity"]]
        debit, credit = (add_exactly([Decimal(entry[side]) for entry in entries]) for side in ("FDEBIT", "FCREDIT"))
        row = next(row for row in self.screen.figures["check"]["rows"] if row["kind"] == "voucher")
        sent = Decimal(row["hub_sum"]) - Decimal(row["waiting_sum"])
        made = self._make()
        shown = {
            name: add_money({row["currency"]: str(amount)})
            for name, amount in (("debit", debit), ("credit", credit), ("difference", sent - debit))
        }
        same = "=" if debit == credit else "≠"
        self.screen.say("demo.china_ledger", drafts=len(drafts), same=same, made=made, **shown)
        self.screen.note("ledger", drafts=len(drafts), debit=str(debit), credit=str(credit), made_again=made)
        return debit == credit == sent and len(drafts) == row["remote_count"] > 0 and not made
