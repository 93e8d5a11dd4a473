"""Tries inputs, and keeps what went wrong."""

from __future__ import annotations

import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from hub.errors import IsthmusError
from tests.fuzz.spoil import Try

HANG_S = 1.0
"""Of processor time: how long a machine makes it wait says nothing about an input."""
KEPT = 20


class Hang(BaseException):
    """An input takes too long."""


@dataclass
class Outcome:
    """``failures``: where it was raised → the first input for which it was, and what happened."""

    inputs: int = 0
    refused: int = 0
    """Answered with an error of the hub."""
    hangs: int = 0
    uncaught: int = 0
    slowest_s: float = 0.0
    by_error: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)


def fuzz(targets: Mapping[str, Try], inputs: int, seed: int) -> Outcome:
    """So many inputs, the targets in turn."""
    outcome = Outcome()
    names = sorted(targets)
    with _watching():
        for number in range(inputs):
            name = names[number % len(names)]
            _try_one(outcome, targets[name], name, number, seed)
    return outcome


def _try_one(outcome: Outcome, target: Try, name: str, number: int, seed: int) -> None:
    began = time.process_time()
    outcome.inputs += 1
    signal.setitimer(signal.ITIMER_PROF, HANG_S)
    try:
        target(random.Random(f"{seed}/{name}/{number}"))
    except IsthmusError as error:
        outcome.refused += 1
        outcome.by_error[error.code] += 1
    except Hang:
        outcome.hangs += 1
        _keep(outcome, name, number)
    except Exception:  # whatever is raised that is no error of the hub is what is looked for
        outcome.uncaught += 1
        _keep(outcome, name, number)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    outcome.slowest_s = max(outcome.slowest_s, time.process_time() - began)


def _keep(outcome: Outcome, name: str, number: int) -> None:
    text = traceback.format_exc(limit=-5)
    place = " ".join(text.splitlines()[-3:])[:300]
    if len(outcome.failures) < KEPT:
        outcome.failures.setdefault(place, f"{name} #{number}\n{text}")


@contextmanager
def _watching() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGPROF, before)
