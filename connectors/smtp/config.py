"""What an admin answers for one account that sends."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from hub.sdk import ConnectorConfig

Security = Literal["tls", "starttls", "none"]


class SmtpConfig(ConnectorConfig):
    """The server that takes mails, whose they are, and where sent mails can be looked up."""

    host: str = Field(
        description="Name of the SMTP server, such as smtp.example.com",
        json_schema_extra={"zh": "SMTP 服务器地址，例如 smtp.example.com"},
    )
    port: int = Field(
        465,
        ge=1,
        le=65535,
        description="Port: 465 with tls, 587 with starttls",
        json_schema_extra={"zh": "端口：tls 用 465，starttls 用 587"},
    )
    security: Security = Field(
        "tls",
        description="How the line is protected: tls, starttls; none is accepted for this very machine only",
        json_schema_extra={"zh": "连接加密方式：tls 或 starttls；none 仅允许用于本机"},
    )
    user: str = Field(
        "",
        description="Login name; empty where the server asks for none",
        json_schema_extra={"zh": "登录名；服务器不要求登录时留空"},
    )
    password: SecretStr = Field(
        SecretStr(""),
        description="Password, app password or client code",
        json_schema_extra={"zh": "密码、应用专用密码或客户端授权码"},
    )
    sender: str = Field(
        description="Mail address that mails come from, such as sales@our.example",
        json_schema_extra={"zh": "发件人地址，例如 sales@our.example"},
    )
    sender_name: str = Field(
        "",
        description="Name shown beside that address",
        json_schema_extra={"zh": "发件人显示名称"},
    )
    unsubscribe: str = Field(
        "",
        description="Where whoever gets a mail to many says that he wants no more (mailto: or https:); empty: no mail "
        "to many is sent",
        pattern=r"^$|^(mailto:[^\s<>@]+@[^\s<>]+|https://[^\s<>]+)$",
        json_schema_extra={
            "zh": "群发邮件的退订地址（mailto: 或 https:），写入 List-Unsubscribe；留空则不发送群发邮件"
        },
    )
    per_minute: int = Field(
        30,
        ge=1,
        description="At most so many mails in a minute",
        json_schema_extra={"zh": "每分钟最多发送多少封"},
    )
    sent_host: str = Field(
        "",
        description="IMAP server of the same account, if it keeps every sent mail by itself: there an answer that was "
        "lost is looked up; empty: such a mail waits for a person",
        json_schema_extra={
            "zh": "同一账户的 IMAP 服务器（服务器须自动保存已发送邮件），用于核实丢失应答的邮件；留空则由人处理"
        },
    )
    sent_port: int = Field(
        993,
        ge=1,
        le=65535,
        description="Port of that IMAP server",
        json_schema_extra={"zh": "该 IMAP 服务器的端口"},
    )
    sent_security: Security = Field(
        "tls",
        description="How the line to it is protected",
        json_schema_extra={"zh": "与该 IMAP 服务器的加密方式"},
    )
    sent_folder: str = Field(
        "Sent",
        description="Folder in which sent mails are",
        json_schema_extra={"zh": "已发送邮件所在的文件夹"},
    )
    server_timeout_s: float = Field(
        60.0,
        ge=1,
        description="Longest wait for one answer of the server, in seconds",
        json_schema_extra={"zh": "等待服务器一次应答的最长时间（秒）"},
    )

    @property
    def domain(self) -> str:
        """Behind the @ of the sender, and of every Message-ID."""
        return self.sender.rpartition("@")[2]
