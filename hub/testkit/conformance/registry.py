"""What every connector to a business registry keeps, whoever sells the answers: one class of tests for a bench."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from hub.errors import IsthmusError, NeedsConsent, NegativeResult, OutcomeUnknown, Transient
from hub.sdk.registry import Registry

NOBODY = "没有这家公司"
TROUBLES = ("refused", "used_up", "lost", "malformed")


class Counter(ABC):
    """A registry at work. ``name`` and ``code`` are those of a company that it knows; ``secrets`` what it must never
    show."""

    registry: Registry
    name: str
    code: str
    secrets: tuple[str, ...]

    @abstractmethod
    def count_calls(self) -> int:
        """How many calls arrived there."""

    @abstractmethod
    def count_billed(self) -> int:
        """How many of them cost."""


@dataclass(frozen=True)
class Asked:
    """What came of a question: an error, or none."""

    error: IsthmusError | None
    calls: int
    billed: int


class RegistryBench(ABC):
    """Opens a registry that is well, or in one of the ``TROUBLES``: ``refused`` credentials, a quota ``used_up`` there,
    the next answer ``lost`` or ``malformed``."""

    @abstractmethod
    def open(self, trouble: str = "") -> AbstractContextManager[Counter]:
        """For as long as the context lasts."""


def ask(counter: Counter, key: str) -> Asked:
    """One question for details."""
    error: IsthmusError | None = None
    try:
        counter.registry.fetch(key)
    except IsthmusError as caught:
        error = caught
    return Asked(error, counter.count_calls(), counter.count_billed())


def make_registry_suite(bench: RegistryBench) -> type[Any]:
    """The tests, as a class that a test module names."""

    class RegistrySuite:
        def test_found(self) -> None:
            with bench.open() as counter:
                assert counter.registry.fetch(counter.code).credit_code == counter.code
                assert counter.name in [hit.name for hit in counter.registry.search(counter.name)]
                assert counter.count_billed() == 2, "each answer is one paid call"

        def test_none(self) -> None:
            with bench.open() as counter:
                assert isinstance(ask(counter, NOBODY).error, NegativeResult)
                try:
                    found = counter.registry.search(NOBODY)
                except NegativeResult:
                    return
                raise AssertionError(f"a search that finds nobody gave {found!r} instead of NegativeResult")

        def test_refused_credentials(self) -> None:
            with bench.open("refused") as counter:
                asked = ask(counter, counter.code)
                assert (type(asked.error), asked.calls, asked.billed) == (NeedsConsent, 1, 0), "asked once, for nothing"

        def test_used_up_there(self) -> None:
            with bench.open("used_up") as counter:
                asked = ask(counter, counter.code)
                assert isinstance(asked.error, NeedsConsent | Transient)
                assert (asked.calls, asked.billed) == (1, 0)

        def test_a_lost_answer_is_asked_once(self) -> None:
            with bench.open("lost") as counter:
                asked = ask(counter, counter.code)
                assert isinstance(asked.error, OutcomeUnknown), "it may be billed, so it counts"
                assert (asked.calls, asked.billed) == (1, 1)

        def test_a_malformed_answer_is_asked_once(self) -> None:
            with bench.open("malformed") as counter:
                asked = ask(counter, counter.code)
                assert isinstance(asked.error, OutcomeUnknown), "it may be billed, so it counts"
                assert (asked.calls, asked.billed) == (1, 1)

        def test_secrets_are_not_shown(self) -> None:
            for trouble in TROUBLES:
                with bench.open(trouble) as counter:
                    error = ask(counter, counter.code).error
                    shown = "" if error is None else f"{error.text()} {error.vendor} {error.params!r}"
                    assert not [secret for secret in counter.secrets if secret in shown], trouble

    return RegistrySuite
