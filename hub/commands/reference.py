"""Writes docs/reference/cli.md from the program itself: ``python -m hub.commands.reference`` in a checkout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from hub.commands.app import build_app

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
WIDTH = 100
HEAD = """\
# The command line

Generated from the program by `python -m hub.commands.reference`; a test fails when this page is stale.

`--home PATH`, `--lang en|zh` and `--json` may stand anywhere on the line. The home is `--home`, else `ISTHMUS_HOME`,
else `~/.isthmus`. With `--json` a command prints one document on stdout:
`{"schema": "isthmus/<noun>.<verb>/1", "items": […] or "item": {…}, "errors": […]}`; remarks and progress go to stderr.

| exit code | meaning |
|---|---|
| 0 | done; rows that wait for a person are not a failure |
| 1 | the command left undone what it was asked to do |
| 2 | usage or configuration |
| 3 | the other system refused or is away |
"""


def render_reference() -> str:
    """The whole page."""
    root: Any = get_command(build_app())
    sections = [HEAD]
    for words, command in _walk(root, ["isthmus"]):
        sections.append(_render_command(words, command))
    return "\n".join(sections)


def _walk(group: Any, words: list[str]) -> Iterator[tuple[list[str], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _walk(command, [*words, name])
        else:
            yield [*words, name], command


def _render_command(words: list[str], command: Any) -> str:
    """The command's own --help."""
    name = " ".join(words)
    context = command.make_context(name, [], resilient_parsing=True, terminal_width=WIDTH)
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"## `{name}`\n\n```\n{text.strip()}\n```\n"


def main() -> None:
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render_reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
