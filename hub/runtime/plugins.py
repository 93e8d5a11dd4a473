"""Connectors, found in three places and let in through one door (the pluggy hook ``isthmus_connector``).

Built-in ones are the folders of the package ``connectors``, the admin's own those of ``HOME/connectors``, others come
from installed packages by the entry-point group ``isthmus.connectors``. Only the connector that is asked for is
imported. A folder or entry point has the connector's name.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import pluggy

from hub.errors import ConfigInvalid, NotFound
from hub.locale import add_catalogue
from hub.runtime.home import Home
from hub.runtime.settings import OWN_KEYS
from hub.sdk import Connector, hooks
from hub.sync import shipped

ENTRY_POINTS = "isthmus.connectors"
SITE_PACKAGE = "isthmus_site_connectors"


@dataclass(frozen=True)
class Found:
    """A connector that could be loaded. ``origin`` is built-in, site or package."""

    name: str
    origin: str
    load: Callable[[], ModuleType]


def find_connectors(home: Home) -> Mapping[str, Found]:
    """Every connector by name, nothing imported yet; a built-in one wins over others of its name."""
    found: dict[str, Found] = {}
    for candidate in (*_scan_built_in(), *_scan_site(home), *_scan_packages()):
        found.setdefault(candidate.name, candidate)
    return dict(sorted(found.items()))


def load_connector(name: str, home: Home) -> type[Connector]:
    """The class of one connector, with its message catalogue registered."""
    found = find_connectors(home)
    if name not in found:
        raise NotFound("runtime.connector_unknown", name=name, known=", ".join(found) or "-")
    try:
        module = found[name].load()
    except ImportError as error:
        raise ConfigInvalid("runtime.connector_broken", name=name, what=str(error)) from error
    loaded = _ask_hook(module, name)
    folder = Path(module.__file__ or "").parent / "locale"
    if folder.is_dir():
        add_catalogue(folder)
    return loaded


def register_catalogues(home: Home) -> None:
    """Make the texts of all connectors known, without importing any of their code."""
    for folder in (_built_in_folder(), home.connectors):
        for locale in sorted(folder.glob("*/locale")):
            add_catalogue(locale)


def find_mapping_files(name: str, connector: type[Connector]) -> Mapping[str, Path]:
    """Kind → the connector's shipped mapping file."""
    return shipped.find_mapping_files(connector)


def _ask_hook(module: ModuleType, name: str) -> type[Connector]:
    manager = pluggy.PluginManager("isthmus")
    manager.add_hookspecs(hooks)
    manager.register(module)
    classes: list[type[Connector]] = manager.hook.isthmus_connector()
    if len(classes) != 1 or classes[0].name != name:
        raise ConfigInvalid(
            "runtime.connector_broken", name=name, what="isthmus_connector() must return one class of this name"
        )
    clash = OWN_KEYS & set(classes[0].Config.model_fields)
    if clash:
        raise ConfigInvalid(
            "runtime.connector_broken", name=name, what="Config uses reserved names: " + ", ".join(sorted(clash))
        )
    return classes[0]


def _scan_built_in() -> Iterator[Found]:
    for name in _list_folders(_built_in_folder()):
        yield Found(name, "built-in", partial(importlib.import_module, f"connectors.{name}"))


def _scan_site(home: Home) -> Iterator[Found]:
    for name in _list_folders(home.connectors):
        yield Found(name, "site", partial(_import_site, home.connectors / name))


def _scan_packages() -> Iterator[Found]:
    for entry in entry_points(group=ENTRY_POINTS):
        yield Found(entry.name, "package", entry.load)


def _list_folders(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/__init__.py") if path.parent.name.isidentifier())


def _import_site(folder: Path) -> ModuleType:
    """Import a folder of the home as a package of its own; inside it, imports are relative."""
    name = f"{SITE_PACKAGE}_{folder.name}"
    if name in sys.modules and sys.modules[name].__file__ == str(folder / "__init__.py"):
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is not a Python package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:  # whatever broke the import, a half-made module must not stay importable
        del sys.modules[name]
        raise
    return module


def _built_in_folder() -> Path:
    return shipped.find_package("connectors")
