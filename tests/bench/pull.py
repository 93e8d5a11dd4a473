"""Pull → map → validate → ingest → journal, first load, against three yardsticks; and the same records once more.

``loop``: a plain loop that writes the same rows of the same tables, unchecked. ``bare``: HTTP, JSON and an upsert of
record and lines, nothing else; both sides read from the same server. ``dlt``: merges the same pages.
A ratio is their time by ours: above 1 means that ours is faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Engine, create_engine, event

from hub.store import Store
from hub.sync.context import Hub
from tests.bench import database, loops, ours
from tests.bench.database import Databases, open_databases
from tests.bench.dlt_peer import run_dlt
from tests.bench.measure import Cost, Verdict, measure, pick_best, working_folder
from tests.bench.same_rows import show_rows
from tests.bench.server import run_server
from tests.bench.source import ITEMS, Pages, make_pages

KINDS = ("account", "order")
"""Those that are compared; products are there for the orders' lines."""
PAGE_SIZE = 500
"""The hub's own."""
Costs = dict[str, Cost]


@dataclass(frozen=True)
class Amount:
    """How much is measured, and how often."""

    count: int = 5000
    rounds: int = 3


def make_company(count: int) -> dict[str, Pages]:
    """Pages of accounts with identifiers and addresses, and of orders with three lines."""
    return {
        "account": make_pages("account", count, PAGE_SIZE),
        "product": make_pages("product", ITEMS, PAGE_SIZE),
        "order": make_pages("order", count, PAGE_SIZE, partners=count),
    }


def bench_pull(amount: Amount, names: tuple[str, ...] = database.NAMES) -> tuple[dict[str, Any], list[Verdict]]:
    """Figures by database, yardstick and kind."""
    figures: dict[str, Any] = {}
    verdicts: list[Verdict] = []
    for name in names:
        with working_folder() as folder, open_databases(name, folder) as databases:
            prepare(databases)
            found = {
                "loop": against_loop(databases, amount),
                "bare": against_bare(databases, amount),
                "dlt": against_dlt(databases, amount),
            }
        figures[name] = found
        for yardstick, must, hope in (("loop", 0.5, None), ("bare", 0.3, 0.45), ("dlt", 2.0, 3.0)):
            for kind in KINDS:
                ratio = found[yardstick][kind]["ratio_cpu"]
                verdicts.append(Verdict(f"pull/{name}/{yardstick}/{kind}", ratio, must, hope))
    return figures, verdicts


def prepare(databases: Databases) -> None:
    """Everything once on a few records: what is imported and compiled at first is not counted, for either side."""
    company = make_company(PAGE_SIZE)
    run_ours(databases, company)
    run_loop(databases, company)


def against_loop(databases: Databases, amount: Amount) -> dict[str, Any]:
    company = make_company(amount.count)
    mine: list[Costs] = []
    theirs: list[Costs] = []
    for number in range(amount.rounds):
        costs, rows = run_ours(databases, company, compare=number == 0)
        mine.append(costs)
        costs, their_rows = run_loop(databases, company, compare=number == 0)
        theirs.append(costs)
        if rows != their_rows:
            raise SystemExit(f"the two sides did not write the same rows: {_first_difference(rows, their_rows)}")
    return compare(mine, theirs, amount.count)


def run_ours(databases: Databases, company: dict[str, Pages], *, compare: bool = False) -> tuple[Costs, Any]:
    with ours.open_hub(databases.make_url(), company) as hub:
        costs = _pull_all(hub, databases, len_of(company))
        return costs, _take_stock(hub.store, compare)


def run_loop(databases: Databases, company: dict[str, Pages], *, compare: bool = False) -> tuple[Costs, Any]:
    with ours.open_hub(databases.make_url(), {}) as hub:
        loop = loops.PlainLoop(hub.store.engine)
        costs: Costs = {}
        for kind, pages in company.items():
            costs[kind] = measure(partial(loop.load, kind, pages), databases.server_pid)
        return costs, _take_stock(hub.store, compare)


def _pull_all(hub: Hub, databases: Databases, count: int) -> Costs:
    costs: Costs = {}
    for kind in ("account", "product", "order"):
        told: dict[str, int] = {}
        costs[kind] = measure(partial(_pull_one, hub, kind, told), databases.server_pid)
        if told != {"created": ITEMS if kind == "product" else count}:
            raise SystemExit(f"the pull of {kind} did not do its work: {told}")
    return costs


def _pull_one(hub: Hub, kind: str, told: dict[str, int]) -> None:
    told.update(ours.pull(hub, kind))


def _take_stock(store: Store, compare: bool) -> Any:
    counts = ours.count_rows(store)
    return (counts, show_rows(store.engine)) if compare else counts


def _first_difference(one: Any, other: Any) -> str:
    if isinstance(one, tuple):
        if one[0] != other[0]:
            return f"{one[0]} and {other[0]}"
        for table, rows in one[1].items():
            for mine, theirs in zip(rows, other[1][table], strict=False):
                if mine != theirs:
                    return f"{table}: {mine} and {theirs}"
    return f"{one} and {other}"


