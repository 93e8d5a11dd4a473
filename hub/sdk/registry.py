"""What a connector to a business registry (工商信息) implements: searching companies and reading one, for money.

A call that costs is never made twice by itself: a registry sends each one once (``HttpClient.write`` does that), and
the hub keeps the account, the budget and what came back. A connector without streams and sinks may well have one.
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import Field

from hub.model.values import Value
from hub.sdk.connector import ConnectorConfig


class CompanyStatus(StrEnum):
    """What the register says about a company (登记状态). An unknown text is ``UNKNOWN``, never guessed."""

    ACTIVE = "active"
    """存续, 在业, 开业, 在营, 正常, 仍注册."""
    MOVED = "moved"
    """迁出."""
    REVOKED = "revoked"
    """吊销: no licence any more, not yet off the register."""
    CANCELLED = "cancelled"
    """注销: off the register."""
    SUSPENDED = "suspended"
    """停业, 歇业, 责令关闭, 撤销."""
    LIQUIDATION = "liquidation"
    """清算."""
    UNKNOWN = "unknown"
    """Anything else."""


class Api(StrEnum):
    """The two calls of a registry, each with a price of its own."""

    SEARCH = "search"
    """A list of companies whose names look like a text."""
    DETAIL = "detail"
    """One company."""


class Company(Value):
    """What a registry says of one company. Of a hit of a search most fields are empty."""

    key: str
    """The registry's own id."""
    name: str
    """The registered name."""
    credit_code: str = ""
    """统一社会信用代码, as it came."""
    status: CompanyStatus = CompanyStatus.UNKNOWN
    """What the register says about it."""
    status_text: str = ""
    """The same in the registry's own words."""
    legal_person: str = ""
    """Its legal representative (法定代表人)."""
    capital: Decimal | None = None
    """Registered capital in whole units of its currency."""
    capital_currency: str = ""
    """ISO 4217; empty when the text names a currency that we do not know."""
    capital_text: str = ""
    """The same as it came: 1142489.479万人民币."""
    founded_on: date | None = None
    """Day of foundation (成立日期)."""
    approved_on: date | None = None
    """Day of the last change that was approved (核准日期)."""
    type_text: str = ""
    """Kind of company in words (企业类型); tells a branch."""
    industry: str = ""
    """Its trade, in the registry's words."""
    address: str = ""
    """Registered address."""
    phone: str = ""
    """A telephone number, where the registry sells one."""
    former_names: tuple[str, ...] = ()
    """Names that it had before (曾用名)."""
    head_code: str = ""
    """Credit code of the company that it is a branch of, where the registry says so."""
    parent_code: str = ""
    """Credit code of the company that owns it, where the registry says so."""
    parent_name: str = ""
    """Registered name of whoever holds more than half of it, where the registry says so; may be a person."""
    branches: tuple[str, ...] = ()
    """Registered names of its branches (分支机构), where the registry lists them."""


class RegistryConfig(ConnectorConfig):
    """Settings that every registry has: ``search_price`` and ``detail_price`` of one call in CNY, ``bills_misses``
    whether what finds nothing costs too, the budget ``paid_calls_per_day`` and ``paid_calls_per_month``, and for how
    many days an answer (``hit_days``) and "there is none" (``miss_days``) are good, and after how many days a snapshot
    is looked up anew by itself (``refresh_days``; None: never)."""

    search_price: Decimal = Field(
        Decimal("0.05"), ge=0, description="What one search costs by your contract, in CNY",
        json_schema_extra={"zh": "合同中一次搜索的价格（元）"},
    )  # fmt: skip
    detail_price: Decimal = Field(
        Decimal("0.50"), ge=0, description="What one company's details cost by your contract, in CNY",
        json_schema_extra={"zh": "合同中一次工商详情的价格（元）"},
    )  # fmt: skip
    bills_misses: bool = Field(
        True, description="A call that finds nothing is billed too",
        json_schema_extra={"zh": "查询无结果也计费"},
    )  # fmt: skip
    paid_calls_per_day: int = Field(
        100, ge=0, description="At most so many paid calls a day",
        json_schema_extra={"zh": "每天最多多少次付费调用"},
    )  # fmt: skip
    paid_calls_per_month: int = Field(
        1000, ge=0, description="At most so many paid calls a month",
        json_schema_extra={"zh": "每月最多多少次付费调用"},
    )  # fmt: skip
    hit_days: int = Field(
        30, ge=1, description="For how many days an answer is good",
        json_schema_extra={"zh": "查询结果有效天数，过期才再次调用"},
    )  # fmt: skip
    miss_days: int = Field(
        7, ge=1, description="For how many days “there is none” is good",
        json_schema_extra={"zh": "“无结果”的有效天数"},
    )  # fmt: skip
    refresh_days: int | None = Field(
        None, ge=1, description="Look customers up anew, inside the budget, when their snapshot is so many days old; "
        "empty: only when somebody asks",
        json_schema_extra={"zh": "工商快照满多少天后在预算内自动更新；留空则仅在人工执行时更新"},
    )  # fmt: skip


