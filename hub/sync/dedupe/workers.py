"""Texts are parsed in two processes, where there are many of them."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hub.identity.columns import Spread, Task, run_task, spread_here

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
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield Crew(lambda tasks: _run_in(pool, tasks, 2 * workers))


def _run_in(pool: ProcessPoolExecutor, tasks: Sequence[Task], ahead: int) -> Iterator[Any]:
    """Answers in the order of the tasks; so many are under way that no process waits, and no more."""
    waiting = iter(tasks)
    running = deque(pool.submit(run_task, task) for task in islice(waiting, ahead))
    while running:
        answer = running.popleft().result()
        running.extend(pool.submit(run_task, task) for task in islice(waiting, 1))
        yield answer


def tell(spread: Spread, step: str, progress: Progress) -> Spread:
    """The same, and progress is told after each piece."""

    def run(tasks: Sequence[Task]) -> Iterator[Any]:
        for done, answer in enumerate(spread(tasks), start=1):
            progress(step, done, len(tasks))
            yield answer

    return run
