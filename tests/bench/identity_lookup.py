"""One raw record to ranked candidates with their sum, against a hub of a million customers; beside Splink's
``predict_between`` over the same columns where the peer is installed.

The hub's side is what the door asks: keys, carriers, records, weights. Splink gets one model of its own making (random
sampling and expectation maximisation, as its documentation shows) over the same normalised columns and blocks on the
same signs; its time is that of one ``predict_between`` with one record on the left.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from hub.identity import make_keys
from hub.model.party import Account, Address
from hub.runtime.clock import SystemClock
from hub.store import Store
from hub.sync.candidate_keys import digest_key, make_profile, write_keys
from hub.sync.candidates import find_candidates
from hub.sync.config import HubConfig
from hub.sync.context import Hub
from tests.bench.measure import Verdict, working_folder

PLACES = ("上海", "北京市", "江苏省苏州市", "浙江省杭州市", "深圳市", "宁波", "四川成都", "武汉市", "青岛", "西安市")
SYLLABLES = "海岳江北精密华瑞东方鼎盛恒通金源嘉禾永利泰安宏远博雅中联天成瑞丰启明德润新宇凯达佳美"
TRADES = ("机械", "精密机械", "贸易", "电子科技", "新材料", "物流", "食品", "建筑工程", "纺织", "信息技术", "医疗器械")
FORMS = ("有限公司", "股份有限公司", "有限责任公司", "厂")
SWITCHBOARD = "021-52345678"
"""One customer in fifty shares it."""
PAGE = 2_000
SPLINK_QUERIES = 20
MOST_P99_MS, HOPED_P99_MS = 10.0, 3.0


def draw_customers(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Customers by seed: names of few syllables, as real ones are, telephone numbers, mailboxes, streets."""
    draw = random.Random(seed)
    for number in range(count):
        place = draw.choice(PLACES)
        brand = "".join(draw.choices(SYLLABLES, k=draw.choice((2, 2, 3, 4))))
        phone = SWITCHBOARD if draw.random() < 0.02 else f"1{draw.randrange(3 * 10**9, 10**10)}"
        yield {
            "name": f"{place}{brand}{draw.choice(TRADES)}{draw.choice(FORMS)}",
            "phone": phone,
            "email": f"sales{number}@{number % (count // 3 + 1)}.example" if draw.random() < 0.4 else "",
            "addresses": (Address(key="1", city=place, street=f"人民路{draw.randrange(2_000)}号"),),
        }


