"""Everything that a connector may use: every public name of ``hub.sdk`` with its shapes, units and errors."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from hub.commands.reference.markdown import (
    as_markdown,
    read_attribute_docstrings,
    read_module_docstrings,
    write_page,
    write_table,
)

HEAD = """\
What a connector may use, and nothing else: `hub.sdk`, `hub.model` and `hub.errors`. [The tutorial](../tutorial.md)
shows these names at work, [errors](errors.md) says what each class of error means, and
[the sandbox](../connectors/sandbox.md) is a whole connector to copy from. Connectors never import each other, and a
simulator and a client never do either.
"""
MODULES: Mapping[str, str] = {
    "hub.sdk": "Import these from `hub.sdk`.",
    "hub.sdk.webhooks": "Calls of other systems. Import these from `hub.sdk.webhooks`.",
    "hub.sdk.registry": "Business registries. Import these from `hub.sdk.registry`.",
    "hub.sdk.tables": "Tables in files. Import these from `hub.sdk.tables`.",
    "hub.sdk.simulator": "What a simulator is built from. Import these from `hub.sdk.simulator`; a client never does.",
}
"""Public modules: name → what to say of it."""
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def render() -> str:
    """The whole page."""
    parts = [HEAD]
    for module, about in MODULES.items():
        parts += [f"## `{module}`", about]
        parts += [_write_name(name, value, module) for name, value in list_names(module)]
    return write_page("The connector kit", parts)


def list_names(module: str) -> Iterator[tuple[str, Any]]:
    """Public names of a module and what they stand for, classes first, then functions, then values."""
    loaded = import_module(module)
    found = [(name, getattr(loaded, name)) for name in loaded.__all__]
    yield from sorted(found, key=lambda one: (not inspect.isclass(one[1]), not inspect.isfunction(one[1]), one[0]))


def describe(name: str, value: Any, module: str) -> str:
    """What the source says about a name: its docstring, or the text below a constant."""
    if inspect.isclass(value) or inspect.isroutine(value):
        own = value.__dict__.get("__doc__") if inspect.isclass(value) else value.__doc__
        return as_markdown(inspect.cleandoc(own)) if own and not _is_made_up(value, own) else ""
    return read_constants(module).get(name, "")


def read_constants(module: str) -> dict[str, str]:
    """Constants of a module, or of the modules it takes them from, and the text below each."""
    loaded = import_module(module)
    imports = [node for node in ast.parse(inspect.getsource(loaded)).body if isinstance(node, ast.ImportFrom)]
    sources = [module, *(str(node.module) for node in imports if str(node.module).startswith("hub."))]
    found: dict[str, str] = {}
    for source in reversed(sources):
        found |= read_module_docstrings(import_module(source))
    return found


def _is_made_up(value: Any, text: str) -> bool:
    """A dataclass without a docstring gets its signature as one."""
    return inspect.isclass(value) and text.startswith(f"{value.__name__}(")


def _write_name(name: str, value: Any, module: str) -> str:
    if inspect.isclass(value):
        return "\n\n".join(part for part in _write_class(name, value) if part)
    if inspect.isfunction(value):
        return f"### `{name}`\n\n```python\n{show_signature(name, value)}\n```\n\n{describe(name, value, '')}"
    about = describe(name, value, module)
    return f"### `{name}`\n\n{about}" if about else f"### `{name}`"


def _write_class(name: str, owner: type) -> Iterator[str]:
    bases = [base.__name__ for base in owner.__bases__ if base is not object and base.__name__ != "Generic"]
    yield f"### `{name}`" + (f" ({', '.join(f'`{base}`' for base in bases)})" if bases else "")
    yield describe(name, owner, "")
    fields = read_attribute_docstrings(owner)
    annotations = {key: _show_type(kind) for key, kind in inspect.get_annotations(owner).items() if key[0] != "_"}
    members = {key: str(member.value) for key, member in getattr(owner, "__members__", {}).items()}
    rows = [[f"`{key}`", f"`{kind}`", fields.get(key, "")] for key, kind in annotations.items()]
    rows += [[f"`{key}`", f"`{value}`", fields.get(key, "")] for key, value in members.items()]
    yield (
        write_table(["member" if members else "field", "value" if members else "type", "meaning"], rows) if rows else ""
    )
    yield "\n".join(_write_methods(owner))


def _write_methods(owner: type) -> Iterator[str]:
    for name, value in vars(owner).items():
        function = getattr(value, "fget", None) or value
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        about = " ".join(as_markdown(inspect.getdoc(function) or "").split())
        shown = name if isinstance(value, property) else show_signature(name, function)
        yield f"- `{' '.join(shown.split())}`" + (f": {about}" if about else "")


def show_signature(name: str, function: Any) -> str:
    """``name(arguments) -> result`` as the source has it; long ones over several lines."""
    text = _ADDRESS.sub("", str(inspect.signature(function))).replace("self, ", "").replace("(self)", "()")
    text = text.replace("'", "")
    if len(name) + len(text) <= 100:
        return f"{name}{text}"
    opened, _, result = text.rpartition(") -> ")
    depth, parts, last = 0, [], 1
    for at, sign in enumerate(opened):
        depth += sign in "([{"
        depth -= sign in ")]}"
        if sign == "," and depth == 1:
            parts.append(opened[last:at])
            last = at + 1
    parts.append(opened[last:])
    return f"{name}(\n" + "".join(f"    {part.strip()},\n" for part in parts) + f") -> {result}"


def _show_type(kind: Any) -> str:
    text = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    return text.removeprefix("ClassVar[").removesuffix("]") if text.startswith("ClassVar[") else text
