"""A search for doubles on several machines: its pieces of work are rows, whoever is free takes one, and the messages
carry their ids. What comes of it does not depend on who did what."""

from __future__ import annotations

import io
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl

from hub.identity.blocking import pair_keys
from hub.identity.columns import Parts, Task, encode
from hub.identity.scoring import rank_names
from hub.store import Store
from hub.store.identity_rows import BatchPiece
from hub.sync.context import Hub
from hub.sync.dedupe.workers import Crew

WORKS: Mapping[str, Callable[[Parts], Parts]] = {work.__name__: work for work in (encode, pair_keys, rank_names)}
"""What a piece may be: its texts read, pairs found by keys, names compared."""
PARTS = 8
"""Each kind of key is cut into so many pieces, by the hash of the key."""
AHEAD = 16
"""So many pieces lie ready at once."""
PATIENCE_S = 30.0
"""A piece that nobody did for so long is done by who waits for it: a message was lost, or no worker runs."""
LOOK_S = 0.05
FORGOTTEN = timedelta(days=1)
"""Pieces that are older were left behind by a search that was killed."""


def make_shared_crew(hub: Hub, tell: Callable[[Sequence[UUID]], object], patience_s: float = PATIENCE_S) -> Crew:
    """Work is done by whoever hears ``tell``, which gets ids of pieces; ``work_piece`` does one."""
    with hub.store.write() as tx:
        for row in tx.find(BatchPiece, made_at__lt=hub.now() - FORGOTTEN):
            tx.delete(BatchPiece, id=row.id)

    def spread(tasks: Sequence[Task]) -> Iterator[Parts]:
        waiting, running = iter(tasks), deque[UUID]()
        try:
            while True:
                running.extend(_put(hub, tell, task) for task in islice(waiting, AHEAD - len(running)))
                if not running:
                    return
                yield _take(hub, running[0], patience_s)
                running.popleft()
        finally:  # whoever reads the answers may stop early
            for id_ in running:
                _drop(hub.store, id_)

    return Crew(spread, PARTS)


def _put(hub: Hub, tell: Callable[[Sequence[UUID]], object], task: Task) -> UUID:
    work, given = task
    piece = BatchPiece(id=hub.new_id(), work=work.__name__, given=pack(given), made_at=hub.now())
    with hub.store.write() as tx:
        tx.save(piece)
    tell([piece.id])
    return piece.id


def _take(hub: Hub, id_: UUID, patience_s: float) -> Parts:
    until = time.monotonic() + patience_s
    while not _is_done(hub.store, id_):
        if time.monotonic() >= until:
            work_piece(hub.store, id_)
        else:
            time.sleep(LOOK_S)
    with hub.store.read() as tx:
        (piece,) = tx.find(BatchPiece, id=id_)
    _drop(hub.store, id_)
    return unpack(piece.answer)


def _is_done(store: Store, id_: UUID) -> bool:
    with store.read() as tx:
        return tx.count(BatchPiece, id=id_, done=True) == 1


def _drop(store: Store, id_: UUID) -> None:
    with store.write() as tx:
        tx.delete(BatchPiece, id=id_)


def work_piece(store: Store, id_: UUID) -> bool:
    """Do a piece; False where somebody else has done it, or nobody waits for it any more."""
    with store.read() as tx:
        piece = tx.get(BatchPiece, id=id_)
    if piece is None or piece.done:
        return False
    answer = pack(WORKS[piece.work](unpack(piece.given)))
    with store.write() as tx:
        waits = tx.get(BatchPiece, id=id_, lock=True)
        if waits is None or waits.done:
            return False
        tx.save(waits.model_copy(update={"given": b"", "answer": answer, "done": True}))
    return True


# ---------------------------------------------------------------- as they are kept

_TEXTS = "|texts"


def pack(parts: Parts) -> bytes:
    """Arrays, texts, words and numbers as bytes that hold nothing which could be run."""
    arrays: dict[str, Any] = {}
    for name, value in parts.items():
        if isinstance(value, pl.Series):
            arrays[f"{name}|sizes"] = value.str.len_bytes().to_numpy()
            arrays[name + _TEXTS] = np.frombuffer("".join(value.to_list()).encode(), dtype=np.uint8)
        else:
            arrays[name] = np.asarray(value)
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def unpack(body: bytes) -> Parts:
    """What was packed."""
    found: Parts = {}
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        for name in arrays.files:
            if name.endswith(_TEXTS):
                key = name.removesuffix(_TEXTS)
                found[key] = _cut_texts(arrays[name].tobytes(), arrays[f"{key}|sizes"].tolist())
            elif not name.endswith("|sizes"):
                array = arrays[name]
                found[name] = array if array.ndim else array.item()
    return found


def _cut_texts(joined: bytes, sizes: Sequence[int]) -> pl.Series:
    texts, at = [], 0
    for size in sizes:
        texts.append(joined[at : at + size].decode())
        at += size
    return pl.Series(values=texts, dtype=pl.String)
