"""Adding connections and syncs: try first, then edit ``isthmus.toml``, then publish. A refusal changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from tomlkit import TOMLDocument

from hub.errors import ConfigInvalid
from hub.model.refusal import explain_refusal
from hub.runtime.assemble import Outfit, make_connector
from hub.runtime.clock import SystemClock
from hub.runtime.editing import read_document, set_connection, set_sync, write_text
from hub.runtime.home import Home
from hub.runtime.plugins import load_connector
from hub.runtime.publish import Published, check_config, publish
from hub.runtime.secrets import Vault
from hub.runtime.settings import check_connection_name
from hub.sdk import CheckItem
from hub.store import Store
from hub.sync.config import ConnectionSettings


def try_connection(home: Home, name: str, connector: str, zone: str, values: Mapping[str, Any]) -> Sequence[CheckItem]:
    """What ``check`` finds with these values (secrets resolved), before anything is saved."""
    kind_of = load_connector(connector, home)
    settings = _check_values(name, connector, zone, kind_of.Config, values)
    instance = make_connector(name, settings, kind_of, values, Outfit())
    try:
        return instance.check()
    finally:
        instance.close()


def _check_values(
    name: str, connector: str, zone: str, model: type[BaseModel], values: Mapping[str, Any]
) -> ConnectionSettings:
    """The settings, or ``ConfigInvalid`` that names the one that is refused (never its value, it may be a secret)."""
    check_connection_name(name)
    try:
        settings = ConnectionSettings(connector=connector, zone=zone)
        model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "-"
        raise ConfigInvalid("runtime.setting_refused", connection=name, key=key, what=explain_refusal(first)) from error
    return settings


def save_connection(
    home: Home, vault: Vault, name: str, values: Mapping[str, Any], typed: Mapping[str, str], actor: str
) -> Published:
    """Write ``[connections.NAME]``; secrets that were typed become rows and references to them."""
    references = {key: f"secret:{name}.{key}" for key in typed}
    document = read_document(home.require().config_file)
    set_connection(document, name, {**values, **references})
    _check_document(home, name, document)
    for key, value in typed.items():
        vault.put(f"{name}.{key}", value, actor)
    return _write_and_publish(home, vault.store, document, actor)


def _check_document(home: Home, connection: str, document: TOMLDocument) -> None:
    """What is about to be saved. A refusal names no line: what was just said stands in no file."""
    before = read_document(home.config_file).as_string()
    try:
        check_config(home, document.as_string())
    except ConfigInvalid as error:
        if error.code != "runtime.config_invalid" or _is_refused(home, before):
            raise
        key, what = error.params.get("key"), error.params.get("what")
        raise ConfigInvalid("runtime.setting_refused", connection=connection, key=key, what=what) from error


def _is_refused(home: Home, text: str) -> bool:
    """Whether the file was wrong before: then its line helps."""
    try:
        check_config(home, text)
    except ConfigInvalid:
        return True
    return False


def save_sync(home: Home, store: Store, connection: str, kind: str, values: Mapping[str, Any], actor: str) -> Published:
    """Write ``[connections.NAME.syncs.KIND]``."""
    document = read_document(home.require().config_file)
    set_sync(document, connection, kind, values)
    _check_document(home, connection, document)
    return _write_and_publish(home, store, document, actor)


def _write_and_publish(home: Home, store: Store, document: TOMLDocument, actor: str) -> Published:
    write_text(home.config_file, document.as_string())
    return publish(home, store, SystemClock(), actor)
