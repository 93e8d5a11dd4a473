"""Connectors, found in three places and let in through one door (the pluggy hook ``isthmus_connector``).

Built-in ones are the folders of the package ``connectors``, the admin's own those of ``HOME/connectors``, others come
from installed packages by the entry-point group ``isthmus.connectors``. Only the connector that is asked for is
imported. A folder or entry point has the connector's name.
"""

from __future__ import annotations

import importlib
import importlib.util
import string
import sys
import tomllib
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import pluggy

from hub.errors import ConfigInvalid, NotFound
from hub.locale import LANGUAGES, add_catalogue
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
    except Exception as error:  # whatever a stranger's code raises: it is named, and the other connectors go on
        raise ConfigInvalid("runtime.connector_broken", name=name, what=_locate(error)) from error
    loaded = _ask_hook(module, name)
    folder = shipped.find_catalogue(loaded)
    if folder is not None:
        problem = _judge_catalogue(folder, name)
        if problem:
            raise ConfigInvalid("runtime.connector_broken", name=name, what=problem)
        add_catalogue(folder)
    return loaded


def _locate(error: Exception) -> str:
    """Type, words and place of what a connector raised while it was loaded."""
    if isinstance(error, SyntaxError):
        return f"{error.msg} ({Path(error.filename or '').name}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    ours = Path(__file__)
    places = [frame for frame in frames if Path(frame.filename) != ours and not frame.filename.startswith("<")]
    where = f" ({Path(places[-1].filename).name}, line {places[-1].lineno})" if places else ""
    return f"{type(error).__name__}: {error}{where}"


def _judge_catalogue(folder: Path, name: str) -> str | None:
    """What is wrong with a connector's texts, None when nothing is: TOML, both languages, only its own room."""
    for lang in LANGUAGES:
        for path in sorted((folder / lang).glob("*.toml")):
            if path.stem != name:
                return f"locale/{lang}/{path.name} must be called {name}.toml"
            try:
                texts = tomllib.loads(path.read_text(encoding="utf-8"))
                bad = [key for key, text in texts.items() if not isinstance(text, str) or not _can_be_filled(text)]
            except (OSError, ValueError) as error:
                return f"locale/{lang}/{path.name}: {error}"
            if bad:
                return f"locale/{lang}/{path.name}: {bad[0]} is not a text"
    return None


def _can_be_filled(text: str) -> bool:
    try:
        list(string.Formatter().parse(text))
    except ValueError:
        return False
    return True


def register_catalogues(home: Home) -> None:
    """Make the texts of all connectors known, without importing any of their code; broken ones are left out, and said
    by who asks for the connector."""
    for folder in (_built_in_folder(), home.connectors):
        for locale in sorted(folder.glob("*/locale")):
            if _judge_catalogue(locale, locale.parent.name) is None:
                add_catalogue(locale)


def find_mapping_files(name: str, connector: type[Connector]) -> Mapping[str, Path]:
    """Kind → the connector's shipped mapping file."""
    return shipped.find_mapping_files(connector)


def _ask_hook(module: ModuleType, name: str) -> type[Connector]:
    manager = pluggy.PluginManager("isthmus")
    manager.add_hookspecs(hooks)
    manager.register(module)
    try:
        classes: list[type[Connector]] = manager.hook.isthmus_connector()
    except Exception as error:  # as above: importing the class is often done inside the hook
        raise ConfigInvalid("runtime.connector_broken", name=name, what=_locate(error)) from error
    found = classes[0] if len(classes) == 1 else None
    if not (isinstance(found, type) and issubclass(found, Connector)) or getattr(found, "name", None) != name:
        raise ConfigInvalid(
            "runtime.connector_broken", name=name, what="isthmus_connector() must return one class of this name"
        )
    missing = [word for word in ("label", "Config") if not hasattr(found, word)]
    missing += sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise ConfigInvalid("runtime.connector_broken", name=name, what=f"{found.__name__} lacks {', '.join(missing)}")
    clash = OWN_KEYS & set(found.Config.model_fields)
    if clash:
        raise ConfigInvalid(
            "runtime.connector_broken", name=name, what="Config uses reserved names: " + ", ".join(sorted(clash))
        )
    return found


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
