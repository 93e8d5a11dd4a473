"""Every command with its own help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from hub.commands.app import build_app

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


def render() -> str:
    """The whole page."""
    root: Any = get_command(build_app())
    sections = [HEAD]
    for words, command in _walk(root, ["isthmus"]):
        sections.append(_render_command(words, command))
    return "\n".join(sections)


def _walk(group: Any, words: list[str]) -> Iterator[tuple[list[str], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:  # the noun by itself lists
                yield [*words, name], command
            yield from _walk(command, [*words, name])
        else:
            yield [*words, name], command


def _render_command(words: list[str], command: Any) -> str:
    """The command's own --help."""
    name = " ".join(words)
    context = command.make_context(name, [], resilient_parsing=True, terminal_width=WIDTH)
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"## `{name}`\n\n```\n{text.strip()}\n```\n"
