"""What an admin answers for one sandbox connection."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from hub.sdk import ConnectorConfig


class SandboxConfig(ConnectorConfig):
    """Address and token, then what this ERP is declared to be: ``check`` compares that with what the ERP says."""

    url: str = Field(
        description="Address of the ERP, such as http://127.0.0.1:8080",
        json_schema_extra={"zh": "ERP 的地址，例如 http://127.0.0.1:8080"},
    )
    token: SecretStr = Field(
        description="Access token of the integration user",
        json_schema_extra={"zh": "集成用户的访问令牌"},
    )
    user: str = Field(
        "hub",
        description="Login of the integration user; it must not be a person's",
        json_schema_extra={"zh": "集成用户的登录名，不能与人员共用"},
    )
    tier: Literal["unique", "draft", "plain", "blind"] = Field(
        "draft",
        description="What a sale offers against double creation: unique reference, drafts, plain reference, nothing",
        json_schema_extra={"zh": "销售单防止重复创建的方式：唯一参考号、草稿、普通参考号、无"},
    )
    master_tier: Literal["unique", "plain", "blind"] = Field(
        "unique",
        description="The same for customers and items",
        json_schema_extra={"zh": "客户和物料的同一设置"},
    )
    amend: Literal["free", "reopen", "reverse", "refuse", "park"] = Field(
        "refuse",
        description="What happens to an edit of an approved sale: allowed, reopened, reversed, refused, parked",
        json_schema_extra={"zh": "修改已审核的销售单时：允许、反审核、作废重做、拒绝、搁置"},
    )
    compare_and_set: bool = Field(
        True,
        description="The ERP refuses a change that names an old version",
        json_schema_extra={"zh": "ERP 会拒绝基于旧版本的修改"},
    )
    confirms_version: bool = Field(
        True,
        description="The ERP approves exactly the version that was read",
        json_schema_extra={"zh": "ERP 只审核所读取的那个版本"},
    )
    versioned: bool = Field(
        True,
        description="The ERP shows a version number of each document",
        json_schema_extra={"zh": "ERP 显示每张单据的版本号"},
    )
    shows_modifier: bool = Field(
        True,
        description="The ERP shows who made and who changed a document",
        json_schema_extra={"zh": "ERP 显示单据的创建人和修改人"},
    )
    exclusive_confirm: bool = Field(
        False,
        description="Nobody but the integration user may approve its drafts",
        json_schema_extra={"zh": "只有集成用户可以审核自己的草稿"},
    )
    tells_merge: Literal["nothing", "note", "call"] = Field(
        "nothing",
        description="How the ERP is told that two of its customers are one: not, by a note, by its own merging",
        json_schema_extra={"zh": "两个客户合并后如何告知 ERP：不告知、写备注、调用它的合并功能"},
    )
    text_max: int = Field(
        0,
        ge=0,
        description="Notes are cut to this many characters; 0: never",
        json_schema_extra={"zh": "备注最多保留的字符数；0 表示不截断"},
    )
    text_upper: bool = Field(
        False,
        description="Notes are kept in capital letters",
        json_schema_extra={"zh": "备注以大写字母保存"},
    )
    granularity_s: float = Field(
        0.0,
        ge=0,
        description="Step of the change times, in seconds",
        json_schema_extra={"zh": "修改时间的精度（秒）"},
    )
    lag_s: float = Field(
        0.0,
        ge=0,
        description="For how long a list may not show a change, in seconds",
        json_schema_extra={"zh": "列表最多延迟多少秒才显示修改"},
    )
    d_max_s: float = Field(
        20.0,
        ge=0,
        description="Latest time at which an accepted request can still take effect, in seconds",
        json_schema_extra={"zh": "已接受的请求最晚多少秒后仍可能生效"},
    )
    batch_size: int = Field(
        1,
        ge=1,
        le=50,
        description="Documents created in one request",
        json_schema_extra={"zh": "一次请求创建的单据数"},
    )
    evidence: Literal["measured", "read", "recalled"] = Field(
        "measured",
        description="How all this is known; what is only recalled keeps writing off until a probe",
        json_schema_extra={"zh": "以上信息的来源；仅凭记忆（recalled）时，试探之前不允许写入"},
    )
