"""What an admin answers for one CalDAV account."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from hub.sdk import ConnectorConfig

EXAMPLES: list[dict[str, Any]] = [
    {"url": "https://dav.example.com", "user": "wang", "calendars": ["Sales", "Team"]},
    {"protocol": "feed", "url": "https://cal.example.com/fair.ics"},
]


class CalDavConfig(ConnectorConfig):
    """Address, login and the calendars that are meant; nothing else of the account is looked at."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})  # type: ignore[dict-item]

    protocol: Literal["caldav", "feed"] = Field(
        "caldav",
        description="caldav, or feed: a published iCalendar file (.ics) that is only read",
        json_schema_extra={"zh": "caldav，或 feed：只读的已发布 iCalendar 文件（.ics）"},
    )
    url: str = Field(
        description="Address of the CalDAV server, or of a calendar on it, such as https://dav.example.com; of a feed "
        "that of the file, with {password} where its secret part is",
        json_schema_extra={
            "zh": "CalDAV 服务器（或其中某个日历）的地址，例如 https://dav.example.com；"
            "feed 时为文件地址，私密部分写 {password}"
        },
    )
    user: str = Field(
        "",
        description="Login name",
        json_schema_extra={"zh": "登录名"},
    )
    password: SecretStr = Field(
        SecretStr(""),
        description="Password; many services want an app password here",
        json_schema_extra={"zh": "密码；许多服务要求使用应用专用密码"},
    )
    calendars: tuple[str, ...] = Field(
        (),
        description="Names of the calendars, as they are shown, or their paths; several with ;",
        json_schema_extra={"zh": "日历名称（与显示的一致）或路径；多个用 ; 分隔"},
    )
    write_to: str = Field(
        "",
        description="Calendar that gets what is made in the hub; empty: the first",
        json_schema_extra={"zh": "中枢新建的日程写入哪个日历；留空表示第一个"},
    )
    task_lists: tuple[str, ...] = Field(
        (),
        description="Calendars or lists whose tasks (VTODO) are meant, the first gets what is made in the hub; several "
        "with ;; empty: the calendars above",
        json_schema_extra={
            "zh": "读写任务（VTODO）的日历或列表，中枢新建的任务写入第一个；多个用 ; 分隔；留空表示上面的日历"
        },
    )
    private: bool = Field(
        False,
        description="Also read events that people marked as private or confidential",
        json_schema_extra={"zh": "是否也读取标记为私密或机密的日程"},
    )
    plain_http: bool = Field(
        False,
        description="Allow an address without https on another machine: the password travels readable",
        json_schema_extra={"zh": "允许使用其他机器上的非 https 地址：密码将以明文传输"},
    )
    server_timeout_s: float = Field(
        60.0,
        ge=1,
        description="Longest time after which the server, or a proxy before it, gives up a request, in seconds",
        json_schema_extra={"zh": "服务器或其前端代理最长多少秒后放弃一个请求"},
    )

    @field_validator("calendars", "task_lists", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """``Sales; Service`` on the command line is the same as a list in isthmus.toml."""
        return tuple(filter(None, map(str.strip, value.split(";")))) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        """An account needs a login and the calendars that are meant; a feed has neither."""
        missing = [name for name in ("user", "calendars") if not getattr(self, name)]
        if self.protocol == "caldav" and missing:
            raise ValueError(f"caldav: {', '.join(missing)} ?")
        return self
