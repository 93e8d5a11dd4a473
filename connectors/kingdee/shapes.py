"""The columns of each form, and how rows that were flattened to lines become documents again.

Keys keep the vendor's capitals, which differ from form to form. A reference becomes ``{"Id": …, "FNumber": …}``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from hub.sdk import Stage, digest_version

Payload = dict[str, Any]
CREATED, MODIFIED, APPROVED, CANCELLED, CLOSED = (
    "FCreateDate",
    "FModifyDate",
    "FApproveDate",
    "FCancelDate",
    "FCloseDate",
)
COMMON = (CREATED, MODIFIED, APPROVED, "FDocumentStatus", "FCreatorId.FName", "FModifierId.FName")
STAGES = {
    "Z": Stage.DRAFT, "A": Stage.DRAFT, "D": Stage.DRAFT, "B": Stage.SUBMITTED, "C": Stage.EFFECTIVE,
    "closed": Stage.EFFECTIVE, "void": Stage.VOID,
}  # fmt: skip


def ref(key: str, *more: str) -> tuple[str, ...]:
    """The columns of a reference: its id, its number, and what else is asked for."""
    return (key, f"{key}.FNumber", *(f"{key}.{name}" for name in more))


@dataclass(frozen=True)
class Shape:
    """One form as this connector reads it. ``times`` are the moments at which something about it changes."""

    form: str
    id_key: str
    number_key: str
    org_key: str
    head: tuple[str, ...]
    times: tuple[str, ...] = (MODIFIED, APPROVED)
    line_id: str = ""
    lines: tuple[str, ...] = ()
    entity: str = ""
    refs: frozenset[str] = field(default=frozenset())
    dates: frozenset[str] = field(default=frozenset())
    name: str = ""

    def list_columns(self, reference_field: str, left_out: Collection[str] = ()) -> list[str]:
        """Every column to ask for, the head first; but for those that this version of the system does not have."""
        known = (self.id_key, self.number_key, reference_field)
        more = (*self.head, *COMMON, *self.times, *self._line_columns())
        dropped = {name.lower() for name in left_out} - {name.lower() for name in (*known, self.line_id)}
        wanted = (*known, *(name for name in more if name.partition(".")[0].lower() not in dropped))
        return list(dict.fromkeys(wanted))

    def list_times(self, left_out: Collection[str]) -> list[str]:
        """The moments that can be asked for; one always can."""
        dropped = {name.lower() for name in left_out} - {MODIFIED.lower()}
        return [name for name in self.times if name.lower() not in dropped]

    def _line_columns(self) -> tuple[str, ...]:
        return (self.line_id, *self.lines) if self.line_id else ()

    def group(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Payload]:
        """Rows of the same document, one after the other, as one document with its lines."""
        at_id, own = columns.index(self.id_key), set(self._line_columns())
        current: Payload | None = None
        for row in rows:
            if current is None or current[self.id_key] != _plain(row[at_id]):
                if current is not None:
                    yield current
                current = self._lay_out({name: value for name, value in _pair(columns, row) if name not in own})
                if self.line_id:
                    current["Lines"] = []
            if self.line_id:
                line = self._lay_out({name: value for name, value in _pair(columns, row) if name in own})
                if line[self.line_id] not in ("", "0"):
                    current["Lines"].append(line)
        if current is not None:
            yield current

    def _lay_out(self, values: Mapping[str, Any]) -> Payload:
        laid: Payload = {}
        for name, value in values.items():
            key, _, part = name.partition(".")
            plain = _plain(value)
            if part or key in self.refs:
                holder = laid.setdefault(key, {})
                holder[part or "Id"] = "" if not part and plain == "0" else plain
            else:
                laid[key] = plain[:10] if key in self.dates else plain
        return laid


def _pair(columns: Sequence[str], row: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    return zip(columns, row, strict=True)


def _plain(value: Any) -> Any:
    """As text: ids and codes as they are, numbers without idle zeros, nothing as an empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