def len_of(company: dict[str, Pages]) -> int:
    """How many accounts, and how many orders."""
    return sum(len(page) for page in company["account"])


def against_bare(databases: Databases, amount: Amount) -> dict[str, Any]:
    mine: list[Costs] = []
    theirs: list[Costs] = []
    with run_server(amount.count, PAGE_SIZE) as address:
        for _ in range(amount.rounds):
            with ours.open_hub(databases.make_url(), {}, address) as hub:
                mine.append(_pull_all(hub, databases, amount.count))
            theirs.append(run_bare(databases, amount.count, address))
    return compare(mine, theirs, amount.count)


def run_bare(databases: Databases, count: int, address: str) -> Costs:
    engine = create_engine(databases.make_url())
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def set_up(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")

    loops.create_bare(engine)
    costs: Costs = {}
    for kind, stream in (("account", "partner"), ("order", "sale")):
        seen: list[int] = []
        costs[kind] = measure(partial(_load_bare, engine, address, stream, seen), databases.server_pid)
        if seen != [count]:
            raise SystemExit(f"the bare loop did not do its work: {seen}")
    engine.dispose()
    return costs


def _load_bare(engine: Engine, address: str, stream: str, seen: list[int]) -> None:
    seen.append(loops.load_bare(engine, address, stream, PAGE_SIZE))


def against_dlt(databases: Databases, amount: Amount) -> dict[str, Any]:
    company = make_company(amount.count)
    mine: list[Costs] = []
    theirs: list[Costs] = []
    for _ in range(max(1, amount.rounds - 1)):
        mine.append(run_ours(databases, company)[0])
        costs: Costs = {}
        for kind in KINDS:
            costs[kind], rows = run_dlt(databases.make_url(), kind, amount.count, PAGE_SIZE, databases.server_pid)
            wanted = _list_tables(kind, amount.count)
            if rows != wanted:
                raise SystemExit(f"dlt did not do its work: {rows}")
        theirs.append(costs)
    return compare(mine, theirs, amount.count)


def _list_tables(kind: str, count: int) -> dict[str, int]:
    """What dlt makes of the pages: a table for the records, and one for their lines."""
    return {"partner": count} if kind == "account" else {"sale": count, "sale__lines": 3 * count}


def compare(mine: list[Costs], theirs: list[Costs], count: int) -> dict[str, Any]:
    """Kind → both sides for each record, and the ratio on the clock and in processor time."""
    shown = {}
    for kind in KINDS:
        one, other = pick_best([costs[kind] for costs in mine]), pick_best([costs[kind] for costs in theirs])
        shown[kind] = {
            "ours": one.per(count),
            "theirs": other.per(count),
            "ratio": round(other.wall_s / one.wall_s, 2),
            "ratio_cpu": round(other.cpu_s / one.cpu_s, 2),
        }
    return shown


def bench_resync(amount: Amount, names: tuple[str, ...] = database.NAMES) -> tuple[dict[str, Any], list[Verdict]]:
    """Reading everything once more, unchanged, against the first load; and the rows that it writes."""
    figures: dict[str, Any] = {}
    verdicts: list[Verdict] = []
    for name in names:
        with working_folder() as folder, open_databases(name, folder) as databases:
            prepare(databases)
            firsts: list[Costs] = []
            agains: list[Costs] = []
            written = 0
            company = make_company(amount.count)
            for _ in range(amount.rounds):
                with ours.open_hub(databases.make_url(), company) as hub:
                    firsts.append(_pull_all(hub, databases, amount.count))
                    costs, changes = _pull_again(hub, databases, amount.count)
                    agains.append(costs)
                    written += changes
        figures[name] = {**compare(agains, firsts, amount.count), "rows_written": written}
        verdicts += [Verdict(f"resync/{name}/{kind}", figures[name][kind]["ratio_cpu"], 3.0) for kind in KINDS]
        verdicts.append(Verdict(f"resync/{name}/rows_written", written, 0, at_most=True))
    return figures, verdicts


def _pull_again(hub: Hub, databases: Databases, count: int) -> tuple[Costs, int]:
    """The cost, and how many rows were written apart from the cursor's own."""
    costs: Costs = {}
    changes: list[int] = []

    def note(_connection: Any, cursor: Any, statement: str, *_more: Any) -> None:
        verb, _, rest = statement.lstrip().partition(" ")
        if verb in ("INSERT", "UPDATE", "DELETE") and not rest.startswith(("INTO cursor ", "cursor ")):
            changes.append(max(cursor.rowcount, 0))

    event.listen(hub.store.engine, "after_cursor_execute", note)
    try:
        for kind in KINDS:
            told: dict[str, int] = {}
            costs[kind] = measure(partial(_pull_one, hub, kind, told), databases.server_pid)
            if told != {"unchanged": count}:
                raise SystemExit(f"the second pull of {kind} did not find everything unchanged: {told}")
    finally:
        event.remove(hub.store.engine, "after_cursor_execute", note)
    return costs, sum(changes)
