"""The published configuration, as every worker reads it. Authored in ``isthmus.toml`` (``hub.runtime.settings``)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator, model_validator

from hub.crm.custom import CustomField
from hub.crm.ledger import LedgerSettings
from hub.locale import Phrase
from hub.model.values import Currency, Value
from hub.protocol.semantics import Amend, Confirm, Direction, Owner
from hub.sync.notify_config import NotifySettings


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError) as error:
        raise ValueError(Phrase("sync.zone_unknown")) from error
    return name


class OrganisationSettings(Value):
    """Our own legal entity; documents without one belong to it."""

    name: str = "My company"
    """Its registered name."""
    currency: Currency = "CNY"
    """The base currency (ISO 4217): amounts in others are also kept in this one."""
    zone: str = "Asia/Shanghai"
    """Its time zone: it decides which day a moment belongs to."""
    closed_through: date | None = None
    """Last day of the closed accounting periods (结账日): deliveries, invoices and payments dated up to then are
    neither changed here nor written anywhere until it is moved back."""
    language: Literal["zh", "en"] = "zh"
    """The language of texts that the hub itself writes into records, such as the subject of a reminder."""

    _zone = field_validator("zone")(_check_zone)


class GuardSettings(Value):
    """When a diff is too large to be taken for granted. Shares are of the records of the kind that are bound there."""

    lost: Decimal = Field(default=Decimal("0.1"), ge=0, le=1)
    """Share that may be voided, deleted, no longer found, or lose the value of a field."""
    changed: Decimal = Field(default=Decimal("0.3"), ge=0, le=1)
    """Share that may get other values in place of what was there."""
    minimum: int = Field(default=20, ge=0)
    """So few are never too much."""


class SyncSettings(Value):
    """One sync: (connection, kind). The defaults are the safe ones."""

    direction: Direction = Direction.BOTH
    """Read and write, read only, or write only."""
    confirm: Confirm = Confirm.SAVE
    """Who makes what the hub writes count: people submit and approve its draft, people approve what it submitted, or
    the hub approves."""
    amend: Amend | None = None
    """What happens to an edit of a document that its state there no longer allows; left out, what the connector
    declares."""
    create: bool = False
    """Make customers and products there that could neither be matched nor carry a valid identifier."""
    start_date: date | None = None
    """Documents dated earlier are never written there."""
    every_s: int | None = Field(default=None, ge=5)
    """How often the sync runs; left out, only when somebody runs it."""
    owners: dict[str, Owner] = {}
    """Whose value of a field holds: field = owner. Wins over the mapping's own table."""
    remote_wins: bool = True
    """Which side a field edited on both sides takes for now; a conflict keeps both values for a person."""
    read_check_write: tuple[str, ...] = ()
    """Shared fields that the admin allows on a system without compare-and-set."""
    guard: GuardSettings = GuardSettings()
    expect_change_every_s: int | None = Field(default=None, ge=60)
    """A stream without news for longer is reported as silent; left out, learned from its longest silences."""
    cursor_kept_s: int | None = Field(default=None, ge=60)
    """How long the other system remembers a cursor; one that gets near it is reported."""


class ConnectionSettings(Value):
    """One configured account of a connector. ``config`` holds secrets only as references
    (``env:NAME``, ``file:PATH``, ``secret:NAME``)."""

    connector: str
    """Name of the connector; its own keys stand beside this one."""
    config: dict[str, Any] = {}
    zone: str = "Asia/Shanghai"
    """The zone of times that the system sends without one."""
    codes: dict[str, dict[str, str]] = {}
    """Code tables: table → their code = our value."""
    rounding: Literal["line", "document", "line-half-even", "document-half-up"] | None = None
    """How the system rounds tax, in the smallest unit of the document's currency: ``line`` (each line, half up),
    ``document`` (each rate of a document, half even), ``line-half-even`` or ``document-half-up``; left out, what the
    connector declares."""
    tolerance: Decimal | None = None
    """By how much the total there may differ from what its lines add up to; left out, what the connector declares."""
    calls_per_s: Decimal | None = Field(default=None, gt=0, le=10_000)
    """At most so many calls in any second, over all workers; 0.5 is one in two seconds. None: what the connector
    knows of its vendor."""
    calls_per_day: int | None = Field(default=None, gt=0)
    """At most so many calls a day in ``zone``; then the connection rests until midnight there. None: likewise."""
    takes_unnamed: bool = False
    """Of several connections to organisations of one account, the one that makes what names no organisation."""
    syncs: dict[str, SyncSettings] = {}
    """One table for each kind that this connection keeps in step."""
    mappings: dict[str, tuple[tuple[str, str], ...]] = {}
    """Kind → layers after the shipped one, as (file name for messages, TOML text)."""

    _zone = field_validator("zone")(_check_zone)


