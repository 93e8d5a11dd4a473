"""Texts are parsed in two processes, where there are many of them."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from hub.identity.columns import Parts, Spread, encode, encode_here

Task = tuple[str, Sequence[str]]
MANY = 200_000
"""Below so many rows a second process costs more than it brings."""
Progress = Callable[[str, int, int | None], None]


@contextmanager
def open_spread(rows: int, progress: Progress) -> Iterator[Spread]:
    """A way to run pieces of work; progress is told after each."""
    workers = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 4)
    if rows < MANY or workers < 2:
        yield lambda tasks: _tell(encode_here(tasks), len(tasks), progress)
        return
    # Processes are made anew, not forked: the threads of a library would not live on in them.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield lambda tasks: _tell(pool.map(encode, tasks), len(tasks), progress)


def _tell(answers: Iterable[Parts], total: int, progress: Progress) -> Iterator[Parts]:
    for done, answer in enumerate(answers, start=1):
        progress("normalise", done, total)
        yield answer
