"""What kind of account is simulated: every way in which real ones differ, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

ACCOUNT = "acct01"
USER = "integration"
"""The user whom the third-party login authorises. Everybody else is a person."""
USER_NAME = "接口用户"
APP_ID = "123456_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"  # pragma: allowlist secret
APP_SECRET = "0123456789abcdef0123456789abcdef"  # pragma: allowlist secret


@dataclass(frozen=True)
class KingdeeSettings:
    """Defaults are those of a company with one sales organisation that keeps its rules. Times are seconds of the clock
    handed to the server."""

    account: str = ACCOUNT
    user: str = USER
    user_name: str = USER_NAME
    """What documents call that user."""
    app_id: str = APP_ID
    app_secret: str = APP_SECRET
    zone: str = "Asia/Shanghai"
    """Times travel without a zone: they are the server's own."""
    custom_field: str = "F_ISTHMUS_REF"
    """A text field that the administrator added to every form in the BOS designer; empty: there is none."""
    saler_required: bool = True
    """A sales order needs a salesperson."""
    strict_masters: bool = True
    """Only audited customers and materials can be used in documents."""
    clerk: bool = False
    """Somebody audits new customers and materials at once."""
    moves_date: bool = False
    """Submitting, auditing and closing move FModifyDate; otherwise only saving does."""
    denied: str = ""
    """What the user may not do, such as ``SAL_SaleOrder.Save,AR_RECEIVEBILL.Query``."""
    licences: int = 0
    """Sessions that the user may have at once; 0: any number."""
    session_s: float = 1200.0
    """An idle session is forgotten after this."""
    closed_through: str = ""
    """Receipts and receivables dated up to this day (``2026-10-31``) are refused: the period is closed."""
    max_rows: int = 2000
    """Rows in one answer of a query."""
    lacks: str = ""
    """Fields that this version does not have, such as ``FCloseDate,FSoorDerno``."""
    lists_accounts: bool = True
    """The list of data centres is shown to whoever asks."""
    signature_age_s: float = 900.0
    """A signed call older than this is refused; 0: any age."""

    def denies(self, form: str, operation: str) -> bool:
        return f"{form}.{operation}" in self.denied.replace(" ", "").split(",")

    def has(self, key: str) -> bool:
        return key.lower() not in self.lacks.replace(" ", "").lower().split(",")

    @classmethod
    def from_texts(cls, options: Mapping[str, str]) -> KingdeeSettings:
        """Settings from texts as a command line gives them; ``ValueError`` names what is wrong."""
        types = get_type_hints(cls)
        unknown = set(options) - types.keys()
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(f.name for f in fields(cls))}")
        return cls(**{name: parse_option(name, types[name], text) for name, text in options.items()})


def parse_option(name: str, kind: type, text: str) -> Any:
    """The value of one option; ``ValueError`` names it."""
    if kind is bool:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise ValueError(f"{name} must be true or false, not {text!r}")
    try:
        return kind(text)
    except ValueError as error:
        raise ValueError(f"{name} must be {kind.__name__}, not {text!r}") from error
