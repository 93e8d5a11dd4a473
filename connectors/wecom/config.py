"""What an admin answers for one 企业微信 connection."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from hub.sdk import ConnectorConfig

PUBLIC_URL = "https://qyapi.weixin.qq.com/cgi-bin"
NEW = "new"
"""Instead of a cal_id: ``connection add`` makes a calendar."""
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


class WecomConfig(ConnectorConfig):
    """The company, one self-built app of it, and what that app may do for the hub."""

    corp_id: str = Field(
        description="Id of the company (我的企业, 企业信息)",
        json_schema_extra={"zh": "企业ID（我的企业 › 企业信息）"},
    )
    agent_id: int = Field(
        0,
        description="AgentId of the self-built app (应用管理)",
        json_schema_extra={"zh": "自建应用的 AgentId（应用管理）"},
    )
    secret: SecretStr = Field(
        description="Secret of the same app",
        json_schema_extra={"zh": "同一应用的 Secret"},
    )
    callback_token: SecretStr | None = Field(
        None,
        description="Token of the app's 接收消息 settings; without it no callbacks are taken",
        json_schema_extra={"zh": "应用“接收消息”设置中的 Token；不填则不接收回调"},
    )
    aes_key: SecretStr | None = Field(
        None,
        description="EncodingAESKey of the same settings, 43 characters",
        json_schema_extra={"zh": "同一设置中的 EncodingAESKey（43 位）"},
    )
    ignore: tuple[str, ...] = Field(
        default=(),
        description="Events that concern no sync here, such as change_contact; several with ;",
        json_schema_extra={"zh": "与本系统同步无关的事件，例如 change_contact；多个用 ; 分隔"},
    )
    calendar: str = Field(
        "",
        description="cal_id of a calendar that this app has made; new: make one, tell its id; empty: no appointments",
        json_schema_extra={"zh": "由本应用创建的日历的 cal_id；new：创建一个并给出其 cal_id；留空则不同步日程"},
    )
    organiser: str = Field(
        "",
        description="userid of the calendar's owner, who is the organiser of what the hub makes",
        json_schema_extra={"zh": "日历所属成员的 userid，即中枢所建日程的组织者"},
    )
    tag_group: str = Field(
        "",
        description="Group in which the hub makes tags that the company does not have yet; empty: it makes none",
        json_schema_extra={"zh": "企业尚无的客户标签由中枢在此标签组中创建；留空则不创建"},
    )
    robot_key: SecretStr | None = Field(
        None,
        description="Key in the webhook address of a group's robot, for telling people what waits",
        json_schema_extra={"zh": "群机器人 Webhook 地址中的 key，用于通知待办"},
    )
    notify_to: str = Field(
        "",
        description="Whom the app tells what waits, when there is no robot: userids with |, or @all",
        json_schema_extra={"zh": "没有群机器人时由应用通知哪些成员：userid 以 | 分隔，或 @all"},
    )
    notify_as: Literal["text", "markdown", "card"] = Field(
        "markdown",
        description="Form of these messages: text, markdown or card",
        json_schema_extra={"zh": "通知的形式：text 文本、markdown、card 卡片"},
    )
    notify_link: str = Field(
        "",
        description="Address that a card leads to, such as the hub's status page",
        json_schema_extra={"zh": "卡片点击后打开的地址，例如本系统的状态页"},
    )
    url: str = Field(
        PUBLIC_URL,
        description="Address of the server API; another one only for a private deployment",
        json_schema_extra={"zh": "服务端 API 地址；仅私有化部署需要修改"},
    )
    server_timeout_s: float = Field(
        120.0,
        ge=1,
        description="Longest time after which the server gives up a request, in seconds; the vendor names none",
        json_schema_extra={"zh": "服务器最长多少秒后放弃一个请求（官方没有公布）"},
    )

    @property
    def cal_id(self) -> str:
        """The calendar that there is; empty for none, and for one that is yet to be made."""
        return "" if self.calendar == NEW else self.calendar

    @field_validator("ignore", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """``a; b`` on the command line is the same as a list in isthmus.toml."""
        return tuple(filter(None, map(str.strip, value.split(";")))) if isinstance(value, str) else value


def read_secret(value: SecretStr | None) -> str:
    """The secret itself; empty where there is none."""
    return value.get_secret_value() if value is not None else ""


def is_callback_token(text: str) -> bool:
    """At most 32 letters and digits."""
    return _TOKEN.fullmatch(text) is not None


def decode_aes_key(text: str) -> bytes | None:
    """The 32 bytes of an EncodingAESKey; None for what cannot be one."""
    if not _AES_KEY.fullmatch(text):
        return None
    try:
        return base64.b64decode(text + "=")
    except binascii.Error:
        return None
