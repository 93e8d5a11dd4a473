"""Records that say of themselves what no database keeps: half of a character in an id, a version beyond every column.
Such a record is kept aside alone, whatever else is on its page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hub.errors import MappingError
from hub.sdk import Place, SourceRecord, Unreadable

_UNKEPT = re.compile("[\0\ud800-\udfff]")
_BEYOND = 1 << 63
"""What 64 bits with a sign do not hold."""
_TEXTS = ("external_id", "number", "reference")


def make_keepable(records: Sequence[SourceRecord]) -> Sequence[SourceRecord]:
    """The same records; one that cannot be kept as it is tells why, under an id that can."""
    return records if all(map(_is_kept, records)) else [_mark(record) for record in records]


def _is_kept(source: SourceRecord) -> bool:
    version = source.version
    if version is not None and not -_BEYOND <= version < _BEYOND:
        return False
    return _UNKEPT.search(f"{source.external_id}{source.number}{source.reference}") is None


def _mark(source: SourceRecord) -> SourceRecord:
    if _is_kept(source):
        return source
    update: dict[str, Any] = {}
    named = ""
    for name in _TEXTS:
        text = getattr(source, name)
        if text is not None and _UNKEPT.search(text):
            update[name], named = _UNKEPT.sub(_spell, text), name
    if not named:
        update["version"], named = None, "version"
    error = MappingError("sync.fact_unkept", fact=named, value=update[named] or source.version)
    broken = Unreadable(error, Place(f"{source.stream} {update.get('external_id', source.external_id)}", 0))
    return replace(source, unreadable=(broken, *source.unreadable), **update)


def _spell(sign: re.Match[str]) -> str:
    return f"\\u{ord(sign[0]):04x}"