class Registry(ABC):
    """The paid calls. Errors: ``NegativeResult`` there is none; ``Rejected`` the question was refused and is billed;
    ``NeedsConsent`` credentials, rights or credit are missing; ``Transient`` certainly not answered and not billed;
    ``OutcomeUnknown`` the answer was lost, so it may be billed; ``NotReady`` the same, with the time before which the
    question, or with ``whole`` any, is not asked again."""

    @abstractmethod
    def search(self, text: str) -> Sequence[Company]:
        """The first page of companies whose name looks like ``text``, best first; ``NegativeResult`` for none."""

    @abstractmethod
    def fetch(self, key: str) -> Company:
        """One company by its credit code or its exact name."""


STATUS_WORDS: tuple[tuple[CompanyStatus, tuple[str, ...]], ...] = (
    (CompanyStatus.CANCELLED, ("注销", "已告解散", "除名")),
    (CompanyStatus.REVOKED, ("吊销",)),
    (CompanyStatus.LIQUIDATION, ("清算",)),
    (CompanyStatus.MOVED, ("迁出",)),
    (CompanyStatus.SUSPENDED, ("停业", "歇业", "责令关闭", "撤销")),
    (CompanyStatus.ACTIVE, ("存续", "在业", "开业", "在营", "正常", "仍注册")),
)
"""Which words stand for which status; the first that is found counts, but 未注销 is not 注销."""
CURRENCIES = (
    ("人民币", "CNY"), ("美元", "USD"), ("港元", "HKD"), ("港币", "HKD"), ("欧元", "EUR"), ("日元", "JPY"),
    ("英镑", "GBP"), ("新台币", "TWD"), ("韩元", "KRW"), ("新加坡元", "SGD"),
)  # fmt: skip
"""The words for currencies in a capital, and their ISO codes."""
_CAPITAL = re.compile(r"([\d,]+(?:\.\d+)?)\s*(万|亿)?\s*(?:元)?\s*(.*)")
_UNITS = {"万": Decimal(10_000), "亿": Decimal(100_000_000)}
_CHINA = ZoneInfo("Asia/Shanghai")


def read_status(text: str) -> CompanyStatus:
    """The status behind a registry's words."""
    plain = text.replace("未注销", "")
    return next(
        (status for status, words in STATUS_WORDS if any(word in plain for word in words)), CompanyStatus.UNKNOWN
    )


def parse_capital(text: str) -> tuple[Decimal | None, str]:
    """Amount in whole units, and ISO code of the currency, of a text such as ``1142489.479万人民币``; (None, "") for
    what is no amount. Without a word for the currency it is CNY."""
    found = _CAPITAL.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None, ""
    try:
        amount = Decimal(found[1].replace(",", "")) * _UNITS.get(found[2] or "", Decimal(1))
    except InvalidOperation:
        return None, ""
    words = found[3].strip("() ")
    if words in ("", "元"):
        return amount, "CNY"
    return amount, next((code for word, code in CURRENCIES if word in words), "")


def split_names(text: str) -> tuple[str, ...]:
    """Several names in one text, apart by ``;`` of any width, with tabs or spaces around."""
    return tuple(name for part in re.split(r"[;；\t\n]+", text) if (name := part.strip()))


def find_owner(shares: Iterable[tuple[str, object]]) -> str:
    """Who holds more than half, of names and their percentages as they came (``60%``, ``60.0000``); several rows of one
    name count together. Empty where nobody does, and where a percentage cannot be read."""
    held: dict[str, Decimal] = {}
    for name, told in shares:
        try:
            share = Decimal(str(told or 0).replace("%", "").strip() or 0)
        except InvalidOperation:
            return ""
        held[name.strip()] = held.get(name.strip(), Decimal(0)) + share
    return next((name for name, share in held.items() if name and share > 50), "")


def read_day(value: object) -> date | None:
    """A day as registries write it: a date text with or without a time, or milliseconds since 1970 (as the day in
    China); None for nothing, and for what is no day."""
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value / 1000, UTC).astimezone(_CHINA).date() if value else None
    text = str(value or "").strip()[:10].replace("/", "-")
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


__all__ = [
    "CURRENCIES",
    "STATUS_WORDS",
    "Api",
    "Company",
    "CompanyStatus",
    "Registry",
    "RegistryConfig",
    "find_owner",
    "parse_capital",
    "read_day",
    "read_status",
    "split_names",
]
