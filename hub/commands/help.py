"""Help in the reader's language. The English texts stand beside the code that they describe; ``help.toml`` of each
language repeats them by code (``python -m hub.commands.help`` writes the English one)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from hub.locale import load_texts

ENGLISH = Path(__file__).parents[1] / "locale" / "en" / "help.toml"
_Formatter: Any = typer.Context.formatter_class
_REMARK = re.compile(r"\[(.*)\]$")
"""What Typer adds to a text: ``[default: 7; required]``."""


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
    context = make_context_class(lang)
    for code, described in list_help(command):
        if hasattr(described, "context_class"):
            described.context_class = context
        described.help = texts.get(code, described.help)
        if getattr(described, "epilog", None):
            described.epilog = texts["help.everywhere"]


def make_context_class(lang: str) -> type[typer.Context]:
    """The context of commands whose headings ("Usage", "Options") are in the reader's language."""
    english, texts = load_texts("en"), load_texts(lang)
    words = {english[code]: texts[code] for code in english if code.startswith("cli.usage_word_")}

    class Formatter(_Formatter):  # type: ignore[misc]  # Typer exports its formatter through this attribute only
        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, f"{words['Usage:']} " if prefix is None else prefix)

        def write_heading(self, heading: str) -> None:
            super().write_heading(words.get(heading, heading))

        def write_dl(self, rows: Sequence[tuple[str, str]], *sizes: int, **more: int) -> None:
            super().write_dl([(term, translate_remark(text, words)) for term, text in rows], *sizes, **more)

    class Context(typer.Context):
        formatter_class = Formatter

    return Context


def translate_remark(text: str, words: dict[str, str]) -> str:
    """The same text, where it is Typer's own or ends in a remark of Typer's."""
    if text in words:
        return words[text]
    found = _REMARK.search(text)
    if found is None:
        return text
    parts = (_translate_part(part, words) for part in found[1].split("; "))
    return f"{text[: found.start()]}[{'; '.join(parts)}]"


def _translate_part(part: str, words: dict[str, str]) -> str:
    name, colon, value = part.partition(": ")
    return f"{words.get(name + colon.strip(), name + colon.strip())}{colon and ' '}{value}"


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
