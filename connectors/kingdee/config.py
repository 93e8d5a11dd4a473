"""What an admin answers for one 金蝶云·星空 connection."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from hub.sdk import ConnectorConfig

NUMBER_FIELD = "FBillNo"
"""Named as ``reference_field``, it hands the numbers of documents (and codes of master data) to the hub."""


class KingdeeConfig(ConnectorConfig):
    """Address, account set and the third-party login; then what one organisation needs on its documents."""

    url: str = Field(
        description="Address of the server with its folder, such as https://erp.example.com/k3cloud",
        json_schema_extra={"zh": "服务器地址（含虚拟目录），例如 https://erp.example.com/k3cloud"},
    )
    account_set: str = Field(
        description="Id of the account set (data centre), as the third-party login shows it",
        json_schema_extra={"zh": "账套ID（数据中心ID），见“第三方系统登录授权”"},
    )
    user: str = Field(
        description="The integration user of the third-party login; it must not be a person's",
        json_schema_extra={"zh": "第三方系统登录授权的集成用户，不能与人员共用"},
    )
    user_name: str = Field(
        "",
        description="Name of that user as documents show it (创建人); empty where it is the same",
        json_schema_extra={"zh": "该用户在单据“创建人”中显示的名称；与登录名相同时留空"},
    )
    app_id: str = Field(
        description="Application id of the third-party login",
        json_schema_extra={"zh": "第三方系统登录授权的应用ID"},
    )
    app_secret: SecretStr = Field(
        description="Application secret of the third-party login",
        json_schema_extra={"zh": "第三方系统登录授权的应用密钥"},
    )
    login: Literal["signature", "login_by_sign", "login_by_secret"] = Field(
        "signature",
        description="How calls prove who they are: signed headers, a signed login, or a login with the secret",
        json_schema_extra={"zh": "身份验证方式：请求头签名、签名登录、密钥登录"},
    )
    gateway_mask: str = Field(
        "",
        description="Constant that unmasks the application id, where a gateway has another than the vendor's library",
        json_schema_extra={"zh": "厂商 SDK 中用于解码应用ID的常量；个别网关使用不同的值（x-kdapi-secpwd）"},
    )
    language: int = Field(
        2052,
        description="Language of the server's messages: 2052 Chinese, 1033 English, 3076 traditional Chinese",
        json_schema_extra={"zh": "服务器消息的语言：2052 简体中文，1033 英文，3076 繁体中文"},
    )
    organisation: str = Field(
        description="Number of the organisation whose documents are synchronised",
        json_schema_extra={"zh": "要同步的组织编码"},
    )
    reference_field: str = Field(
        "F_ISTHMUS_REF",
        description="Text field for the hub's reference, added to every form in the BOS designer; FBillNo on request",
        json_schema_extra={"zh": "存放中枢参考号的文本字段（在 BOS 设计器中为各单据添加）；明确要求时可用 FBillNo"},
    )
    saler: str = Field(
        "",
        description="Number of the salesperson on orders that the hub makes; empty where orders need none",
        json_schema_extra={"zh": "中枢新建订单上的销售员编码；订单不要求销售员时留空"},
    )
    order_type: str = Field(
        "XSDD01_SYS",
        description="Type of the orders that the hub makes",
        json_schema_extra={"zh": "中枢新建销售订单的单据类型编码"},
    )
    receipt_type: str = Field(
        "SKDLX01_SYS",
        description="Type of the receipts that are synchronised",
        json_schema_extra={"zh": "同步的收款单的单据类型编码"},
    )
    settle_type: str = Field(
        "JSFS04_SYS",
        description="Settlement type of receipts that name no method",
        json_schema_extra={"zh": "未指明结算方式的收款单使用的结算方式编码"},
    )
    bank_account: str = Field(
        "",
        description="Number of our bank account on receipts that the hub makes; empty: none",
        json_schema_extra={"zh": "中枢新建收款单上的我方银行账号编码；留空则不填"},
    )
    refunds: bool = Field(
        False,
        description="Refunds (AR_REFUNDBILL) are read and written too; a probe tries both forms",
        json_schema_extra={"zh": "同时读写收款退款单（AR_REFUNDBILL）；探测会验证两种单据"},
    )
    refund_type: str = Field(
        "SKTKDLX01_SYS",
        description="Type of the refunds that the hub makes",
        json_schema_extra={"zh": "中枢新建收款退款单的单据类型编码"},
    )
    vouchers: bool = Field(
        False,
        description="Vouchers are written too: the check looks at their form, and their code tables are read",
        json_schema_extra={"zh": "同时写入凭证：连接检查会检查凭证表单，并读取凭证字、部门、员工代码表"},
    )
    amend: Literal["refuse", "reopen"] = Field(
        "refuse",
        description="What happens to an edit of an audited document: refused, or un-audited first",
        json_schema_extra={"zh": "修改已审核单据时：拒绝，或先反审核"},
    )
    left_out: tuple[str, ...] = Field(
        (),
        description="Fields that this version of Kingdee does not have, left out of every query; several with ;",
        json_schema_extra={"zh": "该版本金蝶没有的字段，查询时不包含；多个用 ; 分隔"},
    )
    page_rows: int = Field(
        2000,
        ge=10,
        le=10000,
        description="Rows asked for in one query",
        json_schema_extra={"zh": "一次查询请求的行数"},
    )
    server_timeout_s: float = Field(
        120.0,
        ge=1,
        description="Longest time after which the server, or a proxy before it, gives up a request, in seconds",
        json_schema_extra={"zh": "服务器或其前端代理最长多少秒后放弃一个请求"},
    )

    @field_validator("url")
    @classmethod
    def _cut_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("reference_field")
    @classmethod
    def _check_field(cls, name: str) -> str:
        """It goes into conditions as it is, so it must be a name and nothing else."""
        if not name.isidentifier() or not name.isascii():
            raise ValueError("the key of a field, such as F_ISTHMUS_REF")
        return name

    @property
    def shown_as(self) -> str:
        """What documents say that our user made."""
        return self.user_name or self.user

    @property
    def numbers_are_ours(self) -> bool:
        """The admin gave the hub the numbers of documents."""
        return self.reference_field.lower() == NUMBER_FIELD.lower()
