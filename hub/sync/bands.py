"""From which weight on two records are merged or asked about, by the sources that they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from uuid import UUID

from hub.identity.decide import LIMITS, Limits
from hub.identity.survive import HUB
from hub.store import UnitOfWork
from hub.store.rows import Image
from hub.sync.config import Bands, BandSettings
from hub.sync.context import Hub

ANY = "*"
MADE_HERE = frozenset({HUB})


class SourceLimits:
    """The limits of one kind, for some records. Costs nothing where the configuration has none."""

    def __init__(self, tx: UnitOfWork, hub: Hub, kind: str, ids: Iterable[UUID]) -> None:
        self._kind = kind
        self._bands: Bands = hub.config.identity.bands.get(kind, {})  # type: ignore[call-overload]
        self._sources = find_sources(tx, hub, kind, ids) if self._bands else {}

    def between(self, one: UUID | None, other: UUID | None) -> Limits | None:
        """None where nothing is said about their sources. Who has no id yet is made here."""
        if not self._bands:
            return None
        ours, theirs = (self._sources.get(id_, MADE_HERE) if id_ is not None else MADE_HERE for id_ in (one, other))
        return choose_limits(self._bands, self._kind, ours, theirs)


def find_sources(tx: UnitOfWork, hub: Hub, kind: str, ids: Iterable[UUID]) -> Mapping[UUID, frozenset[str]]:
    """Record → the connections that it came from; what only an edit here or a registry says of it is no source."""
    synced = {name for name, settings in hub.config.connections.items() if kind in settings.syncs}
    found: dict[UUID, set[str]] = {}
    for image in tx.find(Image, record_kind=kind, record_id__in=sorted(set(ids))):
        if image.connection in synced:
            found.setdefault(image.record_id, set()).add(image.connection)
    return {id_: frozenset(names) for id_, names in found.items()}


def choose_limits(bands: Bands, kind: str, ours: Iterable[str], theirs: Iterable[str]) -> Limits | None:
    """Of all pairs of their sources the highest ``merge`` and the lowest ``review``: the order of the two, and of what
    they came from, changes nothing."""
    usual = LIMITS[kind]
    pairs = sorted(product(ours, theirs))
    said = [band for one, other in pairs for band in list_bands(bands, one, other)]
    if not any(said):
        return None
    merge = max(usual.merge if band is None or band.merge is None else band.merge for band in said)
    review = min(usual.review if band is None or band.review is None else band.review for band in said)
    names = sorted({" + ".join(sorted(pair)) for pair in pairs})
    return Limits(max(merge, review), review, ", ".join(names))


def list_bands(bands: Bands, one: str, other: str) -> list[BandSettings | None]:
    """What is said about these two; else about each of them with any; else about any two. None: nothing."""
    exact = _find_band(bands, one, other)
    if exact is not None:
        return [exact]
    half = [band for name in {one, other} if (band := _find_band(bands, name, ANY)) is not None]
    return [*half] or [_find_band(bands, ANY, ANY)]


def _find_band(bands: Bands, one: str, other: str) -> BandSettings | None:
    return bands.get(one, {}).get(other) or bands.get(other, {}).get(one)
