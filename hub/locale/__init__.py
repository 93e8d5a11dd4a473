"""The message catalogue: every text that a person reads, by code, in Chinese and English.

Catalogues are flat TOML tables, ``<lang>/<room>.toml``; a code is ``<room>.<name>``. A connector brings its own folder
of the same shape and registers it with :func:`add_catalogue`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")
_UNKEPT = re.compile("[\0\ud800-\udfff]")
"""NUL and halves of characters: no database keeps them, and no terminal shows them."""
_LONGEST_BITS = 14_000
"""Below the 4,300 digits that Python writes without complaint."""
_folders: list[Path] = [Path(__file__).parent]
_texts: dict[str, dict[str, str]] = {}


def add_catalogue(folder: Path) -> None:
    """Add a folder holding ``en/*.toml`` and ``zh/*.toml``; adding it twice changes nothing."""
    if folder not in _folders:
        _folders.append(folder)
        _texts.clear()


def load_texts(lang: str) -> dict[str, str]:
    """All texts of one language, by code."""
    if lang not in _texts:
        merged: dict[str, str] = {}
        for folder in _folders:
            for path in sorted((folder / lang).glob("*.toml")):
                table = tomllib.loads(path.read_text(encoding="utf-8"))
                merged.update({f"{path.stem}.{name}": text for name, text in table.items()})
        _texts[lang] = merged
    return _texts[lang]


class Phrase(str):
    """A text inside another one: it is put into the reader's language together with the text around it. Wherever a
    plain text is wanted it is the English one."""

    code: str
    params: dict[str, object]

    def __new__(cls, code: str, /, **params: object) -> Phrase:
        phrase = super().__new__(cls, render(code, "en", **params))
        phrase.code, phrase.params = code, params
        return phrase


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def render(code: str, lang: str = "en", /, **params: object) -> str:
    """The sentence for ``code``, filled with ``params``, whatever their names; an unknown code is shown as itself, with
    its parameters, so that nothing is hidden."""
    text = load_texts(lang if lang in LANGUAGES else "en").get(code)
    if text is None:
        detail = ", ".join(f"{name}={value}" for name, value in params.items())
        return f"{code} ({detail})" if detail else code
    return text.format_map(_Lenient({name: _translate(value, lang) for name, value in params.items()}))


def render_bare(code: str, lang: str = "en") -> str:
    """The sentence for ``code`` where its parameters were not kept: an ellipsis stands for each."""
    return re.sub(r"\{\w+\}", "…", render(code, lang))


def keep_params(params: Mapping[str, object]) -> dict[str, Any]:
    """Parameters as JSON-ready data for a row; a phrase keeps its code and parameters, so that :func:`render` puts it
    into the language of whoever reads the row later."""
    return {name: _keep_value(value) for name, value in params.items()}


def tell_kept(value: Any, lang: str = "en") -> Any:
    """Data with the sentences of the phrases that :func:`keep_params` left in it, such as why a cell has no value."""
    if _is_kept_phrase(value):
        return f"⚠ {_translate(value, lang)}"
    if isinstance(value, dict):
        return {name: tell_kept(inner, lang) for name, inner in value.items()}
    return [tell_kept(inner, lang) for inner in value] if isinstance(value, list | tuple) else value


def _keep_value(value: object) -> Any:
    if isinstance(value, Phrase):
        return {"code": value.code, "params": keep_params(value.params)}
    return value if _is_kept_phrase(value) else _write_value(value)


def _write_value(value: object) -> str:
    """As text that every database keeps."""
    try:
        text = str(value)
    except (RecursionError, ValueError):  # nested too deeply, or with a number of thousands of digits in it
        text = hex(value) if isinstance(value, int) else type(value).__name__
    return _UNKEPT.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


def _is_kept_phrase(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"code", "params"}


def _translate(value: object, lang: str) -> object:
    if isinstance(value, Phrase):
        return render(value.code, lang, **value.params)
    if isinstance(value, dict) and _is_kept_phrase(value):
        return render(value["code"], lang, **value["params"])
    if isinstance(value, dict | list | tuple) or (isinstance(value, int) and value.bit_length() > _LONGEST_BITS):
        return _write_value(value)
    return value
