"""Publishing the configuration: check everything, then put a numbered version into the database for every worker."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from hub.errors import ConfigInvalid, NeedsConsent, Transient
from hub.runtime.assemble import Outfit, equip_connection, make_connector, newest_version
from hub.runtime.home import Home
from hub.runtime.plugins import load_connector
from hub.runtime.settings import (
    CodeTexts,
    check_connector_config,
    parse_config,
    read_code_files,
    read_layers,
    read_text,
)
from hub.store import Clock, Store
from hub.store.rows import ConfigVersion
from hub.sync.config import ConnectionSettings, HubConfig


@dataclass(frozen=True)
class Published:
    """Which version is in force now, and whether this call made it. ``unchecked`` connections could not be asked what
    they can do, so their syncs are checked when they are opened."""

    number: int
    changed: bool
    unchecked: tuple[str, ...] = ()


def publish(home: Home, store: Store, clock: Clock, actor: str, text: str | None = None) -> Published:
    """``apply``: check file, connector settings, mappings and policies; publish a new version if anything changed.

    ``text`` is what the file is about to hold, when a command edits it.
    """
    config, unchecked = check_config(home, text)
    digest = take_digest(config)
    with store.write() as tx:
        newest = newest_version(tx)
        if newest is not None and newest.digest == digest:
            return Published(newest.number, False, unchecked)
        number = newest.number + 1 if newest else 1
        body = config.model_dump(mode="json")
        now = clock.now()
        tx.insert(ConfigVersion(number=number, body=body, digest=digest, published_at=now, published_by=actor))
        tx.journal(actor, "config.publish", number=number, digest=digest)
    return Published(number, True, unchecked)


def check_config(
    home: Home, text: str | None = None, codes: CodeTexts | None = None
) -> tuple[HubConfig, tuple[str, ...]]:
    """The checked configuration, and the connections whose system could not be asked. ``text`` and ``codes`` are what
    isthmus.toml and the files with code tables are about to hold."""
    path = home.require().config_file
    text = read_text(path) if text is None else text
    config = parse_config(text, path, read_layers(home), read_code_files(home) if codes is None else codes)
    _check_targets(config)
    unchecked = []
    for name, settings in config.connections.items():
        check_connector_config(name, settings, load_connector(settings.connector, home).Config, text, path)
        try:
            _check_connection(home, name, settings)
        except (Transient, NeedsConsent):
            unchecked.append(name)
    return config, tuple(unchecked)


def _check_targets(config: HubConfig) -> None:
    """A target that tells by a connection names one that is there."""
    for name, target in config.notify.targets.items():
        if target.connection and target.connection not in config.connections:
            known = ", ".join(sorted(config.connections)) or "-"
            told = {"target": name, "connection": target.connection, "known": known}
            raise ConfigInvalid("runtime.notify_unknown_connection", **told)


def _check_connection(home: Home, name: str, settings: ConnectionSettings) -> None:
    """Compile its mappings and build its policies, with the references themselves in the place of secrets."""
    connector = make_connector(name, settings, load_connector(settings.connector, home), settings.config, Outfit())
    try:
        opened = equip_connection(name, settings, connector, Outfit().timing)
        for kind in settings.syncs:
            if kind not in opened.mappings:
                raise ConfigInvalid(
                    "runtime.sync_without_mapping", connection=name, kind=kind, known=", ".join(opened.mappings)
                )
    finally:
        connector.close()


def take_digest(config: HubConfig) -> str:
    """The same for the same configuration, whatever the order of its tables."""
    body = json.dumps(config.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(body.encode()).hexdigest()
