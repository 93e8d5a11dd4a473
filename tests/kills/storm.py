"""Trade while processes are killed, then what both sides say."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.webhook.simulator import Pusher, Shop
from connectors.webhook.simulator.shop import Company
from hub.model.finance import Payment
from hub.model.party import Account
from hub.model.sales import Order
from hub.protocol.binding import Binding, BindingState
from hub.store.event_rows import Event
from hub.store.rows import Attempt, DeadRow, Run
from hub.sync.todo import list_todo
from tests.kills.ledger import Books, Ledger
from tests.kills.town import SECRET, Town, opened

FAULTS = {"duplicate": 0.1, "reorder": 0.1, "old_version": 0.1, "lost_answer": 0.1, "forged": 0.05}
STEPS_FOR_KILL = 2
PUSH_S = 600.0
OPEN = (BindingState.NEW, BindingState.SENDING, BindingState.UNKNOWN, BindingState.REVERSING)


@dataclass
class Figures:
    """What a run came to."""

    kills: Mapping[str, int]
    events: int
    accepted: int
    tries: int
    unanswered: int
    records: Mapping[str, int]
    attempts: Mapping[str, int]
    seconds: float


def play(
    folder: Path,
    *,
    kills: int,
    seed: int,
    apart: bool,
    open_books: Callable[[], Books] = Ledger,
    company: Company | None = None,
    pause_s: float = 0.5,
) -> Figures:
    """One town; ``AssertionError`` says which promise was broken."""
    began = time.monotonic()
    draw = random.Random(f"kills/{seed}")
    with opened(folder, open_books, apart=apart) as (town, ledger):
        shop = Shop(seed, company)
        pusher = Pusher(town.door, "standard-webhooks", SECRET, seed, FAULTS)
        events = [event for _ in range(20) for event in shop.step()]
        pusher.add(events)
        over = threading.Event()
        pushing = threading.Thread(target=_push, args=(pusher, over))
        pushing.start()
        try:
            town.wait(lambda: ledger.living("partner"), "nothing ever came to the ERP", passes_s=0)
            for _ in range(kills):
                time.sleep(draw.random() * 2 * pause_s)
                town.kill(draw)
                fresh = [event for _ in range(STEPS_FOR_KILL) for event in shop.step()]
                pusher.add(fresh)
                events += fresh
            town.wait(lambda: not pusher.waiting, "the shop never got rid of its events", passes_s=0)
        finally:
            over.set()
            pushing.join()
        assert pusher.push_all(), "what was on its way never arrived"
        _check(town, ledger, shop, pusher, {event.id for event in events})
        counted = {kind: len(rows) for kind, rows in shop.documents.items()}
        attempts = Counter(row.outcome for row in town.find(Attempt))
    ledger_of = pusher.ledger
    return Figures(
        dict(town.kills), len(events), len(ledger_of.accepted), ledger_of.tries, ledger_of.unanswered, counted,
        dict(attempts), round(time.monotonic() - began, 1),
    )  # fmt: skip


def _push(pusher: Pusher, over: threading.Event) -> None:
    """On and on: more comes when everything was delivered."""
    while not over.wait(0.05):
        pusher.push_all(PUSH_S, over)


# ---------------------------------------------------------------- what must hold


def _check(town: Town, ledger: Books, shop: Shop, pusher: Pusher, happened: set[str]) -> None:
    _check_kept(town, pusher, happened)
    town.wait(lambda: town.try_find(Event, state="new") == [], "events were never read")
    town.wait(lambda: _is_there(shop, ledger), lambda: _tell_missing(town, shop, ledger))
    town.wait(lambda: _is_quiet(town), lambda: _tell_busy(town))
    _check_same(town, shop, ledger)
    _check_once(ledger)
    before = [sorted((row["id"], str(row)) for row in ledger.documents(kind)) for kind in ("partner", "sale")]
    town.time.pass_time(30.0)
    time.sleep(1.0)
    town.wait(lambda: _is_quiet(town), lambda: _tell_busy(town))
    after = [sorted((row["id"], str(row)) for row in ledger.documents(kind)) for kind in ("partner", "sale")]
    assert before == after, "something was written when there was nothing left to write"


def _check_kept(town: Town, pusher: Pusher, happened: set[str]) -> None:
    """Every call that was told 2xx is in the table, once; forged ones are not."""
    keys = Counter(event.key for event in town.find(Event))
    assert set(pusher.ledger.accepted) <= keys.keys(), "a call was told 2xx and is not kept"
    assert happened <= keys.keys()
    assert set(keys.values()) == {1}
    assert pusher.ledger.statuses.keys() <= {200, 401, 503}


def _is_there(shop: Shop, ledger: Books) -> bool:
    documents = shop.documents
    streets = sorted(str(row["street"]) for row in documents["customer"].values())
    notes = sorted(str(row["note"]) for row in documents["order"].values())
    return (
        sorted(str(row["street"]) for row in ledger.living("partner")) == streets
        and sorted(str(row["note"]) for row in ledger.living("sale")) == notes
        and len(ledger.living("payment")) == len(documents["payment"])
    )


def _tell_missing(town: Town, shop: Shop, ledger: Books) -> str:
    here = {kind: len(rows) for kind, rows in shop.documents.items()}
    there = {kind: len(ledger.living(kind)) for kind in ("partner", "sale", "payment")}
    return f"the ERP never had it all: {here} there {there}; {_tell_busy(town)}"


def _is_quiet(town: Town) -> bool:
    """Nothing is called running, nothing waits to be sent, nobody holds anything."""
    runs, rows = town.try_find(Run, state="running"), town.try_find(Binding)
    if runs is None or rows is None:
        return False
    held = [row for row in rows if row.state in OPEN or row.dirty]
    return not runs and not held


def _tell_busy(town: Town) -> str:
    rows = [row for row in town.find(Binding) if row.state in OPEN or row.dirty or row.parked or row.held]
    with town.hub() as hub:
        todo = [(item.kind_of_wait, item.code) for item in list_todo(hub)]
    shown = [(row.kind, row.state.value, row.dirty, row.parked, row.held) for row in rows[:8]]
    runs = len(town.find(Run, state="running"))
    return f"never quiet: {runs} runs, {len(rows)} bindings such as {shown}, todo {todo[:8]}"


def _check_same(town: Town, shop: Shop, ledger: Books) -> None:
    """Nothing twice and nothing lost, to the cent, in the hub and in the ERP."""
    there = shop.documents
    names = sorted(str(row["name"]) for row in there["customer"].values())
    assert sorted(str(row["name"]) for row in ledger.living("partner")) == names
    assert sorted(row.name for row in town.find(Account)) == sorted([*names, *ledger.others])
    totals = _list_amounts(there["order"].values(), "gross")
    assert _list_amounts(ledger.living("sale"), "gross") == totals
    assert sorted(row.gross for row in town.find(Order)) == totals
    paid = _list_amounts(there["payment"].values(), "amount")
    assert _list_amounts(ledger.living("payment"), "amount") == paid
    assert sorted(row.amount for row in town.find(Payment)) == paid
    assert town.find(DeadRow) == []


def _list_amounts(rows: Any, name: str) -> list[Decimal]:
    return sorted(Decimal(str(row[name])) for row in rows)


def _check_once(ledger: Books) -> None:
    """At most one document carries one reference, ever: those that are void or deleted count."""
    for kind in ("partner", "sale", "payment"):
        references = Counter(str(row["our_ref"]) for row in ledger.documents(kind) if row.get("our_ref"))
        assert [text for text, count in references.items() if count > 1] == [], kind


def add_up(figures: Sequence[Figures]) -> dict[str, Any]:
    """Several runs as one."""
    total: dict[str, Any] = {"runs": len(figures)}
    for one in figures:
        for name, value in asdict(one).items():
            if isinstance(value, dict):
                total[name] = dict(Counter(total.get(name, {})) + Counter(value))
            else:
                total[name] = round(total.get(name, 0) + value, 1)
    return total
