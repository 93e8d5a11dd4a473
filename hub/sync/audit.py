"""The journal is sealed afterwards, in blocks that are chained by their digests.

Not in the transaction that writes an entry: a first load writes hundreds of thousands. What is not sealed yet is at
most ``SETTLED_S`` old where a scheduler runs, and is reported. Every digest is salted entry by entry, so that the
content of an entry can be erased and the chain still holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid
from hub.model.ids import make_uuid7
from hub.store import Store, UnitOfWork
from hub.store.json_text import dump_canonical
from hub.store.rows import JournalEntry, Setting
from hub.store.seal_rows import JournalSeal

BLOCK_ROWS = 1000
SETTLED_S = 120.0
"""Longer than any transaction: by then every entry of that time can be seen, and none comes after."""
HEAD = "journal_head"
ERASED = "record.erased"
NAMES = tuple(JournalEntry.model_fields)
ID_BYTES, SALT_BYTES, LEAF_BYTES = 16, 16, 32
NO_SALT = bytes(SALT_BYTES)
RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True)
class Head:
    """The end of the chain, to be kept where the hub cannot write: ``number:digest``."""

    number: int
    digest: str
    rows: int

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was sealed. ``what``: changed, missing, added, block, broken, truncated, erased."""

    what: str
    entry: UUID | None = None
    block: int | None = None


@dataclass
class Verdict:
    """What a look at the whole chain came to. ``unsealed``: entries that are too new to be in it."""

    head: Head
    entries: int = 0
    erased: int = 0
    unsealed: int = 0
    findings: list[Finding] = field(default_factory=list)


def take_leaf(salt: bytes, entry: Sequence[Any]) -> bytes:
    """The salted digest of one entry; its fields in the order of ``NAMES``."""
    return hashlib.sha256(salt + dump_canonical(list(entry))).digest()


def take_block(before: str, number: int, ids: bytes, leaves: bytes) -> str:
    """The digest that binds a block to all before it."""
    return hashlib.sha256(f"{before}:{number}:{len(leaves)}:".encode() + ids + leaves).hexdigest()


# ---------------------------------------------------------------- sealing


def seal_journal(store: Store, now: datetime, random_bytes: RandomBytes, *, blocks: int | None = None) -> int:
    """Seal what has settled, a block in each transaction, at most so many; how many entries."""
    limit = make_uuid7(now - timedelta(seconds=SETTLED_S), 0)
    done = 0
    while blocks is None or blocks > 0:
        with store.write() as tx:
            sealed = _seal_block(tx, now, limit, random_bytes)
        done += sealed
        if sealed < BLOCK_ROWS:
            break
        blocks = None if blocks is None else blocks - 1
    return done


def _seal_block(tx: UnitOfWork, now: datetime, limit: UUID, random_bytes: RandomBytes) -> int:
    mark = tx.get(Setting, name=HEAD, lock=True)  # two who seal at once do so one after the other
    last: dict[str, Any] = mark.value if mark is not None else {"number": 0, "digest": "", "rows": 0, "id": None}
    where: dict[str, Any] = {"id__lt": limit, **({"id__gt": UUID(last["id"])} if last["id"] else {})}
    entries = tx.find(JournalEntry, order=["id"], limit=BLOCK_ROWS, **where)
    if entries:
        salts = random_bytes(SALT_BYTES * len(entries))
        _insert_block(tx, last, [_cells(entry) for entry in entries], salts, now)
    return len(entries)


def seal_late(store: Store, now: datetime, random_bytes: RandomBytes) -> int:
    """Seal entries that came into sight only after those that are younger (a clock that was far behind); how many."""
    with store.write() as tx:
        mark = tx.get(Setting, name=HEAD, lock=True)
        if mark is None or not mark.value["id"]:
            return 0
        late = sorted(_find_strangers(tx, UUID(mark.value["id"])))
        last = mark.value
        for place in range(0, len(late), BLOCK_ROWS):
            entries = _read_entries(tx, late[place : place + BLOCK_ROWS])
            rows = [entries[id] for id in sorted(entries)]
            last = _insert_block(tx, last, rows, random_bytes(SALT_BYTES * len(rows)), now)
    return len(late)


def _insert_block(
    tx: UnitOfWork, last: Mapping[str, Any], entries: Sequence[Sequence[Any]], salts: bytes, now: datetime
) -> dict[str, Any]:
    number = last["number"] + 1
    ids = b"".join(entry[0].bytes for entry in entries)
    pairs = zip(_cut(salts, SALT_BYTES), entries, strict=True)
    leaves = b"".join(take_leaf(salt, entry) for salt, entry in pairs)
    digest = take_block(last["digest"], number, ids, leaves)
    tx.insert(
        JournalSeal(
            number=number, rows=len(entries), ids=ids, salts=salts, leaves=leaves, before=last["digest"],
            digest=digest, at=now,
        )
    )  # fmt: skip
    newest = max(filter(None, (last["id"], str(entries[-1][0]))))
    value = {"number": number, "digest": digest, "rows": last["rows"] + len(entries), "id": newest}
    tx.save(Setting(name=HEAD, value=value))
    return value


def _cells(entry: JournalEntry) -> tuple[Any, ...]:
    values = entry.__dict__
    return tuple(values[name] for name in NAMES)


def _cut(text: bytes, size: int) -> list[bytes]:
    return [text[place : place + size] for place in range(0, len(text), size)]


# ---------------------------------------------------------------- looking


