"""Texts are parsed in two processes, where there are many of them."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hub.identity.columns import Spread, Task, run_task, spread_here

AHEAD = 3
MANY = 200_000
"""Below so many rows a second process costs more than it brings."""
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Crew:
    """Who does the work. ``parts``: into how many pieces the keys of one kind are cut; one stays in this process."""

    spread: Spread
    parts: int = 1


@contextmanager
def open_crew(rows: int) -> Iterator[Crew]:
    """This process, and others where there are many rows."""
    workers = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 4)
    if rows < MANY or workers < 2:
        yield Crew(spread_here)
        return
    # Processes are made anew, not forked: the threads of a library would not live on in them.
    with ProcessPoolExecutor(workers - 1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield Crew(lambda tasks: _run_in(pool, tasks, AHEAD * (workers - 1)))


def _run_in(pool: ProcessPoolExecutor, tasks: Sequence[Task], ahead: int) -> Iterator[Any]:
    """Answers in the order of the tasks. So many are under way elsewhere that no process waits, and no more; this one
    does the next of them itself, so that half of the answers need not travel."""
    waiting = deque(enumerate(tasks))
    there: dict[int, Future[Any]] = {}
    known: dict[int, Any] = {}
    for at in range(len(tasks)):
        while at not in known:
            known |= {number: there.pop(number).result() for number in list(there) if there[number].done()}
            while waiting and len(there) < ahead:
                number, task = waiting.popleft()
                there[number] = pool.submit(run_task, task)
            if at in known:
                break
            if waiting:
                number, task = waiting.popleft()
                known[number] = run_task(task)
            else:
                known[at] = there.pop(at).result()
        yield known.pop(at)


def tell(spread: Spread, step: str, progress: Progress) -> Spread:
    """The same, and progress is told after each piece."""

    def run(tasks: Sequence[Task]) -> Iterator[Any]:
        for done, answer in enumerate(spread(tasks), start=1):
            progress(step, done, len(tasks))
            yield answer

    return run
