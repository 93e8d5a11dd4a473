"""Where the templates of letters lie: those of the home first, then the shipped ones."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from hub.crm.letters import LetterTemplate
from hub.errors import ConfigInvalid, NotFound
from hub.locale import LANGUAGES
from hub.model.refusal import explain_refusal
from hub.runtime.home import Home

SHIPPED = Path(__file__).parent / "letter_files"


@dataclass(frozen=True)
class LetterFile:
    """A template where it lies: ``<name>.<language>.toml``."""

    name: str
    lang: str
    path: Path
    ours: bool
    """It is shipped; False: somebody wrote or changed it in the home."""


def list_letters(home: Home) -> list[LetterFile]:
    """Every template in every language, each once: a file of the home hides the shipped one."""
    found = {(one.name, one.lang): one for folder in (SHIPPED, home.letters) for one in _list_folder(folder)}
    return [found[key] for key in sorted(found)]


def _list_folder(folder: Path) -> Iterator[LetterFile]:
    for path in sorted(folder.glob("*.toml")):
        name, _, lang = path.stem.rpartition(".")
        if name and lang in LANGUAGES:
            yield LetterFile(name, lang, path, folder == SHIPPED)


def find_letter(home: Home, name: str, lang: str) -> LetterFile:
    """``NotFound`` names those that there are."""
    known = list_letters(home)
    found = next((one for one in known if (one.name, one.lang) == (name, lang)), None)
    if found is None:
        raise NotFound("letter.unknown", name=name, lang=lang, known=", ".join(f"{o.name} ({o.lang})" for o in known))
    return found


def read_letter(file: LetterFile) -> LetterTemplate:
    """``ConfigInvalid`` names file and field."""
    try:
        table = tomllib.loads(file.path.read_text("utf-8"))
        return LetterTemplate.model_validate(table)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise ConfigInvalid("letter.broken", file=file.path, field="-", what=str(broken)) from broken
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "-"
        raise ConfigInvalid("letter.broken", file=file.path, field=field, what=explain_refusal(first)) from error


def copy_letter(home: Home, file: LetterFile) -> tuple[Path, bool]:
    """The file of the home that takes the shipped one's place, and whether it was made now; what is there stays."""
    target = home.letters / file.path.name
    if target.exists():
        return target, False
    try:
        home.letters.mkdir(mode=0o700, exist_ok=True)
        target.write_bytes(file.path.read_bytes())
    except OSError as error:
        raise ConfigInvalid("runtime.home_unwritable", home=home.folder, vendor=error.strerror) from error
    return target, True
