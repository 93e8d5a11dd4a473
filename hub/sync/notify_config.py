"""Whom the hub tells what waits, as an admin configures it."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from hub.locale import Phrase
from hub.model.values import Value

About = Literal["todo", "failed", "silence"]
_REFERENCE = re.compile(r"(env|file|secret):.+")
_SERVER = re.compile(r"[^\s:/]+(:\d+)?")


class TargetSettings(Value):
    """Somebody who is told: an address (`url`), a mailbox (`smtp`), or a connection whose connector can tell people."""

    url: str = ""
    """Called with a signed message (Standard Webhooks); no redirect is followed."""
    secret: str = ""
    """Where the key of the signature is; `whsec_` and Base64, or any text of 24 characters and more."""
    smtp: str = ""
    """Mail server, `host` or `host:port`."""
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    """How the connection to the mail server is protected."""
    login: str = ""
    """Login at the mail server; left out, it takes mail without."""
    password: str = ""
    """Where its password is."""
    sender: str = ""
    """Address that mail comes from."""
    recipients: tuple[str, ...] = ()
    """Addresses that mail goes to."""
    connection: str = ""
    """Name of a connection whose connector tells people, such as a chat robot."""
    private: bool = False
    """The address may lie in a private network; only then is plain http allowed."""
    language: Literal["en", "zh"] | None = None
    """Language of the message; left out, that of `[notify]`."""
    about: tuple[About, ...] = ()
    """What is told; left out, as in `[notify]`."""

    @field_validator("secret", "password")
    @classmethod
    def _check_reference(cls, value: str) -> str:
        if value and not _REFERENCE.fullmatch(value):
            raise ValueError(Phrase("sync.notify_secret_in_plain"))
        return value

    @model_validator(mode="after")
    def _check_way(self) -> Self:
        if sum(1 for way in (self.url, self.smtp, self.connection) if way) != 1:
            raise ValueError(Phrase("sync.notify_one_way"))
        if self.url:
            self._check_url()
        if self.smtp:
            self._check_mail()
        return self

    def _check_url(self) -> None:
        if not self.url.startswith("https://" if not self.private else ("https://", "http://")):
            raise ValueError(Phrase("sync.notify_needs_https"))
        if "@" in self.url.partition("://")[2].partition("/")[0]:
            raise ValueError(Phrase("sync.notify_secret_in_plain"))
        if not self.secret:
            raise ValueError(Phrase("sync.notify_needs_secret"))

    def _check_mail(self) -> None:
        if not _SERVER.fullmatch(self.smtp):
            raise ValueError(Phrase("sync.notify_server"))
        if not self.sender or not self.recipients:
            raise ValueError(Phrase("sync.notify_needs_addresses"))
        if any(not re.fullmatch(r"[^\s<>,;]+@[^\s<>,;]+", one) for one in (self.sender, *self.recipients)):
            raise ValueError(Phrase("sync.notify_address"))
        if self.login and (self.tls == "none" or not self.password):
            raise ValueError(Phrase("sync.notify_login"))


class NotifySettings(Value):
    """Tell people what waits, what failed and which stream went silent, without being asked."""

    language: Literal["en", "zh"] = "en"
    """Language of the messages."""
    about: tuple[About, ...] = ("todo", "failed", "silence")
    """What is told: what waits for a person, runs that failed, streams that went silent."""
    every_s: int = Field(default=900, ge=60)
    """A target gets one message in so long at most, with everything that is new."""
    again_after_s: int = Field(default=86_400, ge=3600)
    """What still waits is told again after so long; before that only when its reason changed."""
    targets: dict[str, TargetSettings] = {}
    """One table for each that is told."""
