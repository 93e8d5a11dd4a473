"""The path language: how a mapping names a place in a source record.

``number`` a key; ``party.id`` a key inside; ``identifiers[type=cn_vat].code`` the first element of a list that has
``type`` = ``cn_vat``; ``'currency.'.code`` a key with a dot in quotes. Conditions compare as text (``[primary=true]``,
``[seq=1]``); a quoted condition (``[kind='1']``) is also written as text. ``.`` alone is the record itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from hub.locale import Phrase
from hub.mapping.context import Refusal

SELF = "."


class Nothing(Enum):
    """The source record does not have the key at all, which is not the same as an empty value."""

    ABSENT = "absent"


ABSENT: Final = Nothing.ABSENT

_HALF = re.compile("[\ud800-\udfff]")
_STEP = re.compile(r"""(?:'([^']+)'|([^.\[\]'"\s=,]+))(?:\[([^\]]*)\])?(\.|$)""")
_CONDITION = re.compile(r"""\s*([^=\s'"]+)\s*=\s*(?:'([^']*)'|([^'"\s]+))\s*""")


@dataclass(frozen=True)
class Step:
    """One key, and what an element of the list there must have to be meant."""

    name: str
    conditions: tuple[tuple[str, str | int | bool], ...] = ()

    def meets(self, other: Step) -> bool:
        """Both may mean the same element."""
        same_elements = not self.conditions or not other.conditions or self.conditions == other.conditions
        return self.name == other.name and same_elements


@dataclass(frozen=True)
class Path:
    text: str
    steps: tuple[Step, ...]

    @property
    def selector(self) -> tuple[tuple[str, str | int | bool], ...]:
        """The conditions on the last step."""
        return self.steps[-1].conditions if self.steps else ()

    @property
    def only_key(self) -> str | None:
        """The one step, where it is a plain key."""
        return self.steps[0].name if len(self.steps) == 1 and not self.selector else None

    def overlaps(self, other: Path) -> bool:
        """Both cannot be written: they name the same place, or one holds the other."""
        return all(mine.meets(theirs) for mine, theirs in zip(self.steps, other.steps, strict=False))


def parse_path(text: str) -> Path:
    """The path as steps; ``ValueError`` names the place that cannot be read."""
    if text == SELF:
        return Path(text, ())
    steps, at = [], 0
    while True:
        match = _STEP.match(text, at)
        if match is None:
            raise ValueError(text[at:] or text)
        steps.append(Step(match[1] or match[2], _parse_conditions(match[3])))
        at = match.end()
        if not match[4]:
            return Path(text, tuple(steps))


def _parse_conditions(text: str | None) -> tuple[tuple[str, str | int | bool], ...]:
    if text is None:
        return ()
    found: list[tuple[str, str | int | bool]] = []
    for part in text.split(","):
        match = _CONDITION.fullmatch(part)
        if match is None:
            raise ValueError(f"[{text}]")
        found.append((match[1], match[2] if match[2] is not None else _guess_type(match[3])))
    return tuple(found)


def _guess_type(text: str) -> str | int | bool:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"0|-?[1-9][0-9]*", text) else text


def strip_text(raw: str) -> str:
    """The text without the spaces around it; ``Refusal`` when something is in it that no database keeps: NUL, or half
    of a character."""
    if "\0" in raw or (not raw.isascii() and _HALF.search(raw)):
        raise Refusal("mapping.value_refused", what=Phrase("model.refused_sign"))
    return raw.strip()


def write_integer(raw: int) -> str:
    """A whole number as text; ``Refusal`` for one of thousands of digits, which is no code of anything."""
    try:
        return str(raw)
    except ValueError as error:
        raise Refusal("mapping.value_refused", what=Phrase("model.refused_large")) from error


def key_text(raw: Any) -> str:
    """A code or an id as text, whatever type it came in; ``Refusal`` when it cannot be one."""
    if type(raw) is str and raw.isascii() and "\0" not in raw:
        return raw.strip()
    if isinstance(raw, str):
        return strip_text(raw)
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int):
        return write_integer(raw)
    if isinstance(raw, Decimal) and raw.is_finite() and raw.adjusted() <= 30 and raw == raw.to_integral_value():
        return format(raw.to_integral_value(), "f")
    raise Refusal("mapping.code_shape", what=type(raw).__name__)


Reader = Callable[[Mapping[str, Any]], Any]
Writer = Callable[[MutableMapping[str, Any], Any], None]


def compile_reader(path: Path) -> Reader:
    """Reads the value at the path: ``ABSENT`` when a key is missing, None when something on the way is empty."""
    name = path.only_key
    if name is not None:
        return lambda payload: payload.get(name, ABSENT)
    steps = [(step.name, [(name, key_text(value)) for name, value in step.conditions]) for step in path.steps]

    def read(payload: Mapping[str, Any]) -> Any:
        current: Any = payload
        for name, conditions in steps:
            if current is None or current is ABSENT:
                return current
            if not isinstance(current, Mapping):
                raise Refusal("mapping.path_blocked", path=path.text, step=name)
            current = current.get(name, ABSENT)
            if conditions and current is not None and current is not ABSENT:
                current = next(_pick(current, conditions, path), None)
        return current

    return read


def compile_list_reader(path: Path) -> Reader:
    """Reads the list at the path, keeping the elements that the last step's conditions choose."""
    whole = compile_reader(Path(path.text, (*path.steps[:-1], Step(path.steps[-1].name))))
    conditions = [(name, key_text(value)) for name, value in path.selector]

    def read(payload: Mapping[str, Any]) -> Any:
        found = whole(payload)
        if found is None or found is ABSENT:
            return found
        return list(_pick(found, conditions, path))

    return read


def _pick(found: Any, conditions: list[tuple[str, str]], path: Path) -> Any:
    if not isinstance(found, list | tuple):
        raise Refusal("mapping.not_a_list", path=path.text)
    for element in found:
        if type(element) is not dict and not isinstance(element, Mapping):
            raise Refusal("mapping.not_a_list", path=path.text)
        if not conditions or all(_is(element.get(name), wanted) for name, wanted in conditions):
            yield element


def _is(raw: Any, wanted: str) -> bool:
    return raw is not None and not isinstance(raw, list | dict | float) and key_text(raw) == wanted


def compile_writer(path: Path) -> Writer:
    """Writes a value at the path, making the tables and list elements on the way."""
    *way, last = path.steps

    def write(payload: MutableMapping[str, Any], value: Any) -> None:
        current = payload
        for step in way:
            current = _enter(current, step)
        current[last.name] = value

    if not way:
        name = last.name
        return lambda payload, value: payload.__setitem__(name, value)
    return write


def compile_list_opener(path: Path) -> Callable[[MutableMapping[str, Any]], list[Any]]:
    """Finds or makes the list at the path."""
    *way, last = path.steps

    def open_list(payload: MutableMapping[str, Any]) -> list[Any]:
        current = payload
        for step in way:
            current = _enter(current, step)
        found: list[Any] = current.setdefault(last.name, [])
        return found

    return open_list


def _enter(current: MutableMapping[str, Any], step: Step) -> MutableMapping[str, Any]:
    if not step.conditions:
        inner: MutableMapping[str, Any] = current.setdefault(step.name, {})
        return inner
    elements: list[MutableMapping[str, Any]] = current.setdefault(step.name, [])
    wanted = dict(step.conditions)
    for element in elements:
        if all(element.get(name) == value for name, value in wanted.items()):
            return element
    elements.append(wanted)
    return elements[-1]
