"""What the server works out: net, tax and gross of each line, and the totals of a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.kingdee.simulator.refusals import INVALID, BillRefused, Complaint

CENT, MICRO = Decimal("0.01"), Decimal("0.000001")
Row = dict[str, Any]


def round_amount(value: Decimal, step: Decimal = CENT) -> Decimal:
    return value.quantize(step, rounding=ROUND_HALF_UP)


def _price_line(row: Row, quantity: str, keys: tuple[str, str, str], *, included: bool) -> None:
    """Prices and amounts of one line, from the price with tax or from the one without; half-up, line by line."""
    net_key, tax_key, gross_key = keys
    count, rate = row[quantity], row["FEntryTaxRate"] / 100
    if included and row["FTaxPrice"]:
        gross = round_amount(count * row["FTaxPrice"])
        tax = round_amount(gross * rate / (1 + rate))
        row["FPrice"] = round_amount(row["FTaxPrice"] / (1 + rate), MICRO)
        row[net_key], row[tax_key], row[gross_key] = gross - tax, tax, gross
        return
    net = round_amount(count * row["FPrice"])
    tax = round_amount(net * rate)
    row["FTaxPrice"] = round_amount(row["FPrice"] * (1 + rate), MICRO)
    row[net_key], row[tax_key], row[gross_key] = net, tax, net + tax


def _complete_order(bill: Row) -> None:
    for row in bill["FSaleOrderEntry"]:
        keys = ("FAmount", "FEntryTaxAmount", "FAllAmount")
        _price_line(row, "FQty", keys, included=bool(bill["FIsIncludedTax"]))
    _add_up(bill, "FSaleOrderEntry", {"FBillAmount": "FAmount", "FBillTaxAmount": "FEntryTaxAmount",
                                      "FBillAllAmount": "FAllAmount"})  # fmt: skip


def _complete_receivable(bill: Row) -> None:
    for row in bill["FEntityDetail"]:
        keys = ("FNoTaxAmountFor_D", "FTAXAMOUNTFOR_D", "FALLAMOUNTFOR_D")
        _price_line(row, "FPRICEQTY", keys, included=False)
    _add_up(bill, "FEntityDetail", {"FNOTAXAMOUNTFOR": "FNoTaxAmountFor_D", "FTAXAMOUNTFOR": "FTAXAMOUNTFOR_D",
                                    "FALLAMOUNTFOR": "FALLAMOUNTFOR_D"})  # fmt: skip


def _complete_receipt(bill: Row) -> None:
    _add_up(bill, "FRECEIVEBILLENTRY", {"FRECAMOUNTFOR": "FRECTOTALAMOUNTFOR"})


def _complete_refund(bill: Row) -> None:
    _add_up(bill, "FREFUNDBILLENTRY", {"FREFUNDTOTALAMOUNTFOR_H": "FREFUNDAMOUNTFOR"})


def _complete_voucher(bill: Row) -> None:
    """What every ledger insists on: each line on one side, both sides equal, and the customer on receivables."""
    complaints = []
    for row in bill["FEntity"]:
        if (row["FDEBIT"] != 0) == (row["FCREDIT"] != 0):
            complaints.append(Complaint("分录的借方和贷方金额必须且只能录入一方", "FDEBIT"))
        if row["FEXPLANATION"] and row["needs_customer"] and not row["FDETAILID__FFLEX6"]:
            complaints.append(Complaint("科目的核算维度“客户”必录", "FDetailID"))
    _add_up(bill, "FEntity", {"FDEBITTOTAL": "FDEBIT"})
    if bill["FDEBITTOTAL"] != sum(row["FCREDIT"] for row in bill["FEntity"]):
        complaints.append(Complaint("凭证借贷不平衡", "FEntity"))
    if complaints:
        raise BillRefused(INVALID, complaints)


def _add_up(bill: Row, entity: str, totals: Mapping[str, str]) -> None:
    for total, key in totals.items():
        bill[total] = sum((row[key] for row in bill[entity]), Decimal("0.00"))


COMPLETE: Mapping[str, Callable[[Row], None]] = {
    "SAL_SaleOrder": _complete_order,
    "AR_receivable": _complete_receivable,
    "AR_RECEIVEBILL": _complete_receipt,
    "AR_REFUNDBILL": _complete_refund,
    "GL_VOUCHER": _complete_voucher,
}
