"""Putting a hub together: store, published configuration, open connections with mappings and policies."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx

from hub.errors import Duplicate, Transient, conceal, keep_secret
from hub.mapping import Mapping as FieldMapping
from hub.mapping import MappingSource, compile_mapping, merge_layers, parse_mapping
from hub.protocol.reference import ALPHABET, INSTALLATION_LENGTH
from hub.protocol.semantics import Policy, Timing
from hub.protocol.timing import check_timing
from hub.runtime.budget import Budgets, SharedBudget
from hub.runtime.clock import SystemClock
from hub.runtime.defects import guard, guard_functions
from hub.runtime.home import Home
from hub.runtime.logs import write_log
from hub.runtime.plugins import find_mapping_files, load_connector, register_catalogues
from hub.runtime.presence import find_presence
from hub.runtime.recovery import recover_all
from hub.runtime.secrets import Vault, read_tokens
from hub.runtime.settings import secret_fields
from hub.sdk import Budget, CallLimits, Clock, Connector, NoBudget, Sink, Stream, Tools
from hub.store import Store, UnitOfWork
from hub.store.rows import ConfigVersion, Enclosure, Setting
from hub.sync.config import ConnectionSettings, HubConfig
from hub.sync.context import Hub, OpenConnection
from hub.sync.policy import build_policy

INSTALLATION = "installation"
Hint = Callable[[Sequence[UUID]], object]


@dataclass(frozen=True)
class Outfit:
    """What a test may replace: time, chance, the network, crash points and the time bounds."""

    clock: Clock = field(default_factory=SystemClock)
    random: random.Random = field(default_factory=random.SystemRandom)
    transport: httpx.BaseTransport | None = None
    checkpoint: Callable[[str], None] | None = None
    timing: Timing = field(default_factory=Timing)
    budgets: Budgets = field(default_factory=lambda: Budgets(holder=uuid4().hex))
    """Shared by every hub that is opened with this outfit: all threads of a process."""


def open_store(home: Home, clock: Clock | None = None, *, create: bool = False) -> Store:
    """The database of a home, brought to the newest schema. ``create``: an SQLite file that is missing is made; else it
    is an error, because whoever has a home has had one."""
    password = urlsplit(home.database_url).password
    if password:
        keep_secret(unquote(password))
    store = Store.open(home.require_database(), clock=clock or SystemClock(), create=create)
    store.migrate()
    return store


def open_hub(home: Home, *, outfit: Outfit | None = None, hint: Hint | None = None, store: Store | None = None) -> Hub:
    """A hub over the published configuration. The caller ends it with :func:`close_hub`; use one in one thread."""
    outfit = outfit or Outfit()
    check_timing(outfit.timing)
    register_catalogues(home)
    store = store or open_store(home, outfit.clock)
    with store.read() as tx:
        config, tokens = read_config(tx), read_tokens(tx)
    vault = Vault(home, store, outfit.clock, tokens)
    hub = Hub(
        store=store,
        config=config,
        opener=Opening(home, vault, config, outfit).open,
        clock=outfit.clock,
        random=outfit.random,
        installation=ensure_installation(store, outfit.random),
        timing=outfit.timing,
    )
    if hint is not None:
        hub.hint = hint
    if outfit.checkpoint is not None:
        hub.checkpoint = outfit.checkpoint
    presence = find_presence(store)
    if presence is not None:
        presence.join(when_alone=functools.partial(recover_all, hub))
        hub.on_close = presence.leave
    return hub


def close_hub(hub: Hub) -> None:
    """Close its connections and its store."""
    hub.close()
    hub.store.close()


def newest_version(tx: UnitOfWork) -> ConfigVersion | None:
    """The published configuration that is in force, or None before the first one."""
    found = tx.find(ConfigVersion, order=["-number"], limit=1)
    return found[0] if found else None


def read_config(tx: UnitOfWork) -> HubConfig:
    """The configuration in force; an empty one before the first was published."""
    newest = newest_version(tx)
    return HubConfig.model_validate(newest.body) if newest else HubConfig()


def ensure_installation(store: Store, chance: random.Random) -> str:
    """The three characters that tell this hub from any other; drawn once and kept for ever."""
    with store.read() as tx:
        kept = tx.get(Setting, name=INSTALLATION)
    if kept is None:
        drawn = "".join(chance.choice(ALPHABET) for _ in range(INSTALLATION_LENGTH))
        try:
            with store.write() as tx:
                kept = tx.get(Setting, name=INSTALLATION) or Setting(name=INSTALLATION, value=drawn)
                if kept.value == drawn:
                    tx.insert(kept)
        except Duplicate:  # another process was faster: its id is the one
            with store.read() as tx:
                kept = tx.get(Setting, name=INSTALLATION)
    if kept is None:
        raise RuntimeError("the installation id vanished while it was being made")
    return str(kept.value)


@dataclass(frozen=True)
class Opening:
    """Opens the connections of one configuration."""

    home: Home
    vault: Vault
    config: HubConfig
    outfit: Outfit

    def open(self, name: str) -> OpenConnection:
        """The connection with its secrets resolved; nothing is sent yet."""
        settings = self.config.connections[name]
        kind_of = load_connector(settings.connector, self.home)
        secrets = secret_fields(kind_of.Config)
        values = self.vault.resolve_config(settings.config, secrets)
        zone, limits = ZoneInfo(settings.zone), choose_limits(settings, kind_of)
        budget = self.outfit.budgets.lend(name, self.vault.store, self.outfit.clock, zone, limits, self.vault)
        connector = make_connector(name, settings, kind_of, values, self.outfit, budget, self._read_file)
        opened = equip_connection(name, settings, connector, self.outfit.timing)
        return replace(opened, on_close=lambda: _give_back(budget))

    def _read_file(self, digest: str) -> bytes | None:
        with self.vault.store.read() as tx:
            found = tx.get(Enclosure, digest=digest)
        return found.body if found is not None else None


def _give_back(budget: SharedBudget) -> None:
    """A database that is away now must not fail what was done already: what was borrowed counts as used."""
    try:
        budget.give_back()
    except Transient as error:
        write_log("budget.kept", connection=budget.connection, code=error.code)


def choose_limits(settings: ConnectionSettings, kind_of: type[Connector]) -> CallLimits:
    """The admin's numbers, else what the connector knows of its vendor."""
    known = kind_of.choose_limits(settings.config)
    per_s, per_day = settings.calls_per_s or known.per_s, settings.calls_per_day or known.per_day
    return CallLimits(per_s, per_day, known.per_minute)


