"""``isthmus connector new``: a connector to start from, whole but for the places that only its author can fill in."""

from __future__ import annotations

import importlib.util
import keyword
import re
from pathlib import Path

from hub.errors import ConfigInvalid
from hub.runtime.home import Home
from hub.runtime.plugins import find_connectors

TEMPLATE = Path(__file__).parent / "template"
MARK = "FILL IN"
"""Stands at every place that the author has to fill in."""
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def write_connector(home: Home, name: str, folder: Path | None = None) -> list[Path]:
    """Write ``folder/name`` (default: among the connectors of the home), nothing over anything; the files that were
    made. ``ConfigInvalid`` for a name that cannot be one or that is taken."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigInvalid("runtime.connector_name", name=name)
    target = (folder or home.connectors) / name
    if name in find_connectors(home) or target.exists():
        raise ConfigInvalid("runtime.connector_taken", name=name, folder=target)
    if importlib.util.find_spec(name) is not None:  # its tests import it by this name
        raise ConfigInvalid("runtime.connector_module", name=name)
    title = "".join(part.title() for part in name.split("_"))
    made = []
    for source in sorted(TEMPLATE.rglob("*.in")):
        relative = source.relative_to(TEMPLATE).with_suffix("")
        path = target / relative.with_name(relative.name.replace("NAME", name))
        text = source.read_text(encoding="utf-8").replace("{{name}}", name).replace("{{Name}}", title)
        made.append(_write(path, text))
    return made


def list_open_places(folder: Path) -> list[tuple[Path, int, str]]:
    """(file, line, what is wanted) of every place that is still to be filled in."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".toml") and path.is_file():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if (wanted := re.search(rf"{MARK} (\d+: [^\"]+)", line)) is not None:
                    found.append((path, number, wanted[1].strip()))
    return sorted(found, key=lambda place: int(place[2].partition(":")[0]))


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigInvalid("runtime.connector_unwritable", vendor=error.strerror, folder=path.parent) from error
    return path
