"""Are two values the same to the other system? And fingerprints of values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson

from hub.model.base import Line
from hub.model.values import Value
from hub.protocol.semantics import Normaliser

PLAIN = Normaliser()


_AS_IT_IS = frozenset({str, int, bool, type(None)})


def _plain(value: Any) -> Any:
    """JSON-ready, with one spelling for each value (2 and 2.00 are the same amount)."""
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID | datetime | date):
        return str(value)
    if isinstance(value, Value):
        return {name: _plain(inner) for name, inner in value.__dict__.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value


def take_fingerprint(value: Any) -> str:
    """A short digest of any canonical value; equal values give equal digests."""
    return digest_plain(_plain(value))


def digest_plain(plain: Any) -> str:
    """The same for what :func:`normalise_value` gave: it has its one spelling already."""
    return hashlib.sha256(_dump(plain)).hexdigest()[:24]


def digest_request(told: Any) -> str:
    """A digest of what is JSON-ready already, as a payload or an answer is, in less time."""
    try:
        return digest_plain(told)
    except TypeError:
        return take_fingerprint(told)


def _dump(plain: Any) -> bytes:
    try:
        return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a number beyond 64 bits, half of a surrogate pair
        text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")


def is_same(one: Any, other: Any) -> bool:
    """Whether two canonical values are equal: their fingerprints are."""
    if one is other:
        return True
    if type(one) is type(other) and isinstance(one, str | UUID | date | Decimal | bool | int):
        return bool(one == other)
    if type(one) is tuple and one == other:
        return True
    if type(one) is type(other) and isinstance(one, dict) and not (one or other):
        return True
    return take_fingerprint(one) == take_fingerprint(other)


def project_lines(
    lines: Sequence[Line], fields: frozenset[str], normalisers: Mapping[str, Normaliser]
) -> dict[str, dict[str, Any]]:
    """Key → the given fields of each line, as the other system would show them."""
    return {line.key: _show_line(line.__dict__, _list_names(type(line), fields), normalisers) for line in lines}


def _show_line(
    values: Mapping[str, Any], names: Sequence[str], normalisers: Mapping[str, Normaliser]
) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name in names:
        value = values[name]
        if name in normalisers:
            shown[name] = _plain(normalisers[name].apply(value))
        elif type(value) is str:
            shown[name] = value.strip()
        else:
            shown[name] = None if value is None else _plain(value)
    return shown


def is_same_in_lines(ours: Sequence[Line], theirs: Sequence[Line], fields: frozenset[str]) -> bool:
    """Whether lines of the same keys have the same values in these fields."""
    keys = [line.key for line in ours] == [line.key for line in theirs]
    if keys and _pick_values(ours, fields) == _pick_values(theirs, fields):
        return True
    return project_lines(ours, fields, {}) == project_lines(theirs, fields, {})


def _pick_values(lines: Sequence[Line], fields: frozenset[str]) -> list[tuple[Any, ...]]:
    """As they are: equal ones look the same, others may."""
    return [_make_picker(type(line), fields)(line.__dict__) for line in lines]


@cache
def _make_picker(line: type[Line], fields: frozenset[str]) -> Callable[[Mapping[str, Any]], Any]:
    """Reads these fields of a line."""
    names = _list_names(line, fields)
    return itemgetter(*names) if names else lambda values: ()


@cache
def _list_names(line: type[Line], fields: frozenset[str]) -> Sequence[str]:
    return tuple(name for name in sorted(fields) if name in line.model_fields)


def normalise_value(
    name: str, value: Any, normalisers: Mapping[str, Normaliser], line_fields: Mapping[str, frozenset[str]]
) -> Any:
    """The comparable form of a field's value. ``line_fields``: for list fields, which line fields travel; lists are
    compared by content, because each system has line ids of its own."""
    if name in line_fields:
        inner = {key.partition(".")[2]: item for key, item in normalisers.items() if key.startswith(name + ".")}
        shown = list(project_lines(value or (), line_fields[name], inner).values())
        return sorted(shown, key=digest_plain) if len(shown) > 1 else shown
    if type(value) is str and name not in normalisers:
        return value.strip()
    shown = normalisers.get(name, PLAIN).apply(value)
    return _plain(shown if shown is not None else "")


def match_lines(
    ours: Sequence[Line], theirs: Sequence[Line], known: Mapping[str, str], fields: frozenset[str]
) -> dict[str, str]:
    """Pair remote lines that have no known partner with our unpaired lines: equal values first, then position.

    ``known`` maps our key → their line id, ``theirs`` carry their own ids as keys. Returns the completed map.
    """
    pairs = {mine: other for mine, other in known.items() if any(line.key == other for line in theirs)}
    taken = set(pairs.values())
    free_ours = [line for line in ours if line.key not in pairs]
    free_theirs = [line for line in theirs if line.key not in taken]
    if _pick_values(free_ours, fields) == _pick_values(free_theirs, fields):  # as nearly always, in the same order
        return pairs | {mine.key: other.key for mine, other in zip(free_ours, free_theirs, strict=True)}
    shown = {line.key: take_fingerprint(shape) for line, shape in _shapes(free_theirs, fields)}
    for line, shape in _shapes(list(free_ours), fields):
        print_ = take_fingerprint(shape)
        hit = next((other for other in free_theirs if shown[other.key] == print_), None)
        if hit is not None:
            pairs[line.key] = hit.key
            free_ours.remove(line)
            free_theirs.remove(hit)
    pairs.update({mine.key: other.key for mine, other in zip(free_ours, free_theirs, strict=False)})
    return pairs


def _shapes(lines: Sequence[Line], fields: frozenset[str]) -> list[tuple[Line, dict[str, Any]]]:
    return [(line, project_lines([line], fields, {})[line.key]) for line in lines]
