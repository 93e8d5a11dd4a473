"""What a first load cannot do without, each part by itself and in its cheapest form, against what the yardsticks of
``pull`` would leave for the whole of it. On SQLite.

``read``: the pages over HTTP, with httpx and orjson. ``map``: one call of the mapping for each record, which looks
nothing up. ``validate``: the record as a checked model. ``keep``: the payload as it is kept: dumped, digested,
compressed. ``keys`` (customers): those by which they are found again. ``rows``: the very rows that the hub wrote, ready
as tuples, handed to ``sqlite3`` page by page. Nothing is decided, journalled or turned into a row here: a loader that
did all of that in no time at all would still need the sum.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import orjson

from hub.identity import make_keys
from hub.mapping import Context
from hub.model.kinds import find_kind
from hub.store.bookkeeping import COMPRESSION
from hub.store.json_text import dump_canonical
from hub.sync.candidate_keys import make_profile
from hub.sync.context import Hub
from hub.sync.resolve import gather_fields
from tests.bench import ours
from tests.bench.database import Databases, open_databases
from tests.bench.dlt_peer import run_dlt
from tests.bench.measure import Cost, measure, pick_best, working_folder
from tests.bench.pull import KINDS, PAGE_SIZE, Amount, make_company, run_bare, run_loop
from tests.bench.server import run_server
from tests.bench.source import KINDS as STREAMS

Table = tuple[str, list[tuple[Any, ...]]]
"""An INSERT and its rows."""
SOMEBODY = UUID(int=7 << 76 | 2 << 62)
LEFT = {"bare": 0.3, "dlt": 2.0}
"""What ``pull`` must come to."""


def bench_floor(amount: Amount) -> dict[str, Any]:
    """Microseconds of processor time for each record: the parts, their sum, and what the yardsticks leave."""
    company = make_company(amount.count)
    found: dict[str, Any] = {}
    with working_folder() as folder, open_databases("sqlite", folder) as databases:
        tables = {kind: _gather_rows(databases, company, kind) for kind in KINDS}
        with run_server(amount.count, PAGE_SIZE) as address, ours.open_hub(databases.make_url(), company) as hub:
            theirs = _measure_yardsticks(databases, amount, address)
            for kind in KINDS:
                payloads = [row for page in company[kind] for row in page]
                parts = list_parts(hub, kind, payloads, address)
                costs = {name: _repeat(work, amount.rounds) for name, work in parts.items()}
                costs["rows"] = pick_best([_write_rows(databases, tables[kind], amount) for _ in range(amount.rounds)])
                found[kind] = _sum_up(costs, theirs[kind], amount.count)
    return found


def _sum_up(costs: dict[str, Cost], theirs: dict[str, Cost], count: int) -> dict[str, Any]:
    parts = {name: cost.per(count)["cpu_us"] for name, cost in costs.items()}
    left = {name: round(theirs[name].per(count)["cpu_us"] / must, 1) for name, must in LEFT.items()}
    loop_us = theirs["loop"].per(count)["cpu_us"]
    return {"parts_us": parts, "sum_us": round(sum(parts.values()), 1), "plain_loop_us": loop_us, "left_us": left}


def _repeat(work: Callable[[], object], rounds: int) -> Cost:
    return pick_best([measure(work) for _ in range(rounds)])


def _measure_yardsticks(databases: Databases, amount: Amount, address: str) -> dict[str, dict[str, Cost]]:
    found: dict[str, dict[str, Cost]] = {kind: {} for kind in KINDS}
    company = make_company(amount.count)
    for name, run in (
        ("bare", lambda: run_bare(databases, amount.count, address)),
        ("loop", lambda: run_loop(databases, company)[0]),
    ):
        rounds = [run() for _ in range(amount.rounds)]
        for kind in KINDS:
            found[kind][name] = pick_best([costs[kind] for costs in rounds])
    for kind in KINDS:
        found[kind]["dlt"] = pick_best(
            [run_dlt(databases.make_url(), kind, amount.count, PAGE_SIZE, None)[0] for _ in range(amount.rounds)]
        )
    return found


def list_parts(
    hub: Hub, kind: str, payloads: Sequence[dict[str, Any]], address: str
) -> dict[str, Callable[[], object]]:
    """Each over all records of a kind."""
    conn = hub.open("erp")
    mapping, model = conn.mapping_of(kind), find_kind(kind)
    context = Context(zone=hub.zone_of("erp"), codes=conn.codes, find_ref=lambda _kind, _id: SOMEBODY)
    values = [mapping.to_canonical(payload, context).values for payload in payloads]
    drafts = [{**gather_fields(said), "id": SOMEBODY, "base_currency": "CNY"} for said in values]
    if kind != "order":
        for draft in drafts:
            del draft["base_currency"]
    parts: dict[str, Callable[[], object]] = {
        "read": partial(_read_pages, address, STREAMS[kind]),
        "map": lambda: [mapping.to_canonical(payload, context) for payload in payloads],
        "validate": lambda: [model.model_validate(draft) for draft in drafts],
        "keep": lambda: [_keep(payload) for payload in payloads],
    }
    if kind == "account":
        with hub.store.read() as tx:
            parts["keys"] = lambda: [make_keys(make_profile(tx, kind, said)) for said in values]
    return parts


def _read_pages(address: str, stream: str) -> None:
    after: list[str] | None = []
    with httpx.Client(base_url=address) as client:
        while after is not None:
            params: dict[str, str | int] = {"limit": PAGE_SIZE}
            params |= {"after_time": after[0], "after_id": after[1]} if after else {}
            after = orjson.loads(client.get(f"/api/{stream}", params=params).content)["next"]


def _keep(payload: dict[str, Any]) -> tuple[str, bytes]:
    body = dump_canonical(payload)
    return hashlib.sha256(body).hexdigest(), zlib.compress(body, COMPRESSION)


def _gather_rows(databases: Databases, company: dict[str, Any], wanted: str) -> list[Table]:
    """What the hub writes for the records of one kind."""
    url = databases.make_url()
    with ours.open_hub(url, company) as hub:
        before: dict[str, set[tuple[Any, ...]]] = {}
        for kind in ("account", "product", "order"):
            before = _read_tables(url) if kind == wanted else before
            ours.pull(hub, kind)
            if kind == wanted:
                break
    tables = []
    for name, rows in _read_tables(url).items():
        fresh = sorted(rows - before[name], key=str)
        if fresh and name != "cursor":
            tables.append((f"INSERT INTO {name} VALUES ({', '.join('?' * len(fresh[0]))})", fresh))
    return tables


def _read_tables(url: str) -> dict[str, set[tuple[Any, ...]]]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        return {name: set(connection.execute(f"SELECT * FROM {name}")) for name in ours.COUNTED}
    finally:
        connection.close()


def _write_rows(databases: Databases, tables: Sequence[Table], amount: Amount) -> Cost:
    """Into an empty database of the same tables and indexes, one transaction for each page."""
    url = databases.make_url()
    with ours.open_hub(url, {}):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = OFF")  # the customers of the orders are not there
        pages = -(-amount.count // PAGE_SIZE)

        def write() -> None:
            for page in range(pages):
                connection.execute("BEGIN")
                for statement, rows in tables:
                    size = -(-len(rows) // pages)
                    connection.executemany(statement, rows[page * size : (page + 1) * size])
                connection.execute("COMMIT")

        cost = measure(write)
        connection.close()
        return cost
