"""One raw record to ranked candidates with their sum, against a hub of a million customers; beside Splink's
``predict_between`` over the same columns where the peer is installed.

The hub's side is what the door asks: keys, carriers, records, weights. Splink gets one model of its own making (random
sampling and expectation maximisation, as its documentation shows) over the same normalised columns and blocks on the
same signs; its time is that of one ``predict_between`` with one record on the left.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from hub.model.party import Account, Address
from hub.runtime.clock import SystemClock
from hub.store import Store
from hub.sync.candidate_keys import write_keys
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


def fill(hub: Hub, count: int, seed: int) -> None:
    """Customers with their keys, as pages of a first load write them."""
    page: list[Account] = []
    for values in draw_customers(count, seed):
        page.append(Account(id=hub.new_id(), **values))
        if len(page) == PAGE:
            write_page(hub, page)
            page = []
    write_page(hub, page)


def write_page(hub: Hub, page: Sequence[Account]) -> None:
    with hub.store.write_batch() as tx:
        for account in page:
            tx.note_new(account.id)
            write_keys(tx, None, tx.save_record(account))


def bench_identity_lookup(count: int, queries: int = 1_000) -> tuple[dict[str, Any], list[Verdict]]:
    """Milliseconds of one look-up, half of them damaged copies of what is there, half strangers."""
    with working_folder() as folder, open_hub(folder) as store:
        hub = make_hub(store)
        began = time.perf_counter()
        fill(hub, count, seed=1)
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
        pd, cl, splink = (import_module(name) for name in ("pandas", "splink.comparison_library", "splink"))
    except ImportError as missing:
        return {"skipped": str(missing)}
    rows = [
        {"unique_id": str(place), "name": values["name"], "phone": values["phone"], "email": values["email"],
         "street": values["addresses"][0].street, "brand": values["name"][-8:-4]}
        for place, values in enumerate(draw_customers(count, seed=1))
    ]  # fmt: skip
    rules = [
        splink.block_on("phone"),
        splink.block_on("name"),
        splink.block_on("email"),
        splink.block_on("street", "brand"),
    ]
    settings = splink.SettingsCreator(
        link_type="link_only",
        comparisons=[cl.JaroWinklerAtThresholds("name"), cl.ExactMatch("phone"), cl.ExactMatch("email"),
                     cl.ExactMatch("street")],
        blocking_rules_to_generate_predictions=rules,
    )  # fmt: skip
    right = pd.DataFrame(rows)
    spent = []
    linker = splink.Linker([right.head(1_000), right], settings, db_api=splink.DuckDBAPI())
    linker.training.estimate_u_using_random_sampling(max_pairs=1e5)
    for place, values in enumerate(asked[:50]):
        row = {"unique_id": f"q{place}", "name": values["name"], "phone": values["phone"], "email": values["email"],
               "street": values["addresses"][0].street, "brand": values["name"][-8:-4]}  # fmt: skip
        left = pd.DataFrame([row])
        start = time.perf_counter()
        linker.inference.predict_between(left, right).as_record_dict()
        spent.append((time.perf_counter() - start) * 1000)
    return {"queries": len(spent), "p50_ms": round(statistics.median(spent), 1), "max_ms": round(max(spent), 1)}
