"""What an admin says about a system that pushes: how it signs, where things stand in its events, what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from hub.sdk import ConnectorConfig
from hub.sdk.webhooks import HmacScheme, TokenScheme, check_signed

RECEIVED = "received"
"""In place of a version: the order in which events come."""


class SignatureConfig(BaseModel):
    """A way of signing that has no name: HMAC-SHA256, described."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: str = Field(description="Header with the signature")
    signed: str = Field(
        "{body}",
        description="What is signed: {body}, {timestamp}, {method}, {url}, {header:NAME} and text",
    )
    encoding: Literal["hex", "base64"] = Field("hex", description="How the signature is written: hex or base64")
    prefix: str = Field("", description="What stands before the signature, such as sha256=")
    form: Literal["one", "list", "fields"] = Field(
        "one", description="one signature; a list with blanks between; or fields such as t=…,v1=…"
    )
    timestamp: str = Field("", description="Header (or field) with the time of the call")
    unit: Literal["s", "ms"] = Field("s", description="Unit of that time: s or ms")
    key: Literal["text", "base64"] = Field("text", description="Whether the secret is the key, or Base64 of it")

    @field_validator("signed")
    @classmethod
    def _check_signed(cls, value: str) -> str:
        check_signed(value)
        return value

    def make(self) -> HmacScheme:
        """The scheme."""
        return HmacScheme(**self.model_dump())


class TokenConfig(BaseModel):
    """Where a plain token stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: str = Field("authorization", description="Header with the token")
    prefix: str = Field("Bearer ", description="What stands before it")

    def make(self) -> TokenScheme:
        """The scheme."""
        return TokenScheme(**self.model_dump())


class EventConfig(BaseModel):
    """What one type of event means. Places left out are those of the connection."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(description="The hub's kind: account, order, payment …")
    ends: Literal["", "deleted", "void"] = Field("", description="It says that the record was deleted, or voided")
    id: str = Field("", description="Where its id stands")
    version: str = Field("", description="Where its version or time of change stands")
    data: str = Field("", description="Where the record itself stands")


EVENTS: dict[str, object] = {
    "customer.*": "account",
    "order.*": "order",
    "payment.received": "payment",
    "customer.deleted": {"kind": "account", "ends": "deleted"},
}
EXAMPLES: list[dict[str, object]] = [
    {"scheme": "standard-webhooks", "secret": "env:SHOP_SECRET", "events": EVENTS},
    {
        "scheme": "hmac",
        "secret": "env:SHOP_SECRET",
        "signature": {"header": "X-Shop-Sign", "encoding": "base64"},
        "type": "header:X-Shop-Topic",
        "id": "number",
        "version": "changed_at",
        "data": ".",
        "events": {"orders/update": "order"},
    },
]
"""A shop that signs as Standard Webhooks says, and one with ways of its own."""
SCHEME_NAMES = Literal[
    "standard-webhooks", "stripe", "github", "shopify", "slack", "hubspot-v3", "xero", "quickbooks", "frappe", "bearer",
    "hmac",
]  # fmt: skip


