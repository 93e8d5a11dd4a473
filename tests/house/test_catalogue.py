"""Every text that a person reads exists in Chinese and English, with the same code and the same placeholders."""

from __future__ import annotations

import ast
import inspect
import string
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import hub.errors
from tests.house.source import ROOT, dotted, fail_with, place, product_files, tracked_files, tree

LANGUAGES = ("en", "zh")
SAYS_A_CODE = {"render", "say", "text_of", "Phrase"} | {
    name for name, kind in inspect.getmembers(hub.errors, inspect.isclass) if issubclass(kind, hub.errors.IsthmusError)
}

FINDINGS = {"ok", "note", "bad", "skipped"}
"""What a check says (``hub.sync.measure``)."""
OF_A_FINDING = {"kind", "declared", "measured"}
"""What every finding knows by itself."""


def catalogue_folders() -> list[Path]:
    """Folders named ``locale`` that hold ``en`` and ``zh``: the hub's own and those of connectors."""
    folders = {path.parents[1] for path in tracked_files() if path.suffix == ".toml" and path.parent.name in LANGUAGES}
    return sorted(folder for folder in folders if folder.name == "locale")


@cache
def texts(folder: Path, language: str) -> dict[str, Any]:
    """The texts of one folder in one language, by code; that they are texts is for a test to find out."""
    return {
        f"{path.stem}.{name}": text
        for path in sorted((folder / language).glob("*.toml"))
        for name, text in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_there_is_a_catalogue():
    assert ROOT / "hub" / "locale" in catalogue_folders()


def test_both_languages_know_the_same_codes():
    offences = [
        f"{folder.relative_to(ROOT)}: {code} exists in one language only"
        for folder in catalogue_folders()
        for code in sorted(texts(folder, "en").keys() ^ texts(folder, "zh").keys())
    ]
    fail_with(offences, "Every code has a text in Chinese and in English.")


def test_both_languages_use_the_same_placeholders():
    offences = [
        f"{folder.relative_to(ROOT)}: {code}"
        for folder in catalogue_folders()
        for code, english in texts(folder, "en").items()
        if placeholders(english) != placeholders(texts(folder, "zh").get(code, english))
    ]
    fail_with(offences, "A text has the same placeholders in both languages.")


def test_no_text_is_empty_or_something_else():
    offences = [
        f"{folder.relative_to(ROOT)} {language}: {code}"
        for folder in catalogue_folders()
        for language in LANGUAGES
        for code, text in texts(folder, language).items()
        if not isinstance(text, str) or not text.strip()
    ]
    fail_with(offences, "A text is a sentence.")


def test_every_code_that_is_used_has_a_text():
    known = {code for folder in catalogue_folders() for code in texts(folder, "en")}
    offences = [
        f"{place(path, node)} {code}"
        for path in product_files()
        for node in ast.walk(tree(path))
        if (code := used_code(node)) and code not in known
    ]
    fail_with(offences, "A code that the program uses must be in the catalogue (hub/locale/en and hub/locale/zh).")


def test_every_text_is_given_what_it_says():
    known = {code: placeholders(text) for folder in catalogue_folders() for code, text in texts(folder, "en").items()}
    offences = [
        f"{place(path, node)} {code} without {', '.join(sorted(missing))}"
        for path in product_files()
        for node in ast.walk(tree(path))
        if (code := used_code(node)) and (missing := known.get(code, set()) - given_names(node, known.get(code, set())))
    ]
    fail_with(offences, "A text that names something is given it, and not None: no reader should see {number}.")


def given_names(node: Any, wanted: set[str]) -> set[str]:
    """What ``RuleBroken("room.name", number=number)`` gives; with ``**params``, everything."""
    if any(given.arg is None for given in node.keywords):
        return wanted
    own = OF_A_FINDING if dotted(node.func) in FINDINGS else set()
    nothing = {
        given.arg for given in node.keywords if isinstance(given.value, ast.Constant) and given.value.value is None
    }
    return own | {given.arg for given in node.keywords} - nothing


def used_code(node: ast.AST) -> str | None:
    """The code in ``ConfigInvalid("room.name", …)`` or ``render("room.name", …)``."""
    if not isinstance(node, ast.Call) or not node.args:
        return None
    name, first = dotted(node.func), node.args[0]
    if name.rpartition(".")[2] not in SAYS_A_CODE and name not in FINDINGS:
        return None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
