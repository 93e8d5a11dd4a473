"""Where workers can die: checkpoint × state of the binding in hand × what had just been done to their request. Which of
these cells are reachable is said here, from the steps of the protocol; a storm says which it has seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

from connectors.sandbox.simulator.faults import WRITE_FAULTS
from hub.protocol.binding import Binding, BindingState
from hub.store import Store
from hub.sync.work import Work
from tests.storm.baton import Worker

NONE = "none"
ANY = "-"
"""The checkpoint belongs to no binding."""
WRITTEN = (NONE, *WRITE_FAULTS)
POISON = "poison"
READ = (NONE, "read_stale")
WITHOUT_WORK = frozenset({"C1", "C10", "C11", "C12", "C13", "C14", "C15"})
"""Checkpoints that are crossed with no binding in hand."""
CLAIMED = ("new", "sending", "unknown", "prepared", "waiting", "bound", "reversing")
THERE = ("prepared", "waiting", "bound", "reversing")
Cell = tuple[str, str, str]


def _list_reachable() -> Iterator[Cell]:
    table: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
        "C1": ((ANY,), (NONE,)),
        "C2": (CLAIMED, (NONE,)),
        "C3": (("new", "unknown"), READ),
        "C4": (("sending",), (NONE,)),
        "C5": (("sending",), WRITTEN),
        "C6": (("prepared",), WRITTEN),
        "C7": (THERE, READ),
        "C8": (THERE, (NONE,)),
        "C9": (THERE, WRITTEN),
        "C10": ((ANY,), (NONE,)),
        "C11": ((ANY,), READ),
        "C12": ((ANY,), READ),
        "C13": ((ANY,), (NONE,)),
        "C14": ((ANY,), READ),
        "C15": ((ANY,), WRITTEN),
    }
    for point, (states, faults) in table.items():
        yield from ((point, state, fault) for state in states for fault in faults)
    yield "C5", "sending", POISON  # what cannot be taken is refused when it is made, so it never comes to a change


REACHABLE = frozenset(_list_reachable())


def name_cell(cell: Cell) -> str:
    return "×".join(cell)


def sum_up(cells: Iterable[Cell]) -> tuple[int, list[str]]:
    """How many of the reachable cells were seen, and the names of the others."""
    seen = REACHABLE & set(cells)
    return len(seen), sorted(name_cell(cell) for cell in REACHABLE - seen)


def find_work(frame: FrameType | None) -> Work | None:
    """The claimed binding that a parked worker has in hand, from where it stands."""
    while frame is not None:
        work: Any = frame.f_locals.get("work")
        if isinstance(work, Work):
            return work
        frame = frame.f_back
    return None


def locate(store: Store, worker: Worker) -> Cell:
    """The cell in which a worker stands."""
    work = find_work(worker.stands) if worker.at not in WITHOUT_WORK else None
    state = ANY
    if work is not None:
        with store.read() as tx:
            row = tx.get(Binding, id=work.binding_id)
        state = (row.state if row is not None else BindingState.TOMB).value
    return worker.at, state, worker.hit_by or NONE