CUSTOMER = Shape(
    "BD_Customer", "FCUSTID", "FNumber", "FUseOrgId",
    ("FName", "FSOCIALCRECODE", "FTEL", "FADDRESS", "FWEBSITE", "FDescription", "FForbidStatus"), name="客户",
)  # fmt: skip
MATERIAL = Shape(
    "BD_MATERIAL", "FMATERIALID", "FNumber", "FUseOrgId",
    ("FName", "FSpecification", "FDescription", "FForbidStatus", *ref("FBaseUnitId")),
    refs=frozenset({"FBaseUnitId"}), name="物料",
)  # fmt: skip
ORDER = Shape(
    "SAL_SaleOrder", "FID", "FBillNo", "FSaleOrgId",
    ("FDate", "FSaleOrgId.FNumber", *ref("FCustId"), "FSalerId.FNumber", "FNote", *ref("FSettleCurrId"),
     "FExchangeRate", "FCloseStatus", "FCancelStatus", "FBillAmount", "FBillTaxAmount", "FBillAllAmount"),
    (MODIFIED, APPROVED, CANCELLED, CLOSED), "FEntryID",
    (*ref("FMaterialId", "FName"), *ref("FUnitID"), "FQty", "FPrice", "FEntryTaxRate", "FEntryNote", "FAmount",
     "FEntryTaxAmount", "FAllAmount", "FStockOutQty"),
    "FSaleOrderEntry", frozenset({"FCustId", "FSettleCurrId", "FMaterialId", "FUnitID"}), frozenset({"FDate"}),
    "销售订单",
)  # fmt: skip
OUTSTOCK = Shape(
    "SAL_OUTSTOCK", "FID", "FBillNo", "FSaleOrgId",
    ("FDate", "FSaleOrgId.FNumber", *ref("FCustomerID"), "FNote", "FCancelStatus"),
    (MODIFIED, APPROVED, CANCELLED), "FENTRYID",
    (*ref("FMaterialID"), *ref("FUnitID"), "FRealQty", "FSoorDerno"), "FEntity",
    frozenset({"FCustomerID", "FMaterialID", "FUnitID"}), frozenset({"FDate"}), "销售出库单",
)  # fmt: skip
RECEIVABLE = Shape(
    "AR_receivable", "FID", "FBillNo", "FSETTLEORGID",
    ("FDATE", "FENDDATE_H", "FSETTLEORGID.FNumber", *ref("FCUSTOMERID"), *ref("FCURRENCYID"), "FEXCHANGERATE",
     "FAR_Remark", "FALLAMOUNTFOR", "FCancelStatus"),
    (MODIFIED, APPROVED, CANCELLED), "FENTRYID",
    (*ref("FMATERIALID", "FName"), *ref("FPRICEUNITID"), "FPRICEQTY", "FPrice", "FEntryTaxRate", "FORDERNUMBER",
     "FNoTaxAmountFor_D", "FTAXAMOUNTFOR_D", "FALLAMOUNTFOR_D"),
    "FEntityDetail", frozenset({"FCUSTOMERID", "FCURRENCYID", "FMATERIALID", "FPRICEUNITID"}),
    frozenset({"FDATE", "FENDDATE_H"}), "应收单",
)  # fmt: skip
RECEIPT = Shape(
    "AR_RECEIVEBILL", "FID", "FBillNo", "FPAYORGID",
    ("FDATE", "FPAYORGID.FNumber", *ref("FBillTypeID"), *ref("FCONTACTUNIT"), *ref("FCURRENCYID"), "FEXCHANGERATE",
     "FREMARK", "FCancelStatus"),
    (MODIFIED, APPROVED, CANCELLED), "FENTRYID",
    (*ref("FSETTLETYPEID"), *ref("FPURPOSEID"), "FRECTOTALAMOUNTFOR", "FSETTLENO", "FRECEIVEITEM", "FCOMMENT"),
    "FRECEIVEBILLENTRY",
    frozenset({"FBillTypeID", "FCONTACTUNIT", "FCURRENCYID", "FSETTLETYPEID", "FPURPOSEID"}), frozenset({"FDATE"}),
    "收款单",
)  # fmt: skip
REFUND = Shape(
    "AR_REFUNDBILL", "FID", "FBillNo", "FPAYORGID",
    ("FDATE", "FPAYORGID.FNumber", *ref("FCONTACTUNIT"), *ref("FCURRENCYID"), "FEXCHANGERATE", "FREMARK",
     "FCancelStatus"),
    (MODIFIED, APPROVED, CANCELLED), "FENTRYID",
    (*ref("FSETTLETYPEID"), *ref("FPURPOSEID"), "FREFUNDAMOUNTFOR", "FSETTLENO", "FNOTE"),
    "FREFUNDBILLENTRY", frozenset({"FCONTACTUNIT", "FCURRENCYID", "FSETTLETYPEID", "FPURPOSEID"}), frozenset({"FDATE"}),
    "收款退款单",
)  # fmt: skip
DIMENSIONS = ("FDETAILID__FFLEX6", "FDETAILID__FFLEX8", "FDETAILID__FFLEX5", "FDETAILID__FFLEX7")
"""核算维度: customer, material, department, employee."""
VOUCHER = Shape(
    "GL_VOUCHER", "FVOUCHERID", "FVOUCHERGROUPNO", "FACCBOOKORGID",
    ("FDate", *ref("FAccountBookID"), *ref("FVOUCHERGROUPID"), "FATTACHMENTS"),
    (MODIFIED, APPROVED), "FEntryID",
    ("FEXPLANATION", *ref("FACCOUNTID"), *(name for key in DIMENSIONS for name in ref(key)), *ref("FCURRENCYID"),
     "FEXCHANGERATE", "FAMOUNTFOR", "FDEBIT", "FCREDIT"),
    "FEntity", frozenset({"FAccountBookID", "FVOUCHERGROUPID", "FACCOUNTID", "FCURRENCYID", *DIMENSIONS}),
    frozenset({"FDate"}), "凭证",
)  # fmt: skip
SHAPES = (CUSTOMER, MATERIAL, ORDER, OUTSTOCK, RECEIVABLE, RECEIPT, REFUND, VOUCHER)


