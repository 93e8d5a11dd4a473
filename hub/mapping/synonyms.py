"""Headings that people give to columns, by the hub's field; and words for states. Data only: add what you meet.

Headings are compared without spaces, brackets, stars and case. ``lines.x`` is a field of the lines of a document.
``price_gross`` stands for a price that includes tax, of which the hub keeps the part without.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, tuple[str, ...]]

_PARTY: Words = {
    "number": (
        "客户编号", "客户编码", "客户代码", "客户号", "编号", "编码", "代码", "customer no", "customer number",
        "customer code", "customer id", "account no", "account number", "client no", "code", "number", "no", "id",
    ),
    "name": (
        "客户名称", "公司名称", "单位名称", "企业名称", "名称",
        "客户", "公司", "客户全称", "公司全称", "单位全称", "全称",
        "开票名称", "购买方名称", "往来单位", "company", "company name", "customer", "customer name", "name",
        "account name", "client", "client name", "business name", "organisation", "organization",
    ),
    "identifiers.uscc": (
        "统一社会信用代码", "社会信用代码", "信用代码", "税号",
        "纳税人识别号", "纳税识别号", "统一信用代码", "营业执照号",
        "工商注册号", "uscc", "credit code", "unified social credit code", "tax id", "tax no", "tax number",
        "taxpayer id", "registration no",
    ),
    "identifiers.vat": ("vat no", "vat number", "vat id", "vat", "ust idnr", "增值税号", "欧盟税号"),
    "phone": (
        "电话", "联系电话", "电话号码", "手机", "手机号",
        "手机号码", "联系方式", "座机", "固定电话", "公司电话", "tel",
        "telephone", "phone", "phone number", "mobile", "contact number",
    ),
    "email": ("邮箱", "电子邮箱", "电子邮件", "邮件", "email", "e-mail", "mail", "email address"),
    "website": ("网站", "网址", "公司网站", "官网", "主页", "website", "web", "url", "homepage"),
    "addresses.country": ("国家", "国别", "country", "country code"),
    "addresses.province": ("省份", "省", "所在省", "所属省份", "province", "state/province", "region"),
    "addresses.city": ("城市", "市", "所在城市", "所在市", "city", "town"),
    "addresses.street": (
        "地址", "公司地址", "详细地址", "注册地址", "通讯地址",
        "联系地址", "收货地址", "单位地址", "经营地址", "address",
        "street", "street address", "address 1", "address line 1",
    ),
    "addresses.postal_code": ("邮编", "邮政编码", "zip", "zip code", "postal code", "postcode"),
    "note": ("备注", "说明", "附注", "note", "notes", "remark", "remarks", "comment", "comments", "memo"),
    "state": ("状态", "客户状态", "是否启用", "启用", "status", "state"),
}  # fmt: skip

_PRODUCT: Words = {
    "number": (
        "物料编码", "物料编号", "物料号", "料号", "商品编码",
        "商品编号", "产品编码", "产品编号", "存货编码", "货号", "品号",
        "编码", "编号", "代码", "sku", "item no", "item number", "item code", "product code", "product no",
        "product number", "part no", "part number", "code", "number", "no", "id",
    ),
    "name": (
        "物料名称", "商品名称", "产品名称", "存货名称", "品名", "名称", "货品名称", "item", "item name", "product",
        "product name", "description", "name", "title",
    ),
    "unit": ("单位", "计量单位", "基本单位", "主计量单位", "unit", "uom", "unit of measure"),
    "list_price": (
        "单价", "不含税单价", "不含税价", "未税单价", "标准售价", "销售价", "售价", "价格", "price", "unit price",
        "list price", "net price", "sales price",
    ),
    "price_gross": ("含税单价", "含税价", "含税售价", "gross price", "price incl tax", "price including tax"),
    "currency": ("币种", "币别", "货币", "currency", "currency code"),
    "tax_rate": ("税率", "增值税率", "tax rate", "vat rate", "vat %", "tax %"),
    "note": ("备注", "说明", "规格型号", "规格", "note", "notes", "remark", "remarks", "comment", "specification"),
    "state": ("状态", "是否启用", "status", "state"),
}  # fmt: skip

_ORDER: Words = {
    "number": (
        "订单号", "订单编号", "单据编号", "单号", "单据号",
        "销售订单号", "合同号", "合同编号", "order no", "order number",
        "order", "order id", "document no", "so no", "sales order",
    ),
    "reference": (
        "客户订单号", "客户单号", "客户po", "客户采购单号", "采购单号", "po", "po no", "po number", "customer po",
        "customer order no", "your reference", "reference", "ref",
    ),
    "account_id": (
        "客户编号", "客户编码", "客户代码", "客户", "客户名称", "公司名称", "购货单位", "往来单位", "customer no",
        "customer code", "customer id", "customer", "customer name", "company", "client",
    ),
    "ordered_on": (
        "日期", "订单日期", "下单日期", "单据日期", "签订日期",
        "下单时间", "业务日期", "date", "order date", "ordered on",
        "document date",
    ),
    "currency": ("币种", "币别", "货币", "currency", "currency code"),
    "note": ("备注", "说明", "摘要", "note", "notes", "remark", "remarks", "comment", "memo"),
    "state": ("状态", "单据状态", "订单状态", "审核状态", "status", "state", "order status"),
    "lines.name": (
        "品名", "商品名称", "产品名称", "物料名称", "存货名称",
        "货品名称", "商品", "产品", "项目", "item", "item name",
        "product", "product name", "description", "goods",
    ),
    "lines.quantity": ("数量", "订货数量", "销售数量", "订单数量", "quantity", "qty", "ordered quantity", "units"),
    "lines.unit": ("单位", "计量单位", "unit", "uom"),
    "lines.unit_price": (
        "单价", "不含税单价", "未税单价", "不含税价", "price", "unit price", "net price", "rate per unit",
    ),
    "lines.price_gross": (
        "含税单价", "含税价", "价税单价",
        "gross price", "price incl tax", "price including tax", "unit price incl tax",
    ),
    "lines.tax_rate": ("税率", "增值税率", "tax rate", "vat rate", "vat %", "tax %", "vat"),
    "lines.net": (
        "金额", "不含税金额", "未税金额", "无税金额", "销售额", "amount", "net", "net amount", "line total",
    ),
    "lines.tax": ("税额", "增值税额", "税金", "tax", "tax amount", "vat amount"),
    "lines.gross": (
        "价税合计", "含税金额", "含税总额", "含税总价", "gross", "gross amount", "amount incl tax", "total incl tax",
    ),
}  # fmt: skip

_CONTACT: Words = {
    "name": ("姓名", "联系人", "联系人姓名", "名字", "name", "contact", "contact name", "full name"),
    "mobile": ("手机", "手机号", "手机号码", "移动电话", "mobile", "mobile phone", "cell"),
    "phone": ("电话", "联系电话", "座机", "固定电话", "phone", "telephone", "tel"),
    "email": ("邮箱", "电子邮箱", "电子邮件", "email", "e-mail", "mail"),
    "title": ("职务", "职位", "岗位", "title", "position", "job title"),
    "note": ("备注", "说明", "note", "notes", "remark", "comment"),
}  # fmt: skip

HEADINGS: Mapping[str, Words] = {"account": _PARTY, "product": _PRODUCT, "order": _ORDER, "contact": _CONTACT}
"""Kind → field → headings, the most telling first."""

STATES: Mapping[str, Words] = {
    "account": {
        "active": ("正常", "在用", "启用", "有效", "合作中", "是", "active", "enabled", "yes", "y", "1"),
        "inactive": ("停用", "禁用", "冻结", "失效", "注销", "否", "inactive", "disabled", "no", "n", "0"),
        "prospect": ("潜在", "意向", "潜在客户", "prospect", "lead"),
    },
    "product": {
        "active": ("正常", "在用", "启用", "在售", "上架", "有效", "是", "active", "enabled", "yes", "y", "1"),
        "inactive": ("停用", "禁用", "停产", "下架", "失效", "否", "inactive", "disabled", "no", "n", "0"),
    },
    "order": {
        "draft": ("草稿", "暂存", "新建", "创建", "draft", "new", "open"),
        "submitted": ("已提交", "待审核", "审核中", "submitted", "pending", "pending approval"),
        "approved": ("已审核", "已确认", "已批准", "审核通过", "执行中", "approved", "confirmed"),
        "closed": ("已关闭", "关闭", "已完成", "完成", "已完结", "closed", "done", "completed"),
        "void": ("作废", "已作废", "取消", "已取消", "void", "cancelled", "canceled"),
    },
}
"""Kind → the hub's state → words for it."""
