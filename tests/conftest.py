"""Fixtures for everybody: real servers, started once, and one fresh database for each test that asks.

A missing server skips on a laptop, with its reason in the summary, and fails where CI=true.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from hub.testkit.calendars import provision_calendars
from hub.testkit.servers import PostgresServer, RedisServer, Server, ServerMissing, start_postgres, start_redis
from hub.testkit.tryton import PreparedTryton, RunningTryton, provision_tryton, start_tryton
from hub.testkit.tryton_people import TrytonPerson

# A slow machine must not fail a property.
settings.register_profile("isthmus", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("isthmus")

S = TypeVar("S", bound=Server)
T = TypeVar("T")
SERVER_FIXTURES = {
    "postgres_server",
    "redis_server",
    "prepared_tryton",
    "traded_tryton",
    "calendar_server",
    "node_crypto",
}
TRYTON_CACHE = Path(__file__).parents[1] / ".cache" / "tryton"
CALENDAR_CACHE = TRYTON_CACHE.with_name("calendars")


SLOW_PLACES = (
    *("tests/journeys/", "tests/docs/", "tests/commands/", "tests/connectors/tryton/", "tests/storm/", "tests/web/"),
    *("tests/connectors/caldav/", "tests/connectors/imap/", "tests/connectors/smtp/"),
    *("tests/badday/", "tests/store/test_copies.py", "tests/sync/test_audit.py", "tests/sync/test_erase.py"),
    *("tests/identity/test_normalise.py", "tests/identity/test_decide.py"),
    *("tests/runtime/", "tests/testkit/", "tests/store/test_money.py", "tests/store/test_processes.py"),
    *(
        "tests/bench/",
        "tests/deploy/",
        "tests/connectors/sandbox/",
        "tests/connectors/qichacha/",
        "tests/connectors/tianyancha/",
        "tests/sync/test_dedupe.py",
        "tests/sync/test_enrich.py",
        "tests/sync/test_voucher_holds.py",
        "tests/sync/test_vouchers.py",
        "tests/sync/test_run.py",
        "tests/sync/test_ingest.py",
    ),
    *(
        "tests/sync/test_adopt.py",
        "tests/sync/test_lookalike.py",
        "tests/sync/test_steps_change.py",
        "tests/sync/test_handle.py",
        "tests/sync/test_dossier.py",
        "tests/sync/test_probe.py",
        "tests/sync/test_guards.py",
        "tests/sync/test_reconcile_faults.py",
        "tests/sync/test_events.py",
        "tests/sync/test_event_hints.py",
        "tests/sync/test_receipts.py",
        "tests/sync/test_totals.py",
        "tests/sync/test_quick_path.py",
        "tests/sync/test_pools.py",
        "tests/sync/test_contracts.py",
        "tests/sync/test_quotes.py",
        "tests/sync/test_comparison.py",
        "tests/sync/test_todo.py",
        "tests/sync/test_remap.py",
        "tests/sync/test_plan.py",
        "tests/sync/test_sweep.py",
        "tests/sync/test_trace.py",
        "tests/sync/test_steps.py",
        "tests/sync/test_leads.py",
        "tests/sync/test_desk_work.py",
        "tests/sync/test_merge.py",
        "tests/sync/test_unmerge.py",
        "tests/sync/test_review.py",
        "tests/sync/test_golden.py",
    ),
    *("tests/connectors/kingdee/", "tests/connectors/webhook/", "tests/crm/test_rounding.py"),
    "tests/connectors/wecom/",
    *("tests/connectors/file/test_conformance.py", "tests/connectors/file/test_sync.py"),
    *("tests/sync/test_rounds.py", "tests/sync/test_rounds_blind.py", "tests/sync/test_bindings.py"),
    *("tests/sync/test_push.py", "tests/sync/test_chunks.py"),
    *("tests/house/", "tests/demo/", "tests/store/test_codec.py", "tests/store/test_batch.py"),
)
"""Whole programs, processes and long stories: not part of the quick lane. ``make check`` plays the house."""
LONGEST = (
    *("tests/storm/", "tests/journeys/", "tests/connectors/kingdee/", "tests/demo/", "tests/docs/", "tests/badday/"),
    *("tests/kills/", "tests/connectors/tryton/", "tests/connectors/caldav/", "tests/runtime/"),
)
"""Files that take minutes: begun first, so that no worker is left alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
    for item in items:
        if item.nodeid.startswith(SLOW_PLACES):
            item.add_marker(pytest.mark.slow)
        if SERVER_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.servers)


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder with a short name that an unprivileged server can enter; pytest's own tmp_path is private to root."""
    with _open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One cluster for the session, durability off; take a database of your own from it."""
    yield from _run_server(lambda folder: start_postgres(folder, fast=True))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the session; flush it or use keys of your own."""
    yield from _run_server(start_redis)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/hub.sqlite"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"test_{uuid4().hex}"
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture(scope="session")
def prepared_tryton() -> PreparedTryton:
    """Tryton installed, its database seeded; about a minute once, nothing afterwards."""
    return prepare_tryton()


def prepare_tryton() -> PreparedTryton:
    """The same for whoever has no fixtures; a missing server skips or fails as everywhere."""
    return _or_skip(lambda: provision_tryton(TRYTON_CACHE, progress=print))


def prepare_calendars() -> Path:
    """The Python of the calendar servers; half a minute once, nothing afterwards."""
    return _or_skip(lambda: provision_calendars(CALENDAR_CACHE, progress=print))


@pytest.fixture(scope="session")
def traded_tryton() -> PreparedTryton:
    """The same with 120 customers, 12 products and 120 orders."""
    return _or_skip(lambda: provision_tryton(TRYTON_CACHE, progress=print, trade=True))


@pytest.fixture
def tryton(prepared_tryton: PreparedTryton, tmp_path: Path) -> Iterator[RunningTryton]:
    """A Tryton of your own, without any trade in it; starts in about a second."""
    with start_tryton(prepared_tryton, tmp_path / "tryton") as server:
        yield server


@pytest.fixture
def accountant(tryton: RunningTryton) -> Iterator[TrytonPerson]:
    """王会计, who sells and confirms in that Tryton."""
    person = TrytonPerson(tryton.url, tryton.database, tryton.accountant_login, tryton.accountant_password)
    yield person
    person.close()


def _run_server(start: Callable[[Path], S]) -> Iterator[S]:
    with _open_folder() as folder, _or_skip(lambda: start(folder)) as server:
        yield server


def _or_skip(prepare: Callable[[], T]) -> T:
    try:
        return prepare()
    except ServerMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@contextmanager
def _open_folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="isthmus-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