def make_connector(
    name: str,
    settings: ConnectionSettings,
    kind_of: type[Connector],
    values: Mapping[str, Any],
    outfit: Outfit,
    budget: Budget | None = None,
    read_file: Callable[[str], bytes | None] = lambda digest: None,
) -> Connector:
    """One instance of the connector, with the tools that the hub lends it. Without a ``budget`` it is only tried:
    its calls are not counted."""
    tools = Tools(
        clock=outfit.clock,
        random=outfit.random,
        zone=ZoneInfo(settings.zone),
        transport=outfit.transport,
        http_total_s=outfit.timing.http_total_s,
        log=lambda line: write_log("connector", connection=name, line=conceal(line)),
        budget=budget or NoBudget(),
        read_file=read_file,
    )
    return kind_of(kind_of.Config.model_validate(values), tools)


def equip_connection(name: str, settings: ConnectionSettings, connector: Connector, timing: Timing) -> OpenConnection:
    """Streams, sinks, compiled mappings and checked policies around a connector."""
    streams = {key: guard(stream, name) for key, stream in connector.streams().items()}
    sinks = {kind: guard(sink, name) for kind, sink in connector.sinks().items()}
    mappings = compile_mappings(settings, connector)
    receiver = connector.receiver()
    return OpenConnection(
        name=name,
        settings=settings,
        connector=connector,
        streams=streams,
        sinks=sinks,
        mappings=mappings,
        policies=_build_policies(name, settings, streams, sinks, mappings, timing),
        codes=CodeTables(connector, settings.codes),
        receiver=guard(receiver, name) if receiver is not None else None,
    )


def compile_mappings(settings: ConnectionSettings, connector: Connector) -> dict[str, FieldMapping]:
    """Kind → compiled mapping: the shipped file, then the layers of the site."""
    files = find_mapping_files(settings.connector, type(connector))
    functions = guard_functions(connector.functions(), settings.connector)
    return {
        kind: compile_mapping(read_mapping(settings, files, kind), kind, functions)
        for kind in sorted({*files, *settings.mappings})
    }


def read_mapping(settings: ConnectionSettings, shipped: Mapping[str, Path], kind: str) -> MappingSource:
    """The rules of one kind after all layers, not judged yet; ``MappingInvalid`` for a file that cannot be read."""
    layers = [(f"{settings.connector}/{kind}.toml", shipped[kind].read_text("utf-8"))] if kind in shipped else []
    return merge_layers([parse_mapping(text, name) for name, text in (*layers, *settings.mappings.get(kind, ()))])


def _build_policies(
    name: str,
    settings: ConnectionSettings,
    streams: Mapping[str, Stream],
    sinks: Mapping[str, Sink],
    mappings: Mapping[str, FieldMapping],
    timing: Timing,
) -> dict[str, Policy]:
    policies = {}
    for kind, sync in settings.syncs.items():
        if kind in mappings:
            semantics = sinks[kind].semantics if kind in sinks else None
            stream = streams.get(mappings[kind].stream)
            reads = stream.semantics if stream is not None else None
            policies[kind] = build_policy(name, kind, sync, semantics, mappings[kind], timing, reads)
    return policies


class CodeTables(Mapping[str, Mapping[str, str]]):
    """Code tables of a connection: the configured codes over those that the system itself tells.

    The system is asked when a table is first needed, so that opening a connection sends nothing.
    """

    def __init__(self, connector: Connector, configured: Mapping[str, Mapping[str, str]]) -> None:
        self._connector = connector
        self._configured = configured
        self._merged: dict[str, dict[str, str]] | None = None

    def _tables(self) -> dict[str, dict[str, str]]:
        if self._merged is None:
            told = self._connector.code_tables()
            names = {*told, *self._configured}
            self._merged = {name: {**told.get(name, {}), **self._configured.get(name, {})} for name in names}
        return self._merged

    def __getitem__(self, name: str) -> Mapping[str, str]:
        return self._tables()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables())

    def __len__(self) -> int:
        return len(self._tables())
