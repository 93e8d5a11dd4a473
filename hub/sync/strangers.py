"""Which newcomers of a page nothing here knows, asked once for the whole page: no document of theirs was bound, put
aside or doubted, no record carries a code or a sign of theirs, and no other newcomer of the page does. Each of them is
a new record, and ingest need not ask about it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from hub.model.kinds import find_kind
from hub.model.party import Identifier, IdentifierKind
from hub.protocol.semantics import Direction, Stage
from hub.store import UnitOfWork
from hub.store.rows import DeadRow, IdentityVerdict, Sign
from hub.sync.arrival import Arrival
from hub.sync.door import waits_at_door
from hub.sync.signs import mark_self, sign_snapshot
from hub.sync.translate import Translated

ENDED = (Stage.VOID, Stage.GONE)
Newcomer = tuple[Arrival, Translated]


def note_strangers(tx: UnitOfWork, newcomers: Sequence[Newcomer], codes: Collection[str]) -> None:
    """Remember them until ingest comes to them. Everything that is asked here was read ahead; ``codes``: identifiers
    that some record here carries."""
    if not newcomers:
        return
    arrival = newcomers[0][0]
    if arrival.policy.direction is Direction.OUT or waits_at_door(arrival):
        return
    kind, stream = arrival.kind, arrival.source.stream
    ids = [source.external_id for source in (found.source for found, _ in newcomers)]
    addresses = [found.address for found, _ in newcomers]
    signs = [sign_snapshot(tx, kind, translated.snapshot) for _, translated in newcomers]
    asked = [*map(mark_self, ids), *_list_once(chain(*signs))]
    signed = {row.sign for row in tx.find(Sign, record_kind=kind, sign__in=asked)}
    aside = {
        row.external_id
        for row in tx.find(DeadRow, connection=arrival.conn.name, stream=stream, external_id__in=_list_once(ids))
    }
    doubted = {row.source for row in tx.find(IdentityVerdict, record_kind=kind, source__in=_list_once(addresses))}
    known = {*codes, *_list_twice(chain(*(_list_codes(translated) for _, translated in newcomers)))}
    shared = {*signed, *_list_twice(chain(*signs))}
    ruled_out = {*aside, *_list_twice(ids)}
    for (found, translated), id_, address, mine in zip(newcomers, ids, addresses, signs, strict=True):
        if id_ in ruled_out or address in doubted or mark_self(id_) in signed or not shared.isdisjoint(mine):
            continue
        if _is_plain(found, translated) and known.isdisjoint(_list_codes(translated)):
            tx.notes[note_strangers, id(found.source)] = translated


def take_stranger(arrival: Arrival) -> Translated | None:
    """The translation of a record that nothing here knows; once."""
    found: Translated | None = arrival.tx.notes.pop((note_strangers, id(arrival.source)), None)
    if found is None:
        return None
    gained: set[str] = arrival.tx.notes.get((note_codes, arrival.kind), set())
    return found if gained.isdisjoint(_list_codes(found)) else None


def note_codes(tx: UnitOfWork, kind: str, identifiers: Iterable[Identifier]) -> None:
    """A record got these in this very page: whoever carries one of them is no stranger any more."""
    tx.notes.setdefault((note_codes, kind), set()).update(line.value for line in identifiers)


def _is_plain(arrival: Arrival, translated: Translated) -> bool:
    """Whether it is read without a doubt and names nothing of ours."""
    if arrival.source.reference or translated.mapped.problems or translated.snapshot.stage in ENDED:
        return False
    if translated.snapshot.values.get(find_kind(arrival.kind).WORLD_ID):
        return False  # a copy of it may be here
    identifiers = translated.snapshot.values.get("identifiers", ())
    return sum(line.kind is IdentifierKind.USCC for line in identifiers) < 2


def _list_codes(translated: Translated) -> list[str]:
    return [line.value for line in translated.snapshot.values.get("identifiers", ())]


def _list_once(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _list_twice(values: Iterable[str]) -> set[str]:
    return {value for value, count in Counter(values).items() if count > 1}