def read_head(tx: UnitOfWork) -> Head:
    """The end of the chain as the hub itself remembers it."""
    mark = tx.get(Setting, name=HEAD)
    return Head(mark.value["number"], mark.value["digest"], mark.value["rows"]) if mark is not None else Head(0, "", 0)


def parse_head(text: str) -> tuple[int, str]:
    """(number, digest) of a head that was kept; ``ConfigInvalid`` for anything else."""
    number, colon, digest = text.strip().partition(":")
    if not colon or not number.isdigit() or len(digest) != 64:
        raise ConfigInvalid("audit.head_invalid", text=text)
    return int(number), digest


def verify_journal(store: Store, kept: tuple[int, str] | None = None) -> Verdict:
    """Look at every entry and every block, from the first. ``kept``: a head that was kept elsewhere, which finds an end
    that was cut off together with the hub's own memory of it."""
    with store.read() as tx:
        verdict = Verdict(read_head(tx))
        digest, number, blanks, claimed = "", 0, set[UUID](), set[UUID]()
        kept_seen = kept is None or kept[0] == 0
        for seal in _read_seals(tx):
            digest = _verify_block(tx, seal, number + 1, digest, verdict, blanks, claimed)
            number = seal.number
            kept_seen = kept_seen or kept == (number, digest)
        if not kept_seen or (number, digest) != (verdict.head.number, verdict.head.digest):
            verdict.findings.append(Finding("truncated", block=number))
        _look_behind(tx, verdict, claimed)
    verdict.findings += [Finding("erased", entry) for entry in sorted(blanks - claimed)]
    verdict.erased = len(blanks)
    return verdict


def _read_seals(tx: UnitOfWork) -> Iterator[JournalSeal]:
    number = -1
    while found := tx.find(JournalSeal, number__gt=number, order=["number"], limit=10):
        yield from found
        number = found[-1].number


def _verify_block(
    tx: UnitOfWork, seal: JournalSeal, number: int, before: str, verdict: Verdict, blanks: set[UUID], claimed: set[UUID]
) -> str:
    if seal.number != number or seal.before != before:
        verdict.findings.append(Finding("broken", block=seal.number))
    digest = take_block(seal.before, seal.number, seal.ids, seal.leaves)
    if digest != seal.digest or len(seal.ids) != seal.rows * ID_BYTES:
        verdict.findings.append(Finding("block", block=seal.number))
    ids = [UUID(bytes=part) for part in _cut(seal.ids, ID_BYTES) if len(part) == ID_BYTES]
    entries = _read_entries(tx, ids)
    verdict.entries += len(entries)
    for id, salt, leaf in zip(ids, _cut(seal.salts, SALT_BYTES), _cut(seal.leaves, LEAF_BYTES), strict=False):
        entry = entries.get(id)
        if entry is None:
            verdict.findings.append(Finding("missing", id, seal.number))
        elif salt == NO_SALT:
            blanks.add(id)
        elif take_leaf(salt, entry) != leaf:
            verdict.findings.append(Finding("changed", id, seal.number))
        else:
            claimed.update(_list_claims(entry))
    return digest


_ACTION, _DETAIL = NAMES.index("action"), NAMES.index("detail")


def _list_claims(entry: Sequence[Any]) -> Iterator[UUID]:
    """The entries whose content somebody erased, and said so."""
    if entry[_ACTION] == ERASED:
        yield from (UUID(text) for text in entry[_DETAIL].get("entries", ()))


def _read_entries(tx: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, Sequence[Any]]:
    return {row[0]: row for row in tx.pluck(JournalEntry, NAMES, id__in=ids)}


def _look_behind(tx: UnitOfWork, verdict: Verdict, claimed: set[UUID]) -> None:
    """What is in no block: too new, or put in behind our back."""
    mark = tx.get(Setting, name=HEAD)
    last = UUID(mark.value["id"]) if mark is not None and mark.value["id"] else None
    newer: dict[str, Any] = {} if last is None else {"id__gt": last}
    verdict.unsealed = tx.count(JournalEntry, **newer)
    for row in tx.pluck(JournalEntry, NAMES, action=ERASED, **newer):
        claimed.update(_list_claims(row))
    if last is not None and tx.count(JournalEntry, id__le=last) > verdict.entries:
        verdict.findings += [Finding("added", id) for id in sorted(_find_strangers(tx, last))]


def _find_strangers(tx: UnitOfWork, last: UUID) -> set[UUID]:
    """Entries that are old enough to be sealed, and are in no block."""
    found = {row[0] for row in tx.pluck(JournalEntry, ("id",), id__le=last)}
    for seal in _read_seals(tx):
        found.difference_update(UUID(bytes=part) for part in _cut(seal.ids, ID_BYTES))
    return found


# ---------------------------------------------------------------- erasing


def forget_entries(tx: UnitOfWork, ids: Sequence[UUID]) -> None:
    """Erase the content of these entries; those that are sealed lose their salt with it. An entry ``record.erased``
    must name them."""
    wanted = {id.bytes for id in ids}
    for seal in _read_seals(tx):
        places = [place for place, part in enumerate(_cut(seal.ids, ID_BYTES)) if part in wanted]
        if places:
            salts = _cut(seal.salts, SALT_BYTES)
            for place in places:
                salts[place] = NO_SALT
            tx.save(seal.model_copy(update={"salts": b"".join(salts)}))
    tx.forget_journal(ids)
