"""Who we deal with, and who we are."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from hub.model.base import Entity, Line
from hub.model.pool import Pooled
from hub.model.values import Currency, Ref


class IdentifierKind(StrEnum):
    USCC = "uscc"
    """统一社会信用代码, GB 32100-2015."""
    LEI = "lei"
    VAT = "vat"
    OTHER = "other"


class Validity(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    UNCHECKED = "unchecked"


class Identifier(Line):
    """A code that an authority gave. Only a valid one is a key; an invalid one is kept and shown."""

    INDEX: ClassVar[tuple[tuple[str, ...], ...]] = (("value",),)

    kind: IdentifierKind
    value: str
    validity: Validity = Validity.UNCHECKED


class Address(Line):
    kind: str = "main"
    country: str = ""
    province: str = ""
    city: str = ""
    street: str = ""
    postal_code: str = ""


class Standing(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


class AccountState(StrEnum):
    PROSPECT = "prospect"
    ACTIVE = "active"
    INACTIVE = "inactive"


class Organisation(Entity):
    """A legal entity of ours (法人主体, 销售组织); every document carries one."""

    KIND: ClassVar[str] = "organisation"
    NUMBER: ClassVar[str] = "name"

    name: str
    currency: Currency = "CNY"
    zone: str = "Asia/Shanghai"
    identifiers: tuple[Identifier, ...] = ()
    state: Standing = Standing.ACTIVE


class User(Entity):
    """A colleague (业务员, 负责人)."""

    KIND: ClassVar[str] = "user"
    NUMBER: ClassVar[str] = "name"
    FOLDED: ClassVar[tuple[str, ...]] = ("email",)

    name: str
    email: str = ""
    mobile: str = ""
    state: Standing = Standing.ACTIVE


class Account(Pooled):
    """A company or sole trader that buys from us (客户)."""

    KIND: ClassVar[str] = "account"
    FOLDED: ClassVar[tuple[str, ...]] = ("email",)
    DERIVED: ClassVar[frozenset[str]] = Pooled.OWNERSHIP

    name: str
    number: str = ""
    """The company's own customer number (客户编码)."""
    state: AccountState = AccountState.ACTIVE
    identifiers: tuple[Identifier, ...] = ()
    addresses: tuple[Address, ...] = ()
    phone: str = ""
    email: str = ""
    website: str = ""
    note: str = ""
    parent_id: Annotated[UUID | None, Ref("account")] = None
    """The company that owns this one (母公司)."""
    branch_of_id: Annotated[UUID | None, Ref("account")] = None
    """The legal entity that this one is a branch of (分公司 of 总公司)."""
    organisation_id: Annotated[UUID | None, Ref("organisation")] = None


class ContactLink(Line):
    """That a person works for, or speaks for, an account."""

    DISTINCT: ClassVar[tuple[str, ...]] = ("account_id",)

    account_id: Annotated[UUID, Ref("account")]
    role: str = ""
    primary: bool = False


class Contact(Entity):
    """A person (联系人)."""

    KIND: ClassVar[str] = "contact"
    NUMBER: ClassVar[str] = "name"
    FOLDED: ClassVar[tuple[str, ...]] = ("email",)
    DERIVED: ClassVar[frozenset[str]] = frozenset({"undeliverable"})

    name: str
    mobile: str = ""
    phone: str = ""
    email: str = ""
    undeliverable: str = ""
    """Why mails to ``email`` come back (退信原因); empty as far as is known they arrive. Another address clears it."""
    title: str = ""
    note: str = ""
    links: tuple[ContactLink, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    state: Standing = Standing.ACTIVE
