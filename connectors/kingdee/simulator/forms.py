"""The forms of the account: which fields exist, where they stand, and what they hold.

Written from the vendor's examples; the keys keep the vendor's own capitals, which differ from form to form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

BASE_FORMS = {
    "ORG_Organizations": "组织机构",
    "BD_Currency": "币别",
    "BD_UNIT": "计量单位",
    "BD_SETTLETYPE": "结算方式",
    "BD_Saler": "销售员",
    "BOS_BillType": "单据类型",
    "CN_RECPAYPURPOSE": "收付款用途",
    "CN_BANKACNT": "银行账号",
    "SEC_User": "用户",
    "BD_AccountBook": "账簿",
    "BD_Account": "科目",
    "BD_VOUCHERGROUP": "凭证字",
    "BD_Department": "部门",
    "BD_Empinfo": "员工",
}
"""Small tables that only people keep: number, name, and a code where there is one."""


@dataclass(frozen=True)
class Field:
    """One field. ``kind``: text, date, time, amount, price, quantity, rate, flag, enum, id or ref (then ``form`` is
    what it refers to). ``entity`` is the list that it stands in, empty for the head."""

    key: str
    kind: str
    label: str = ""
    form: str = ""
    entity: str = ""
    required: bool = False
    default: object = None
    computed: bool = False
    longest: int = 255


@dataclass(frozen=True)
class Form:
    """One form. ``entities`` are its lists with the key of their ids; ``groups`` are parts of the head that have a name
    of their own in what is saved."""

    name: str
    label: str
    id_key: str
    number_key: str
    prefix: str
    fields: tuple[Field, ...]
    entities: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    org_key: str = ""
    date_key: str = ""
    master: bool = False
    booked: bool = False
    counted: bool = True
    """Its numbers are unique; otherwise the server counts them anew each month, and they are no key."""

    @cached_property
    def by_key(self) -> Mapping[str, Field]:
        """Fields by their key in lower case: case differs between saving and asking."""
        return {item.key.lower(): item for item in self.fields}

    def find(self, key: str) -> Field | None:
        return self.by_key.get(key.lower())

    def of(self, entity: str) -> Iterator[Field]:
        return (item for item in self.fields if item.entity == entity)


def _ref(key: str, form: str, label: str, **more: object) -> Field:
    return Field(key, "ref", label, form, **more)  # type: ignore[arg-type]


def _keep_book(document: bool) -> tuple[Field, ...]:
    """Who made and changed it, and its status."""
    common = (
        Field("FDocumentStatus", "enum", "单据状态", computed=True),
        _ref("FCreatorId", "SEC_User", "创建人", computed=True),
        Field("FCreateDate", "time", "创建日期", computed=True),
        _ref("FModifierId", "SEC_User", "修改人", computed=True),
        Field("FModifyDate", "time", "修改日期", computed=True),
        _ref("FApproverId", "SEC_User", "审核人", computed=True),
        Field("FApproveDate", "time", "审核日期", computed=True),
    )
    more = (
        (
            Field("FCancelStatus", "enum", "作废状态", computed=True, default="A"),
            Field("FCancelDate", "time", "作废日期", computed=True),
        )
        if document
        else (Field("FForbidStatus", "enum", "禁用状态", computed=True, default="A"),)
    )
    return common + more


CUSTOMER = Form(
    "BD_Customer", "客户", "FCUSTID", "FNumber", "CUST",
    (
        Field("FCUSTID", "id"), Field("FNumber", "text", "编码", longest=30),
        Field("FName", "text", "名称", required=True), Field("FShortName", "text", "简称"),
        _ref("FCreateOrgId", "ORG_Organizations", "创建组织", required=True),
        _ref("FUseOrgId", "ORG_Organizations", "使用组织", required=True),
        Field("FSOCIALCRECODE", "text", "统一社会信用代码"), Field("FTAXREGISTERCODE", "text", "纳税登记号"),
        Field("FINVOICETITLE", "text", "发票抬头"), Field("FTEL", "text", "联系电话"),
        Field("FADDRESS", "text", "通讯地址"), Field("FWEBSITE", "text", "公司网址"),
        Field("FDescription", "text", "描述"), _ref("FTRADINGCURRID", "BD_Currency", "结算币别"),
        *_keep_book(document=False),
    ),
    org_key="FUseOrgId", master=True,
)  # fmt: skip
MATERIAL = Form(
    "BD_MATERIAL", "物料", "FMATERIALID", "FNumber", "MAT",
    (
        Field("FMATERIALID", "id"), Field("FNumber", "text", "编码", longest=30),
        Field("FName", "text", "名称", required=True), Field("FSpecification", "text", "规格型号"),
        _ref("FCreateOrgId", "ORG_Organizations", "创建组织", required=True),
        _ref("FUseOrgId", "ORG_Organizations", "使用组织", required=True),
        _ref("FBaseUnitId", "BD_UNIT", "基本单位", required=True),
        Field("FDescription", "text", "描述"),
        *_keep_book(document=False),
    ),
    groups=("SubHeadEntity",), org_key="FUseOrgId", master=True,
)  # fmt: skip
ORDER_LINE = "FSaleOrderEntry"
ORDER = Form(
    "SAL_SaleOrder", "销售订单", "FID", "FBillNo", "XSDD",
    (
        Field("FID", "id"), Field("FBillNo", "text", "单据编号", longest=30),
        _ref("FBillTypeID", "BOS_BillType", "单据类型", required=True),
        Field("FDate", "date", "日期", required=True),
        _ref("FSaleOrgId", "ORG_Organizations", "销售组织", required=True),
        _ref("FCustId", "BD_Customer", "客户", required=True),
        _ref("FSalerId", "BD_Saler", "销售员", required=True),
        Field("FNote", "text", "备注"),
        Field("FLinkMan", "text", "收货人姓名"), Field("FLinkPhone", "text", "联系电话"),
        _ref("FSettleCurrId", "BD_Currency", "结算币别", required=True),
        Field("FExchangeRate", "rate", "汇率", default="1"),
        Field("FIsIncludedTax", "flag", "是否含税", default=True),
        Field("FBillAmount", "amount", "金额", computed=True), Field("FBillTaxAmount", "amount", "税额", computed=True),
        Field("FBillAllAmount", "amount", "价税合计", computed=True),
        Field("FCloseStatus", "enum", "关闭状态", computed=True, default="A"),
        Field("FCloseDate", "time", "关闭日期", computed=True),
        Field("FEntryID", "id", entity=ORDER_LINE),
        _ref("FMaterialId", "BD_MATERIAL", "物料编码", entity=ORDER_LINE, required=True),
        _ref("FUnitID", "BD_UNIT", "销售单位", entity=ORDER_LINE, required=True),
        Field("FQty", "quantity", "销售数量", entity=ORDER_LINE, required=True),
        Field("FPrice", "price", "单价", entity=ORDER_LINE), Field("FTaxPrice", "price", "含税单价", entity=ORDER_LINE),
        Field("FEntryTaxRate", "rate", "税率%", entity=ORDER_LINE, default="0"),
        Field("FEntryNote", "text", "备注", entity=ORDER_LINE),
        Field("FDeliveryDate", "date", "要货日期", entity=ORDER_LINE),
        Field("FAmount", "amount", "金额", entity=ORDER_LINE, computed=True),
        Field("FEntryTaxAmount", "amount", "税额", entity=ORDER_LINE, computed=True),
        Field("FAllAmount", "amount", "价税合计", entity=ORDER_LINE, computed=True),
        Field("FStockOutQty", "quantity", "累计出库数量", entity=ORDER_LINE, computed=True, default="0"),
        *_keep_book(document=True),
    ),
    {ORDER_LINE: "FEntryID"}, ("FSaleOrderFinance",), org_key="FSaleOrgId", date_key="FDate",
)  # fmt: skip
OUT_LINE = "FEntity"
OUTSTOCK = Form(
    "SAL_OUTSTOCK", "销售出库单", "FID", "FBillNo", "XSCKD",
    (
        Field("FID", "id"), Field("FBillNo", "text", "单据编号", longest=30),
        Field("FDate", "date", "日期", required=True),
        _ref("FSaleOrgId", "ORG_Organizations", "销售组织", required=True),
        _ref("FCustomerID", "BD_Customer", "客户", required=True), Field("FNote", "text", "备注"),
        Field("FENTRYID", "id", entity=OUT_LINE),
        _ref("FMaterialID", "BD_MATERIAL", "物料编码", entity=OUT_LINE, required=True),
        _ref("FUnitID", "BD_UNIT", "库存单位", entity=OUT_LINE, required=True),
        Field("FRealQty", "quantity", "实发数量", entity=OUT_LINE, required=True),
        Field("FSoorDerno", "text", "销售订单单号", entity=OUT_LINE),
        *_keep_book(document=True),
    ),
    {OUT_LINE: "FENTRYID"}, org_key="FSaleOrgId", date_key="FDate",
)  # fmt: skip
DUE_LINE = "FEntityDetail"
RECEIVABLE = Form(
    "AR_receivable", "应收单", "FID", "FBillNo", "AR",
    (
        Field("FID", "id"), Field("FBillNo", "text", "单据编号", longest=30),
        Field("FDATE", "date", "业务日期", required=True),
        Field("FENDDATE_H", "date", "到期日"), _ref("FCUSTOMERID", "BD_Customer", "客户", required=True),
        _ref("FSALEORGID", "ORG_Organizations", "销售组织"),
        _ref("FSETTLEORGID", "ORG_Organizations", "结算组织", required=True),
        _ref("FCURRENCYID", "BD_Currency", "币别", required=True), Field("FEXCHANGERATE", "rate", "汇率", default="1"),
        Field("FAR_Remark", "text", "备注"),
        Field("FNOTAXAMOUNTFOR", "amount", "不含税金额", computed=True),
        Field("FTAXAMOUNTFOR", "amount", "税额", computed=True),
        Field("FALLAMOUNTFOR", "amount", "价税合计", computed=True),
        Field("FWRITTENOFFSTATUS", "enum", "核销状态", computed=True, default="A"),
        Field("FENTRYID", "id", entity=DUE_LINE),
        _ref("FMATERIALID", "BD_MATERIAL", "物料编码", entity=DUE_LINE, required=True),
        _ref("FPRICEUNITID", "BD_UNIT", "计价单位", entity=DUE_LINE, required=True),
        Field("FPRICEQTY", "quantity", "计价数量", entity=DUE_LINE, required=True),
        Field("FPrice", "price", "单价", entity=DUE_LINE), Field("FTaxPrice", "price", "含税单价", entity=DUE_LINE),
        Field("FEntryTaxRate", "rate", "税率%", entity=DUE_LINE, default="0"),
        Field("FORDERNUMBER", "text", "销售订单号", entity=DUE_LINE),
        Field("FNoTaxAmountFor_D", "amount", "不含税金额", entity=DUE_LINE, computed=True),
        Field("FTAXAMOUNTFOR_D", "amount", "税额", entity=DUE_LINE, computed=True),
        Field("FALLAMOUNTFOR_D", "amount", "价税合计", entity=DUE_LINE, computed=True),
        *_keep_book(document=True),
    ),
    {DUE_LINE: "FENTRYID"}, org_key="FSETTLEORGID", date_key="FDATE", booked=True,
)  # fmt: skip
MONEY_LINE = "FRECEIVEBILLENTRY"
RECEIPT = Form(
    "AR_RECEIVEBILL", "收款单", "FID", "FBillNo", "SKD",
    (
        Field("FID", "id"), Field("FBillNo", "text", "单据编号", longest=30),
        _ref("FBillTypeID", "BOS_BillType", "单据类型", required=True),
        Field("FDATE", "date", "业务日期", required=True),
        Field("FCONTACTUNITTYPE", "enum", "往来单位类型", default="BD_Customer"),
        _ref("FCONTACTUNIT", "BD_Customer", "往来单位", required=True),
        Field("FPAYUNITTYPE", "enum", "付款单位类型", default="BD_Customer"),
        _ref("FPAYUNIT", "BD_Customer", "付款单位", required=True),
        _ref("FCURRENCYID", "BD_Currency", "币别", required=True), Field("FEXCHANGERATE", "rate", "汇率", default="1"),
        _ref("FPAYORGID", "ORG_Organizations", "收款组织", required=True),
        _ref("FSETTLEORGID", "ORG_Organizations", "结算组织", required=True),
        _ref("FSALEORGID", "ORG_Organizations", "销售组织"), Field("FREMARK", "text", "备注"),
        Field("FRECAMOUNTFOR", "amount", "收款金额", computed=True),
        Field("FENTRYID", "id", entity=MONEY_LINE),
        _ref("FSETTLETYPEID", "BD_SETTLETYPE", "结算方式", entity=MONEY_LINE, required=True),
        _ref("FPURPOSEID", "CN_RECPAYPURPOSE", "收款用途", entity=MONEY_LINE, required=True),
        Field("FRECTOTALAMOUNTFOR", "amount", "应收金额", entity=MONEY_LINE, required=True),
        _ref("FACCOUNTID", "CN_BANKACNT", "我方银行账号", entity=MONEY_LINE),
        Field("FSETTLENO", "text", "结算号", entity=MONEY_LINE),
        Field("FRECEIVEITEM", "text", "预收项目", entity=MONEY_LINE),
        Field("FCOMMENT", "text", "备注", entity=MONEY_LINE),
        *_keep_book(document=True),
    ),
    {MONEY_LINE: "FENTRYID"}, org_key="FPAYORGID", date_key="FDATE", booked=True,
)  # fmt: skip

BACK_LINE = "FREFUNDBILLENTRY"
REFUND = Form(
    "AR_REFUNDBILL", "收款退款单", "FID", "FBillNo", "SKTKD",
    (
        Field("FID", "id"), Field("FBillNo", "text", "单据编号", longest=30),
        _ref("FBillTypeID", "BOS_BillType", "单据类型", required=True),
        Field("FDATE", "date", "业务日期", required=True),
        Field("FCONTACTUNITTYPE", "enum", "往来单位类型", default="BD_Customer"),
        _ref("FCONTACTUNIT", "BD_Customer", "往来单位", required=True),
        Field("FRECTUNITTYPE", "enum", "收款单位类型", default="BD_Customer"),
        _ref("FRECTUNIT", "BD_Customer", "收款单位", required=True),
        _ref("FCURRENCYID", "BD_Currency", "币别", required=True), Field("FEXCHANGERATE", "rate", "汇率", default="1"),
        _ref("FPAYORGID", "ORG_Organizations", "付款组织", required=True),
        _ref("FSETTLEORGID", "ORG_Organizations", "结算组织", required=True),
        _ref("FSALEORGID", "ORG_Organizations", "销售组织"), Field("FREMARK", "text", "备注"),
        Field("FREFUNDTOTALAMOUNTFOR_H", "amount", "退款金额", computed=True),
        Field("FENTRYID", "id", entity=BACK_LINE),
        _ref("FSETTLETYPEID", "BD_SETTLETYPE", "结算方式", entity=BACK_LINE, required=True),
        _ref("FPURPOSEID", "CN_RECPAYPURPOSE", "原收款用途", entity=BACK_LINE, required=True),
        Field("FREFUNDAMOUNTFOR", "amount", "应退金额", entity=BACK_LINE, required=True),
        Field("FSETTLENO", "text", "结算号", entity=BACK_LINE), Field("FNOTE", "text", "备注", entity=BACK_LINE),
        *_keep_book(document=True),
    ),
    {BACK_LINE: "FENTRYID"}, org_key="FPAYORGID", date_key="FDATE", booked=True,
)  # fmt: skip

VOUCHER_LINE = "FEntity"
VOUCHER = Form(
    "GL_VOUCHER", "凭证", "FVOUCHERID", "FVOUCHERGROUPNO", "",
    (
        Field("FVOUCHERID", "id"), Field("FVOUCHERGROUPNO", "text", "凭证号", computed=True),
        _ref("FAccountBookID", "BD_AccountBook", "账簿", required=True),
        _ref("FACCBOOKORGID", "ORG_Organizations", "核算组织"), Field("FDate", "date", "日期", required=True),
        Field("FBUSDATE", "date", "业务日期"), Field("FYEAR", "text", "会计年度"), Field("FPERIOD", "text", "期间"),
        _ref("FVOUCHERGROUPID", "BD_VOUCHERGROUP", "凭证字", required=True),
        Field("FATTACHMENTS", "text", "附件数"), Field("FSourceBillKey", "text", "来源单据"),
        Field("FSystemID", "text", "来源系统"), Field("FDEBITTOTAL", "amount", "借方合计", computed=True),
        Field("FEntryID", "id", entity=VOUCHER_LINE),
        Field("FEXPLANATION", "text", "摘要", entity=VOUCHER_LINE, required=True),
        _ref("FACCOUNTID", "BD_Account", "科目编码", entity=VOUCHER_LINE, required=True),
        _ref("FDETAILID__FFLEX6", "BD_Customer", "核算维度.客户", entity=VOUCHER_LINE),
        _ref("FDETAILID__FFLEX8", "BD_MATERIAL", "核算维度.物料", entity=VOUCHER_LINE),
        _ref("FDETAILID__FFLEX5", "BD_Department", "核算维度.部门", entity=VOUCHER_LINE),
        _ref("FDETAILID__FFLEX7", "BD_Empinfo", "核算维度.员工", entity=VOUCHER_LINE),
        _ref("FCURRENCYID", "BD_Currency", "币别", entity=VOUCHER_LINE, required=True),
        Field("FEXCHANGERATE", "rate", "汇率", entity=VOUCHER_LINE, default="1"),
        Field("FAMOUNTFOR", "amount", "原币金额", entity=VOUCHER_LINE),
        Field("FDEBIT", "amount", "借方金额", entity=VOUCHER_LINE),
        Field("FCREDIT", "amount", "贷方金额", entity=VOUCHER_LINE),
        *_keep_book(document=True),
    ),
    {VOUCHER_LINE: "FEntryID"}, org_key="FACCBOOKORGID", date_key="FDate", booked=True, counted=False,
)  # fmt: skip


def _make_base(name: str, label: str) -> Form:
    fields = (
        Field("FID", "id"),
        Field("FNumber", "text", "编码"),
        Field("FName", "text", "名称"),
        Field("FCODE", "text"),
    )
    return Form(name, label, "FID", "FNumber", "", (*fields, *_keep_book(document=False)))


FORMS: Mapping[str, Form] = {
    **{name: _make_base(name, label) for name, label in BASE_FORMS.items()},
    **{form.name: form for form in (CUSTOMER, MATERIAL, ORDER, OUTSTOCK, RECEIVABLE, RECEIPT, REFUND, VOUCHER)},
}
_BY_LOWER = {name.lower(): form for name, form in FORMS.items()}


def find_form(name: str) -> Form | None:
    """A form by its name; capitals do not matter."""
    return _BY_LOWER.get(name.lower())
