"""Preparing a Tryton: install it from its lock, initialise and seed a database, keep both for the next time."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from hub.locale import render
from hub.testkit.environment import install_lock, keep_folder, read_last_words, run_logged, take_digest
from hub.testkit.platform import hold_alone
from hub.testkit.servers import LOG_NAME, ServerFailed, ServerMissing
from hub.testkit.tryton_people import TrytonPerson
from hub.testkit.tryton_rpc import TrytonRpc
from hub.testkit.tryton_seed import ACCOUNTANT_GROUPS, SEED_VERSION, TECHNICAL_GROUPS, Account, seed_base
from hub.testkit.tryton_server import (
    ACCESS_FILE,
    ACCOUNTANT,
    ADMINISTRATOR,
    DATABASE,
    DATABASE_FILE,
    TECHNICAL,
    PreparedTryton,
    RunningTryton,
    snapshot,
    start_tryton,
    write_configuration,
)
from hub.testkit.tryton_trade import TRADE_VERSION, seed_trade

LOCK_FILE = Path(__file__).parents[2] / "tests" / "locks" / "tryton.lock"
"""Not part of the wheel: the demo and the tests run from a clone."""

MODULES = (
    *("company", "currency", "country", "party", "product", "stock", "sale"),
    *("account", "account_product", "account_invoice", "account_invoice_stock"),
    *("account_payment", "account_payment_clearing"),
)

Say = Callable[..., None]

__all__ = ["PreparedTryton", "RunningTryton", "provision_tryton", "start_tryton"]


def provision_tryton(
    cache_dir: Path,
    *,
    progress: Callable[[str], None],
    trade: bool = False,
    lock_file: Path = LOCK_FILE,
    lang: str = "en",
) -> PreparedTryton:
    """A Tryton ready to be started; minutes the first time, milliseconds after.

    ``trade`` adds customers, products and orders in every state. ``progress`` gets one plain sentence for each step.
    Several processes may call it at once with the same ``cache_dir``: one prepares, the others wait.
    """
    if not lock_file.exists():
        raise ServerMissing("testkit_tryton.lock_missing", file=str(lock_file))

    def say(code: str, **params: object) -> None:
        progress(render(code, lang, **params))

    folder = cache_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    year = dt.datetime.now(dt.UTC).year
    program = take_digest(lock_file.read_bytes(), sys.version_info[:2])
    with hold_alone(folder / "tryton.busy"):
        environment = keep_folder(folder / f"tryton-{program}", lambda new: _install(new, lock_file, say))
        python = environment / "bin" / "python"
        base = folder / f"tryton-base-{take_digest(program, SEED_VERSION, MODULES, year)}"
        prepared = PreparedTryton(python, keep_folder(base, lambda new: _make_base(new, python, year, say)))
        if not trade:
            return prepared
        busy = folder / f"tryton-trade-{take_digest(base.name, TRADE_VERSION)}"
        return PreparedTryton(python, keep_folder(busy, lambda new: _make_trade(new, prepared, say)))


def _install(environment: Path, lock_file: Path, say: Say) -> None:
    say("testkit_tryton.installing")
    log = environment.parent / "tryton-install.log"
    if words := install_lock(environment, lock_file, log):
        raise ServerMissing("testkit_tryton.not_installable", words=words)


def _make_base(folder: Path, python: Path, year: int, say: Say) -> None:
    say("testkit_tryton.initialising")
    accounts = [
        Account(TECHNICAL, _password(), "Isthmus", "isthmus@example.org", TECHNICAL_GROUPS),
        Account(ACCOUNTANT, _password(), "王会计", "wang@example.org", ACCOUNTANT_GROUPS),
    ]
    passwords = {ADMINISTRATOR: _password(), **{account.login: account.password for account in accounts}}
    _initialise(folder, python, passwords[ADMINISTRATOR])
    _save_access(folder, passwords)
    say("testkit_tryton.seeding")
    with start_tryton(PreparedTryton(python, folder), folder / "run") as server:
        rpc = TrytonRpc(server.url, DATABASE, ADMINISTRATOR, passwords[ADMINISTRATOR])
        seed_base(rpc, accounts, year=year)
        rpc.close()
    _keep_database(server, folder)


def _make_trade(folder: Path, base: PreparedTryton, say: Say) -> None:
    say("testkit_tryton.trading")
    shutil.copy(base.folder / ACCESS_FILE, folder / ACCESS_FILE)
    with start_tryton(base, folder / "run") as server:
        person = TrytonPerson(server.url, DATABASE, server.accountant_login, server.accountant_password)
        seed_trade(person)
        person.close()
    _keep_database(server, folder)


def _keep_database(server: RunningTryton, folder: Path) -> None:
    (folder / DATABASE_FILE).unlink(missing_ok=True)
    snapshot(server.folder / DATABASE_FILE, folder / DATABASE_FILE)
    shutil.rmtree(server.folder)


def _initialise(folder: Path, python: Path, password: str) -> None:
    (folder / DATABASE_FILE).touch()
    secret = folder / "password"
    secret.write_text(password, encoding="utf-8")
    tool = [str(python), str(python.with_name("trytond-admin")), "-c", str(write_configuration(folder, 0))]
    tool += ["-d", DATABASE, "--email", "admin@example.org", "--password", "-u", *MODULES]
    done = run_logged(tool, folder / LOG_NAME, {"TRYTONPASSFILE": str(secret)})
    secret.unlink()
    if not done:
        raise ServerFailed("testkit.server_failed", server="trytond-admin", words=read_last_words(folder / LOG_NAME))


def _password() -> str:
    return secrets.token_urlsafe(18)


def _save_access(folder: Path, passwords: dict[str, str]) -> None:
    file = folder / ACCESS_FILE
    file.touch(mode=0o600)
    file.write_text(json.dumps(passwords), encoding="utf-8")
