"""What every use case works with: the store, the configuration, the open connections, and all that is injectable."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.crm.actions import Moment
from hub.errors import ConfigInvalid, NeedsConsent, OutcomeUnknown, Transient
from hub.mapping import Mapping as FieldMapping
from hub.model.ids import make_uuid7
from hub.protocol.reference import PREFIX
from hub.protocol.semantics import Owner, Policy, Timing
from hub.sdk import Clock, Connector, Sink, Stream
from hub.sdk.webhooks import Receiver
from hub.store import Store
from hub.sync.config import ConnectionSettings, HubConfig, SyncSettings


def _do_nothing() -> None:
    """Nothing was borrowed, nobody wants to know."""


@dataclass(frozen=True)
class OpenConnection:
    """A connection ready for use: its connector instance, compiled mappings and policies by kind."""

    name: str
    settings: ConnectionSettings
    connector: Connector
    streams: Mapping[str, Stream]
    sinks: Mapping[str, Sink]
    mappings: Mapping[str, FieldMapping]
    policies: Mapping[str, Policy]
    codes: Mapping[str, Mapping[str, str]]
    on_close: Callable[[], None] = _do_nothing
    """Gives back what was borrowed for the connection."""
    receiver: Receiver | None = None
    """Takes the calls that the system makes to us."""

    def close(self) -> None:
        """End the connector's sessions; what it borrowed is given back."""
        self.connector.close()
        self.on_close()

    def stream_of(self, kind: str) -> Stream:
        """The stream that the mapping of ``kind`` reads."""
        name = self.mapping_of(kind).stream
        if name not in self.streams:
            raise ConfigInvalid("sync.stream_unknown", connection=self.name, kind=kind, stream=name)
        return self.streams[name]

    def load_codes(self) -> None:
        """Ask the system for its code tables now, so that no transaction has to wait for them later."""
        len(self.codes)

    def with_codes(self) -> OpenConnection:
        """The same for people who only want to look: its code tables are at hand, while the system is away the
        configured ones alone. Not inside a transaction."""
        try:
            self.load_codes()
        except (Transient, NeedsConsent, OutcomeUnknown):
            return replace(self, codes=self.settings.codes)
        return self

    def mapping_of(self, kind: str) -> FieldMapping:
        if kind not in self.mappings:
            raise ConfigInvalid("sync.mapping_missing", connection=self.name, kind=kind)
        return self.mappings[kind]


@dataclass
class Wave:
    """Updates of one sync that were looked at as a whole: ``left`` of them may be written until then."""

    until: datetime
    left: int


Opener = Callable[[str], OpenConnection]


def _no_checkpoint(name: str) -> None:
    """Tests put a crash here; the product does nothing."""


def _no_hint(binding_ids: Sequence[UUID]) -> None:
    """Without a broker the poller finds due rows by itself."""


@dataclass
class Hub:
    """Handed to every use case. Clock, randomness, HTTP transport (inside the connectors), broker (``hint``) and
    ``checkpoint`` are injectable."""

    store: Store
    config: HubConfig
    opener: Opener
    clock: Clock
    random: random.Random
    installation: str
    """Three characters that tell this hub from any other on the same systems."""
    hint: Callable[[Sequence[UUID]], object] = _no_hint
    checkpoint: Callable[[str], None] = _no_checkpoint
    timing: Timing = field(default_factory=Timing)
    page_size: int = 500
    waves: dict[tuple[str, str], Wave] = field(default_factory=dict)
    """(connection, kind) → updates that may be written without looking at all that wait (``hub.sync.guards``)."""
    bases: dict[tuple[str, str], str] = field(default_factory=dict)
    """(connection, kind) → digest of what decides how its records are read (``hub.sync.known``)."""
    on_close: Callable[[], object] = _do_nothing
    """Called when the hub is closed."""
    _open: dict[str, OpenConnection] = field(default_factory=dict)

    def open(self, connection: str) -> OpenConnection:
        """The connection, opened once for each hub object."""
        if connection not in self._open:
            self.settings_of(connection)
            self._open[connection] = self.opener(connection)
        return self._open[connection]

    def close(self) -> None:
        """Close what was opened; the store belongs to the caller."""
        for opened in self._open.values():
            opened.close()
        self._open.clear()
        self.on_close()

    def settings_of(self, connection: str) -> ConnectionSettings:
        found = self.config.connections.get(connection)
        if found is None:
            known = ", ".join(sorted(self.config.connections)) or "-"
            raise ConfigInvalid("sync.connection_unknown", connection=connection, known=known)
        return found

    def sync_of(self, connection: str, kind: str) -> SyncSettings:
        found = self.settings_of(connection).syncs.get(kind)
        if found is None:
            raise ConfigInvalid("sync.sync_unknown", connection=connection, kind=kind)
        return found

    def now(self) -> datetime:
        return self.clock.now()

    def new_id(self) -> UUID:
        return make_uuid7(self.clock.now(), self.random.getrandbits(74))

    def zone_of(self, connection: str) -> ZoneInfo:
        return ZoneInfo(self.settings_of(connection).zone)

    def moment(self, actor: str) -> Moment:
        """Now, as rules take it."""
        now = self.clock.now()
        return Moment(now, now.astimezone(ZoneInfo(self.config.organisation.zone)).date(), actor)

    @property
    def ref_prefix(self) -> str:
        """How every reference of this hub starts."""
        return PREFIX + self.installation

    def preferences_of(self, kind: str) -> Mapping[str, str | Sequence[str]]:
        """Which source of a field is preferred where none decides it."""
        return self.config.identity.prefer.get(kind, {})

    def owner_of(self, connection: str, kind: str, name: str) -> Owner:
        """Whose value of a field holds, seen from one connection; a connection that is gone owns nothing."""
        settings = self.config.connections.get(connection)
        if settings is None or kind not in settings.syncs:
            return Owner.SHARED
        return self.open(connection).policies[kind].owner_of(name)


Json = Mapping[str, Any]