class BandSettings(Value):
    """From which weight on two records of two sources are merged, or asked about. Points; ten double the odds."""

    merge: int | None = None
    """From so many points on they are merged without a person; 1000 is never reached. Left out, as everywhere."""
    review: int | None = None
    """From so many points on a person is asked; below they are two. Left out, as everywhere."""

    @model_validator(mode="after")
    def _check_order(self) -> BandSettings:
        if self.merge is not None and self.review is not None and self.merge < self.review:
            raise ValueError(Phrase("identity.bands_crossed", merge=self.merge, review=self.review))
        return self


Bands = dict[str, dict[str, BandSettings]]


class IdentitySettings(Value):
    """Which records are the same customer, or the same person."""

    merge: bool = True
    """Merge without a person what is beyond doubt; false: ask about that too."""
    prefer: dict[str, dict[str, Literal["newest", "complete", "verified"] | tuple[str, ...]]] = {}
    """Kind → field (``*``: all others) = which of several sources holds where none decides the field: the ``newest``
    change, the most ``complete`` value, what a business registry ``verified``, or names of connections, the best first
    (``hub``: edits made here)."""
    common: int = Field(default=200, ge=2)
    """A telephone number, a name or a domain that more records than this carry says nothing about who is who."""
    hold: tuple[str, ...] = ()
    """Connections (``*``: all) whose new customers and contacts wait in ``todo`` when they could be ones that are here;
    those of others come in and are asked about afterwards."""
    bands: dict[Literal["account", "contact"], Bands] = {}
    """Kind → connection → connection = ``merge`` and ``review`` for records of these two, in either order (``hub``:
    made here; ``*``: any). Where several fit, the most careful holds of each."""

    @field_validator("bands")
    @classmethod
    def _check_pairs(cls, bands: Mapping[str, Bands]) -> Mapping[str, Bands]:
        for rows in bands.values():
            for one, row in rows.items():
                for other in row:
                    if one != other and one in rows.get(other, {}):
                        raise ValueError(Phrase("identity.bands_twice", one=one, other=other))
        return bands


class HubConfig(Value):
    """Everything that an admin configures."""

    organisation: OrganisationSettings = OrganisationSettings()
    """Our own legal entity."""
    connections: dict[str, ConnectionSettings] = {}
    """One table for each account of another system."""
    custom_fields: tuple[CustomField, ...] = ()
    """Fields of your own (自定义字段)."""
    notify: NotifySettings = NotifySettings()
    """Whom the hub tells what waits."""
    identity: IdentitySettings = IdentitySettings()
    """What is merged without a person."""
    ledgers: dict[str, LedgerSettings] = {}
    """One table for each ledger (账簿) that vouchers are made for."""

    @field_validator("custom_fields")
    @classmethod
    def _check_once(cls, fields: tuple[CustomField, ...]) -> tuple[CustomField, ...]:
        seen = set()
        for field in fields:
            if (field.kind, field.name) in seen:
                raise ValueError(Phrase("crm.custom_twice", kind=field.kind, field=field.name))
            seen.add((field.kind, field.name))
        return fields

    @field_validator("identity")
    @classmethod
    def _check_sources(cls, identity: IdentitySettings, told: ValidationInfo) -> IdentitySettings:
        """A misspelt name would be a limit that never holds."""
        connections = {*told.data.get("connections", {}), "*"}
        for rows in identity.bands.values():
            for row in rows.values():
                _check_known((*rows, *row), {*connections, "hub"})
        _check_known(identity.hold, connections)
        return identity


def _check_known(names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(Phrase("identity.bands_of_nobody", name=name, known=", ".join(sorted(known))))
