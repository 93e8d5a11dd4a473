"""What a connector ships beside its code: mapping files and message catalogue."""

from __future__ import annotations

import importlib.util
import inspect
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from hub.errors import ConfigInvalid
from hub.locale import LANGUAGES
from hub.mapping import Mapping as FieldMapping
from hub.mapping import compile_mapping, parse_mapping
from hub.sdk import Connector


def find_mapping_files(connector: type[Connector]) -> Mapping[str, Path]:
    """Kind → mapping file, in the folder that the connector names or in ours of its name."""
    folder = connector.mappings or find_package("mappings") / connector.name
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def compile_shipped(connector: Connector) -> dict[str, FieldMapping]:
    """Kind → compiled mapping, without any layer of a site; ``MappingInvalid`` names file and line."""
    return {
        kind: compile_mapping(
            parse_mapping(path.read_text("utf-8"), f"{connector.name}/{kind}.toml"), kind, connector.functions()
        )
        for kind, path in find_mapping_files(type(connector)).items()
    }


def find_catalogue(connector: type[Connector]) -> Path | None:
    """The folder ``locale`` beside the connector's code, or beside that of the connector it is derived from."""
    for made_of in connector.__mro__[: connector.__mro__.index(Connector)]:
        source = inspect.getsourcefile(made_of)
        folder = Path(source).parent / "locale" if source else None
        if folder is not None and folder.is_dir():
            return folder
    return None


def read_catalogue(folder: Path | None) -> dict[str, dict[str, str]]:
    """Language → code → text of one catalogue folder."""
    return {
        lang: {
            f"{path.stem}.{name}": text
            for path in sorted((folder / lang).glob("*.toml"))
            for name, text in tomllib.loads(path.read_text("utf-8")).items()
        }
        for lang in LANGUAGES
        if folder is not None
    }


@cache
def find_package(package: str) -> Path:
    """The folder of an installed package, nothing imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ConfigInvalid("runtime.package_missing", package=package)
    return Path(spec.origin).parent