class WebhookConfig(ConnectorConfig):
    """How calls are proved, and how their events are read."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})  # type: ignore[dict-item]

    scheme: SCHEME_NAMES = Field(
        "standard-webhooks",
        description="How the system signs: " + ", ".join(SCHEME_NAMES.__args__),  # type: ignore[attr-defined]
        json_schema_extra={"zh": "对方的签名方式：" + "、".join(SCHEME_NAMES.__args__)},  # type: ignore[attr-defined]
    )
    secret: SecretStr = Field(
        description="The secret that both sides share", json_schema_extra={"zh": "双方共用的密钥"}
    )
    second_secret: SecretStr | None = Field(
        None,
        description="A second one that is accepted too, while the secret is being changed",
        json_schema_extra={"zh": "更换密钥期间同时接受的第二个密钥"},
    )
    events: dict[str, EventConfig] = Field(
        default={},
        description="Event type = kind; * stands for anything: customer.* = account",
        json_schema_extra={"zh": "事件类型 = 类别；* 代表任意内容：customer.* = account"},
    )
    ignore: tuple[str, ...] = Field(
        default=(),
        description="Event types that concern nobody here; several with ;",
        json_schema_extra={"zh": "与本系统无关的事件类型，多个用 ; 分隔"},
    )
    type: str = Field(
        "",
        description="Where the event type stands: a path in the body, or header:NAME",
        json_schema_extra={"zh": "事件类型所在位置：正文中的路径，或 header:名称"},
    )
    id: str = Field("", description="Where the record's id stands", json_schema_extra={"zh": "记录编号所在位置"})
    version: str = Field(
        "",
        description="Where its version or time of change stands; received: the order of arrival",
        json_schema_extra={"zh": "版本号或修改时间所在位置；received 表示按到达顺序"},
    )
    data: str = Field(
        "",
        description="Where the record itself stands; . is the whole body",
        json_schema_extra={"zh": "记录本身所在位置；. 表示整个正文"},
    )
    each: str = Field(
        "",
        description="Where the list of events stands, when one call brings several; . is the body itself",
        json_schema_extra={"zh": "一次调用包含多个事件时，事件列表所在位置；. 表示正文本身"},
    )
    delivery: str = Field(
        "",
        description="Where the sender's id of a delivery stands, the same when it is sent again",
        json_schema_extra={"zh": "发送方的投递编号所在位置（重发时不变）"},
    )
    signature: SignatureConfig | None = Field(
        None,
        description="With scheme hmac: header, signed, encoding, prefix, form, timestamp, unit, key",
        json_schema_extra={"zh": "scheme 为 hmac 时：header、signed、encoding、prefix、form、timestamp、unit、key"},
    )
    bearer: TokenConfig | None = Field(
        None,
        description="With scheme bearer, when the secret stands elsewhere: header, prefix",
        json_schema_extra={"zh": "scheme 为 bearer 且令牌在别处时：header、prefix"},
    )
    public_url: str = Field(
        "",
        description="How the system addresses this hub, without the path, where that is signed: https://hub.example.com",
        json_schema_extra={"zh": "对方访问本系统的地址（不含路径），仅在签名包含地址时需要：https://hub.example.com"},
    )
    tolerance_s: int = Field(
        300,
        ge=1,
        le=86_400,
        description="By how many seconds its clock may differ from ours",
        json_schema_extra={"zh": "双方时钟允许相差的秒数"},
    )
    origin: str = Field(
        "",
        description="Who may ask beforehand whether we take its events (CloudEvents OPTIONS); * is anybody",
        json_schema_extra={"zh": "允许事先询问的来源（CloudEvents OPTIONS）；* 表示任何来源"},
    )
    max_body_kb: int = Field(
        1024,
        ge=1,
        le=25 * 1024,
        description="Largest body in KB",
        json_schema_extra={"zh": "正文大小上限（KB）"},
    )
    accepts_per_s: float = Field(
        1000.0,
        gt=0,
        description="More proved calls in a second are asked to come later",
        json_schema_extra={"zh": "每秒最多接受的有效调用数，超过的请稍后再来"},
    )

    @field_validator("ignore", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, (part.strip() for part in value.split(";")))) if isinstance(value, str) else value

    @field_validator("events", mode="before")
    @classmethod
    def _flatten(cls, value: object) -> object:
        """``customer.created = "account"`` without quotes is a table inside a table, and means the same."""
        return dict(_list_rules(value)) if isinstance(value, Mapping) else value

    @property
    def max_body(self) -> int:
        """The same in bytes."""
        return self.max_body_kb * 1024


def _list_rules(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, Mapping) and not isinstance(value.get("kind"), str):
            yield from _list_rules(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", {"kind": value} if isinstance(value, str) else value


def match_type(pattern: str, name: str) -> bool:
    """Whether a type of event is meant; ``*`` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None
