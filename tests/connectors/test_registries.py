"""Both registries keep what a registry must; and each part of the suite finds the one that does not."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.errors import NeedsConsent, NegativeResult, OutcomeUnknown, Transient
from hub.sdk import Tools
from hub.sdk.registry import Company, Registry
from hub.sdk.simulator import HandlerTransport, WallClock
from hub.testkit.conformance.registry import Counter, RegistryBench, make_registry_suite

FAULTS = {"lost": "lost", "malformed": "garbage"}
SECRETS = {"qichacha": "secret_key", "tianyancha": "token"}


class Simulated(Counter):
    def __init__(self, api: Any, registry: Registry, secret: str) -> None:
        told = {name.lower(): value for name, value in api.companies[0].items()}
        self.api, self.registry, self.name, self.code = api, registry, told["name"], told["creditcode"]
        self.secrets = (secret,)

    def count_calls(self) -> int:
        return sum(self.api.calls.values())

    def count_billed(self) -> int:
        return sum(self.api.billed.values())


class SimulatorBench(RegistryBench):
    """The connector beside its simulator; ``api`` and ``settings`` are what the simulator calls them."""

    def __init__(self, name: str, api: str, settings: str) -> None:
        self._connector = importlib.import_module(f"connectors.{name}").isthmus_connector()
        self._simulator = importlib.import_module(f"connectors.{name}.simulator")
        self._api, self._settings = getattr(self._simulator, api), getattr(self._simulator, settings)
        self._secret = SECRETS[name]

    @contextmanager
    def open(self, trouble: str = "") -> Iterator[Counter]:
        api = self._api(self._simulator.make_companies(5, 1), self._settings(quota=0 if trouble == "used_up" else -1))
        api.next_fault = FAULTS.get(trouble, "")
        told = dict(self._simulator.write_credentials(api.settings, "http://registry.test"))
        if trouble == "refused":
            told[self._secret] = "hubtoken"  # pragma: allowlist secret
        tools = Tools(
            clock=WallClock(), random=random.Random(1), zone=ZoneInfo("Asia/Shanghai"),
            transport=HandlerTransport(api.handle),
        )  # fmt: skip
        connector = self._connector(self._connector.Config.model_validate(told), tools)
        yield Simulated(api, connector.registry(), told[self._secret])
        connector.close()


TestQichacha = make_registry_suite(SimulatorBench("qichacha", "QccApi", "QccSettings"))
TestTianyancha = make_registry_suite(SimulatorBench("tianyancha", "TycApi", "TycSettings"))


class Hostile(Registry, Counter):
    """Does everything right, but for one thing."""

    name, code, secrets = "海岳精密有限公司", "91310000000000000A", ("QDG6eK",)

    def __init__(self, trouble: str, sin: str) -> None:
        self.registry, self.trouble, self.sin = self, trouble, sin
        self.calls = self.billed = 0

    def count_calls(self) -> int:
        return self.calls

    def count_billed(self) -> int:
        return self.billed

    def search(self, text: str) -> Sequence[Company]:
        self._call()
        if text != self.name:
            if self.sin == "none":
                return []
            raise NegativeResult("registry.none")
        return [Company(key="1", name=self.name, credit_code=self.code)]

    def fetch(self, key: str) -> Company:
        self._call()
        if key != self.code:
            raise NegativeResult("registry.none")
        return Company(key="1", name=self.name, credit_code="" if self.sin == "found" else self.code)

    def _call(self) -> None:
        wrong = self.sin == self.trouble
        self.calls += 1
        if self.trouble == "refused":
            words = "QDG6eK" if self.sin == "secret" else "no"
            raise Transient("registry.away") if wrong else NeedsConsent("registry.refused", vendor=words)
        if self.trouble == "used_up":
            self.billed += wrong
            raise NeedsConsent("registry.used_up")
        self.billed += 1
        if self.trouble in ("lost", "malformed"):
            self.calls += wrong  # asked again by itself
            raise OutcomeUnknown("registry.lost")


class HostileBench(RegistryBench):
    def __init__(self, sin: str) -> None:
        self._sin = sin

    @contextmanager
    def open(self, trouble: str = "") -> Iterator[Counter]:
        yield Hostile(trouble, self._sin)


def list_failed(sin: str) -> list[str]:
    suite = make_registry_suite(HostileBench(sin))()
    checks: dict[str, Callable[[], None]] = {
        name: getattr(suite, name) for name in dir(suite) if name.startswith("test_")
    }
    failed = []
    for name, check in checks.items():
        try:
            check()
        except AssertionError:
            failed.append(name)
    return failed


@pytest.mark.parametrize(
    ("sin", "found_by"),
    [
        ("found", "test_found"), ("none", "test_none"), ("refused", "test_refused_credentials"),
        ("used_up", "test_used_up_there"), ("lost", "test_a_lost_answer_is_asked_once"),
        ("malformed", "test_a_malformed_answer_is_asked_once"), ("secret", "test_secrets_are_not_shown"),
    ],
)  # fmt: skip
def test_each_part_finds_the_one_that_does_not(sin: str, found_by: str) -> None:
    assert list_failed(sin) == [found_by]


def test_one_without_fault_passes() -> None:
    assert list_failed("") == []
