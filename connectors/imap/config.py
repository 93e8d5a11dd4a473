"""What an admin answers for one mailbox."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from hub.sdk import ConnectorConfig

Bodies = Literal["none", "text", "all"]


class ImapConfig(ConnectorConfig):
    """Server, login, the folders that are meant, and what is left out of them. Nothing in a mailbox is changed, but for
    the one flag that ``mark`` may name."""

    host: str = Field(
        description="Name of the IMAP server, such as imap.example.com",
        json_schema_extra={"zh": "IMAP 服务器地址，例如 imap.example.com"},
    )
    port: int = Field(
        993,
        ge=1,
        le=65535,
        description="Port: 993 with tls, 143 with starttls",
        json_schema_extra={"zh": "端口：tls 用 993，starttls 用 143"},
    )
    security: Literal["tls", "starttls", "none"] = Field(
        "tls",
        description="How the line is protected: tls, starttls; none is accepted for this very machine only",
        json_schema_extra={"zh": "连接加密方式：tls 或 starttls；none 仅允许用于本机"},
    )
    user: str = Field(
        description="Login name, mostly the whole mail address",
        json_schema_extra={"zh": "登录名，一般是完整的邮箱地址"},
    )
    login: Literal["password", "xoauth2"] = Field(
        "password",
        description="password (also app passwords and client codes), or xoauth2 with a token",
        json_schema_extra={"zh": "password（含应用专用密码、客户端授权码），或用令牌登录的 xoauth2"},
    )
    password: SecretStr = Field(
        description="Password, app password or client code; for xoauth2 the token, with refresh_url the refresh token",
        json_schema_extra={"zh": "密码、应用专用密码或授权码；xoauth2 时填令牌（填写 refresh_url 时为刷新令牌）"},
    )
    refresh_url: str = Field(
        "",
        description="Where a refresh token is exchanged for a token (OAuth 2); empty: password is the token itself",
        json_schema_extra={"zh": "用刷新令牌换取访问令牌的地址（OAuth 2）；留空表示 password 就是访问令牌"},
    )
    client_id: str = Field(
        "",
        description="Id of the application that the refresh token was given to",
        json_schema_extra={"zh": "刷新令牌所属应用的 client_id"},
    )
    client_secret: SecretStr = Field(
        SecretStr(""),
        description="Secret of that application; empty for those that have none",
        json_schema_extra={"zh": "该应用的密钥；没有则留空"},
    )
    identify: bool = Field(
        True,
        description="Say after the login which program this is (ID): some providers refuse whoever does not",
        json_schema_extra={"zh": "登录后发送 ID 命令说明客户端身份：部分服务商（如网易）要求"},
    )
    folders: tuple[str, ...] = Field(
        ("INBOX", "\\Sent"),
        min_length=1,
        description="Folders by name, \\Sent for the one that keeps sent mail, * for all; several with ;",
        json_schema_extra={"zh": "文件夹名称，\\Sent 表示“已发送”，* 表示全部；多个用 ; 分隔"},
    )
    skip_folders: tuple[str, ...] = Field(
        ("\\Junk", "\\Trash", "\\Drafts"),
        description="Folders that * leaves out; several with ;",
        json_schema_extra={"zh": "使用 * 时排除的文件夹；多个用 ; 分隔"},
    )
    since: date | None = Field(
        None,
        description="The first run reads mails from this day on; empty: all",
        json_schema_extra={"zh": "首次同步从哪一天的邮件开始；留空表示全部"},
    )
    bodies: Bodies = Field(
        "text",
        description="What is read beside the headers: none, text, or all (with the text of attached mails and texts); "
        "attachments by name, size and digest",
        json_schema_extra={
            "zh": "除邮件头外还读取什么：none 不读取，text 正文，all 再加上所附邮件和文本附件中的文字；"
            "附件保留名称、大小和摘要"
        },
    )
    text_kb: int = Field(
        64,
        ge=1,
        le=1024,
        description="Longest text that is kept of one mail, in KB",
        json_schema_extra={"zh": "每封邮件最多保留多少 KB 正文"},
    )
    own_domains: tuple[str, ...] = Field(
        (),
        description="Mail domains of our own company, such as our.example; several with ;",
        json_schema_extra={"zh": "本公司的邮箱域名，例如 our.example；多个用 ; 分隔"},
    )
    internal: Literal["skip", "keep"] = Field(
        "skip",
        description="What happens to mails between our own domains only",
        json_schema_extra={"zh": "仅在本公司域名之间往来的邮件：skip 跳过，keep 保留"},
    )
    skip_senders: tuple[str, ...] = Field(
        (),
        description="Senders that are left out, with * for anything, such as *@news.example; several with ;",
        json_schema_extra={"zh": "排除的发件人，可用 *，例如 *@news.example；多个用 ; 分隔"},
    )
    skip_subjects: tuple[str, ...] = Field(
        (),
        description="Subjects that are left out, with * for anything; several with ;",
        json_schema_extra={"zh": "排除的主题，可用 *；多个用 ; 分隔"},
    )
    numbers: tuple[str, ...] = Field(
        (),
        description="How numbers look that people write into mails: order SO-\\d{4}; kinds: contract, invoice, order, "
        "quote, ticket",
        json_schema_extra={
            "zh": "邮件中单号的样式（正则），例如 order SO-\\d{4}；类型可为 contract、invoice、order、quote、ticket"
        },
    )
    removed: Literal["keep", "void"] = Field(
        "keep",
        description="What becomes of a mail that was deleted or moved out of these folders: it stays, or it counts no "
        "more",
        json_schema_extra={"zh": "被删除或移出这些文件夹的邮件：keep 保留记录，void 记录作废"},
    )
    mark: str = Field(
        "",
        pattern=r"^(|\\(Seen|Flagged|Answered)|[A-Za-z$][A-Za-z0-9$_.-]{0,63})$",
        description="Flag that mails get once the hub holds them: \\Seen, \\Flagged, or a word such as $CRM; empty: "
        "nothing in the mailbox is changed",
        json_schema_extra={
            "zh": "中枢收录后给邮件加上的标记：\\Seen（已读）、\\Flagged（星标）或自定词，例如 $CRM；"
            "留空则不改动邮箱中的任何内容"
        },
    )
    server_timeout_s: float = Field(
        60.0,
        ge=1,
        description="Longest wait for one answer of the server, in seconds",
        json_schema_extra={"zh": "等待服务器一次应答的最长时间（秒）"},
    )

    @field_validator(
        "folders", "skip_folders", "own_domains", "skip_senders", "skip_subjects", "numbers", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        """``INBOX; Sent`` on the command line is the same as a list in isthmus.toml."""
        return tuple(filter(None, map(str.strip, value.split(";")))) if isinstance(value, str) else value

    @field_validator("own_domains")
    @classmethod
    def _fold(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.lower().lstrip("@") for name in value)

    @field_validator("numbers")
    @classmethod
    def _check_patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line in value:
            kind, _, pattern = line.partition(" ")
            if kind not in NUMBERED or not pattern.strip():
                raise ValueError(f"{line!r}: {', '.join(NUMBERED)} + regular expression")
            try:
                re.compile(pattern.strip())
            except re.error as error:
                raise ValueError(f"{line!r}: {error}") from error
        return value

    def list_patterns(self) -> list[tuple[str, re.Pattern[str]]]:
        """(kind, how its numbers look)."""
        parted = (line.partition(" ") for line in self.numbers)
        return [(kind, re.compile(pattern.strip(), re.IGNORECASE)) for kind, _, pattern in parted]


NUMBERED = ("contract", "invoice", "order", "quote", "ticket")
"""Kinds whose numbers are looked for in mails."""