def damage(values: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """The same customer as somebody else typed it."""
    name = values["name"]
    kinds = (name.replace("有限公司", ""), name[2:], f"{name}（老客户）", name[:-3] + name[-2:], name)
    return {**values, "name": draw.choice(kinds), "email": "", "phone": values["phone"] if draw.random() < 0.5 else ""}


def fill(hub: Hub, folder: Path, count: int, seed: int) -> None:
    """Customers with their keys. The hub writes the first one; the others are rows like its, put in by the thousand."""
    customers = draw_customers(count, seed)
    with hub.store.write_batch() as tx:
        first = Account(id=hub.new_id(), **next(customers))
        tx.note_new(first.id)
        write_keys(tx, None, tx.save_record(first))
    with closing(sqlite3.connect(folder / "hub.sqlite")) as database:
        copy_account = _copy_of(database, "crm_account", "id", "name", "phone", "email")
        copy_address = _copy_of(database, "crm_account_address", "account_id", "city", "street")
        with hub.store.read() as tx:
            while page := list(islice(customers, PAGE)):
                ids = [str(hub.new_id()) for _ in page]
                rows = list(zip(ids, page, strict=True))
                seats = [(id_, values["addresses"][0]) for id_, values in rows]
                keys = [
                    (digest_key("account", key), id_)
                    for id_, values in rows
                    for key in make_keys(make_profile(tx, "account", values))
                ]
                with database:
                    named = [(id_, values["name"], values["phone"], values["email"]) for id_, values in rows]
                    database.executemany(copy_account, named)
                    database.executemany(copy_address, [(id_, seat.city, seat.street) for id_, seat in seats])
                    database.executemany("INSERT OR IGNORE INTO candidate_key VALUES (?, ?)", keys)


def _copy_of(database: sqlite3.Connection, table: str, *other: str) -> str:
    """A statement that puts in the first row of a table again, with other values in some columns."""
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    values = [f"?{other.index(name) + 1}" if name in other else name for name in columns]
    template = f"(SELECT * FROM {table} ORDER BY rowid LIMIT 1)"
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {template}"


def bench_identity_lookup(count: int, queries: int = 1_000) -> tuple[dict[str, Any], list[Verdict]]:
    """Milliseconds of one look-up, half of them damaged copies of what is there, half strangers."""
    with working_folder() as folder, open_hub(folder) as store:
        hub = make_hub(store)
        began = time.perf_counter()
        fill(hub, folder, count, seed=1)
        filled_s = time.perf_counter() - began
        draw = random.Random(2)
        known = list(draw_customers(min(count, 20_000), seed=1))
        strangers = draw_customers(queries, seed=3)
        asked = [damage(draw.choice(known), draw) if place % 2 else next(strangers) for place in range(queries)]
        spent, worked, found = [], [], 0
        with store.read() as tx:
            for values in asked:
                start, cpu = time.perf_counter(), time.thread_time()
                candidates = find_candidates(tx, hub, "account", values).candidates
                spent.append((time.perf_counter() - start) * 1000)
                worked.append((time.thread_time() - cpu) * 1000)
                found += bool(candidates)
    told = {
        "records": count, "queries": queries, "with_candidates": found, "p50_ms": round(statistics.median(spent), 2),
        "p99_ms": round(sorted(spent)[int(queries * 0.99) - 1], 2), "cpu_p50_ms": round(statistics.median(worked), 2),
        "cpu_p99_ms": round(sorted(worked)[int(queries * 0.99) - 1], 2), "filled_per_s": round(count / filled_s),
    }  # fmt: skip
    peer = bench_splink(asked, count)
    verdict = Verdict("identity_lookup p99_ms", told["p99_ms"], MOST_P99_MS, HOPED_P99_MS, at_most=True)
    return {**told, "splink": peer}, [verdict]


def open_hub(folder: Path) -> Store:
    store = Store.open(f"sqlite:///{folder}/hub.sqlite", clock=SystemClock(), durable=False)
    store.migrate()
    return store


def make_hub(store: Store) -> Hub:
    def refuse(name: str) -> Any:
        raise AssertionError(name)

    return Hub(
        store=store, config=HubConfig(), opener=refuse, clock=SystemClock(), random=random.Random(5),
        installation="B01",
    )  # fmt: skip


def bench_splink(asked: Sequence[dict[str, Any]], count: int) -> dict[str, Any]:
    """The peer over the same records; ``skipped`` where it is not installed."""
    try:
        pl, cl, splink = (import_module(name) for name in ("polars", "splink.comparison_library", "splink"))
    except ImportError as missing:
        return {"skipped": str(missing)}
    rules = [splink.block_on(*key) for key in (("phone",), ("name",), ("email",), ("street", "brand"))]
    settings = splink.SettingsCreator(
        link_type="link_only",
        comparisons=[cl.JaroWinklerAtThresholds("name"), cl.ExactMatch("phone"), cl.ExactMatch("email"),
                     cl.ExactMatch("street")],
        blocking_rules_to_generate_predictions=rules,
    )  # fmt: skip
    api = splink.DuckDBAPI()
    rows = [_splink_row(str(place), values) for place, values in enumerate(draw_customers(count, seed=1))]
    right = api.register(pl.DataFrame(rows).to_arrow())
    linker = splink.Linker([api.register(pl.DataFrame(rows[:1_000]).to_arrow()), right], settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e5)
    spent = []
    for place, values in enumerate(asked[:SPLINK_QUERIES]):
        left = api.register(pl.DataFrame([_splink_row(f"q{place}", values)]).to_arrow())
        start = time.perf_counter()
        linker.inference.predict_between(left, right).as_duckdbpyrelation().fetchall()
        spent.append((time.perf_counter() - start) * 1000)
    return {"queries": len(spent), "p50_ms": round(statistics.median(spent), 1), "max_ms": round(max(spent), 1)}


def _splink_row(id_: str, values: dict[str, Any]) -> dict[str, str | None]:
    """Nothing is nothing, not an empty text that would equal another one."""
    told = {name: values[name] or None for name in ("name", "phone", "email")}
    return {"unique_id": id_, **told, "street": values["addresses"][0].street, "brand": values["name"][-8:-4]}