def read_state(payload: Mapping[str, Any]) -> str:
    """One word for three statuses: void, closed, or the status of the document."""
    if payload.get("FCancelStatus") == "B":
        return "void"
    status = str(payload["FDocumentStatus"])
    return "closed" if status == "C" and payload.get("FCloseStatus") == "B" else status


def read_stage(payload: Mapping[str, Any]) -> Stage:
    """A status that we do not know is pending: nothing may be written to it."""
    return STAGES.get(read_state(payload), Stage.SUBMITTED)


def read_time(text: str, zone: tzinfo) -> datetime | None:
    """A moment of the server, which tells its own local time; None for an empty one, and for dates before 1900, which
    stand for none."""
    if not text or text < "1900":
        return None
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def write_moment(moment: datetime, zone: tzinfo) -> str:
    """A moment inside a condition, cut down to milliseconds so that nothing is missed."""
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(" ", timespec="milliseconds")


def take_version(payload: Mapping[str, Any]) -> int:
    """Tells versions apart: there is no number that rises, and auditing need not move the time of change."""
    told = (MODIFIED, APPROVED, "FDocumentStatus", "FCloseStatus", "FCancelStatus", "FForbidStatus")
    return digest_version("|".join(str(payload.get(name, "")) for name in told))


def add_quantities(lines: Iterable[Mapping[str, Any]], key: str) -> Decimal:
    return sum((Decimal(line.get(key) or 0) for line in lines), Decimal(0))


def read_fulfilment(lines: Sequence[Mapping[str, Any]]) -> str:
    """How much of an order has left, by its lines."""
    if not any(Decimal(line.get("FStockOutQty") or 0) for line in lines):
        return "none"
    whole = all(Decimal(line.get("FStockOutQty") or 0) >= Decimal(line["FQty"] or 0) for line in lines)
    return "complete" if whole else "partial"
