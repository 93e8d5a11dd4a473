"""A file of pairs: which record here is what there, as people wrote it down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.errors import ConfigInvalid, IsthmusError, RuleBroken
from hub.identity.likeness import NUMBER
from hub.identity.names import fold_name
from hub.identity.pairing import Thing
from hub.sdk.tables import open_table

KIND_HEADING = "kind"


@dataclass(frozen=True)
class NamedPair:
    """One row: number, name or id of a record here, and number or id of what it is there."""

    place: str
    """File and line."""
    kind: str | None
    record: str
    remote: str


def read_pairs(path: Path) -> list[NamedPair]:
    """The first two columns, and the kind where a column is called so; CSV, XLSX or JSONL. ``ConfigInvalid`` names file
    and line of a row that says only half."""
    pairs = []
    with open_table(path) as table:
        for row in table.read_rows():
            cells = {name: str(value).strip() for name, value in row.cells.items()}
            kind = next((value for name, value in cells.items() if name.strip().lower() == KIND_HEADING), None)
            rest = [value for name, value in cells.items() if name.strip().lower() != KIND_HEADING]
            place = f"{path.name}:{row.number}"
            if len(rest) < 2 or not rest[0] or not rest[1]:
                raise ConfigInvalid("sync.pair_half", place=place, found=", ".join(filter(None, rest)) or "-")
            pairs.append(NamedPair(place, kind or None, rest[0], rest[1]))
    if not pairs:
        raise ConfigInvalid("sync.pairs_none", file=path.name)
    return pairs


def choose_pairs(pairs: Iterable[NamedPair], kind: str, kinds: list[str]) -> list[NamedPair]:
    """Those of one kind; without a column for it they belong to the only kind that was asked for."""
    chosen = []
    for pair in pairs:
        if pair.kind is None and len(kinds) != 1:
            raise ConfigInvalid("sync.pair_without_kind", place=pair.place)
        if pair.kind is not None and pair.kind not in kinds:
            raise ConfigInvalid("sync.pair_kind_unknown", place=pair.place, kind=pair.kind, known=", ".join(kinds))
        if (pair.kind or kinds[0]) == kind:
            chosen.append(pair)
    return chosen


def resolve_pairs(
    pairs: Iterable[NamedPair], here: Mapping[str, Thing], there: Mapping[str, Thing]
) -> tuple[dict[str, str], list[tuple[NamedPair, IsthmusError]]]:
    """(key there → key here, rows that name nothing or too much)."""
    ours, theirs = _index(here.values()), _index(there.values())
    named: dict[str, str] = {}
    refused: list[tuple[NamedPair, IsthmusError]] = []
    for pair in pairs:
        try:
            named[_look_up(theirs, pair.remote, pair, "there")] = _look_up(ours, pair.record, pair, "here")
        except RuleBroken as error:
            refused.append((pair, error))
    return named, refused


def _index(things: Iterable[Thing]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for thing in things:
        numbers = [sign.partition("|")[2] for sign in thing.signs if sign.startswith(f"{NUMBER}|")]
        for text in (thing.key, *numbers, fold_name(thing.label)):
            found.setdefault(text, set()).add(thing.key)
    return found


def _look_up(index: Mapping[str, set[str]], text: str, pair: NamedPair, side: str) -> str:
    found = index.get(text) or index.get(fold_name(text)) or set()
    if len(found) == 1:
        return next(iter(found))
    params: dict[str, Any] = {"place": pair.place, "text": text, "found": ", ".join(sorted(found))}
    raise RuleBroken(f"sync.pair_{'ambiguous' if found else 'unknown'}_{side}", **params)
