"""Help in the reader's language. The English texts stand beside the code that they describe; ``help.toml`` of each
language repeats them by code (``python -m hub.commands.help`` writes the English one)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.locale import load_texts

ENGLISH = Path(__file__).parents[1] / "locale" / "en" / "help.toml"


def list_help(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """(code, command or parameter) of everything that has a help text, from the root down."""
    name = "_".join(path) or "root"
    yield f"help.{name}", command
    for parameter in command.params:
        if getattr(parameter, "help", None):
            yield f"help.{name}__{parameter.name}", parameter
    for word, inner in getattr(command, "commands", {}).items():
        yield from list_help(inner, (*path, word))


def translate_help(command: Any, lang: str) -> None:
    """Give every command and parameter its text in the reader's language."""
    if lang == "en":
        return
    texts = load_texts(lang)
    for code, described in list_help(command):
        described.help = texts.get(code, described.help)
        if getattr(described, "epilog", None):
            described.epilog = texts["help.everywhere"]


def write_english(command: Any) -> str:
    """The English catalogue, from the program itself."""
    lines = [f"everywhere = {json.dumps(find_epilog(command))}"]
    lines += [
        f"{code.partition('.')[2]} = {json.dumps(tidy(described.help))}" for code, described in list_help(command)
    ]
    return "\n".join(lines) + "\n"


def find_epilog(command: Any) -> str:
    """The remark below every command."""
    inner = next(iter(command.commands.values()))
    return str(inner.epilog)


def tidy(text: str) -> str:
    """A docstring without its indentation."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


if __name__ == "__main__":
    from typer.main import get_command

    from hub.commands.app import build_app

    ENGLISH.write_text(write_english(get_command(build_app())), encoding="utf-8")
