"""A company that has worked with both systems for years: the same customers and orders on both sides, with the muddle
that years bring. Drawn from a seed; who is who is known here, and nowhere else."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from connectors.sandbox.simulator import make_uscc
from hub.mapping import Context
from hub.sdk import SourceRecord
from hub.sync.records import create_record
from tests.journeys.desk import ACTOR, NAME, Desk
from tests.journeys.erp import PRICES, Erp, Line, NewCustomer, NewOrder

CITIES = ("上海", "苏州", "无锡", "宁波", "杭州", "常州", "南京", "合肥", "青岛", "东莞")
NAMES = ("华信", "恒力", "鼎盛", "新锐", "宏图", "瑞丰", "金桥", "博远", "安泰", "联创", "德昌", "汇通")
TRADES = ("电子", "机械", "自动化", "精密", "电气", "液压")
GOODS = ("滚珠轴承", "密封圈", "垫片")
CUSTOMER_CASES = {
    "same": 60, "name typo": 6, "phone differs": 6, "number only": 8, "name only": 5, "twice there": 4,
    "twice here": 4, "only here": 4, "only there": 3,
}  # fmt: skip
ORDER_CASES = {
    "same": 70, "note differs": 8, "quantity differs": 6, "number typo": 6, "twice here": 3, "only here": 4,
    "only there": 3,
}  # fmt: skip
BOUND = ("same", "name typo", "phone differs", "number only", "twice there", "twice here")
"""Customers that adopt joins beyond doubt."""
DAY = date(2026, 3, 2)


@dataclass
class Muddle:
    """What was drawn. ``who``: remote id → id here, for everything that is the same in truth."""

    cases: dict[str, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    """Kind → case → remote ids (``only here``: ids here)."""
    who: dict[tuple[str, str], UUID] = field(default_factory=dict)
    extra: dict[str, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    """Records here that are a second entry of something."""


def draw_cases(draw: random.Random, weights: dict[str, int], count: int) -> list[str]:
    return draw.choices(list(weights), weights=list(weights.values()), k=count)


def make_muddle(desk: Desk, erp: Erp, *, customers: int, orders: int, seed: int) -> Muddle:
    """First the ERP's side, by people there; then the hub's, typed by people here from the same papers."""
    draw, muddle = random.Random(f"going live/{seed}"), Muddle()
    goods = [
        erp.make_product(f"GL-{place}", name, price)
        for place, (name, price) in enumerate(zip(GOODS, PRICES, strict=True), 1)
    ]
    _type_products(desk, muddle)
    _fill_customers(desk, erp, draw, muddle, customers)
    _fill_orders(desk, erp, draw, muddle, goods, orders)
    return muddle


def read_all(desk: Desk, kind: str) -> list[SourceRecord]:
    """Everything of a kind there, as the hub's connection shows it."""
    stream, position = desk.hub.open(NAME).stream_of(kind), None
    found: list[SourceRecord] = []
    while True:
        page = stream.read_page(None, position, 200)
        found += page.records
        position = page.position
        if position is None:
            return found


def _translate(desk: Desk, kind: str, source: SourceRecord, muddle: Muddle) -> dict[str, Any]:
    """What a careful person would type here from what is there."""
    conn = desk.hub.open(NAME)
    context = Context(codes=conn.codes, find_ref=lambda target, key: muddle.who.get((target, key)))
    mapped = conn.mapping_of(kind).to_canonical(source.payload, context)
    assert not mapped.problems, mapped.problems
    return mapped.values


def _type_products(desk: Desk, muddle: Muddle) -> None:
    for source in read_all(desk, "product"):
        values = _translate(desk, "product", source, muddle)
        kept = {name: values[name] for name in ("name", "number", "unit", "list_price", "currency", "tax_rate")}
        muddle.who["product", source.external_id] = create_record(desk.hub, "product", kept, ACTOR).id


# ---------------------------------------------------------------- customers


def _fill_customers(desk: Desk, erp: Erp, draw: random.Random, muddle: Muddle, count: int) -> None:
    cases = draw_cases(draw, CUSTOMER_CASES, count)
    names = draw.sample([f"{c}{n}{t}有限公司{k}" for c in CITIES for n in NAMES for t in TRADES for k in "甲乙"], count)
    there: list[tuple[str, NewCustomer]] = []
    here: list[tuple[str, str, str]] = []
    for case, name in zip(cases, names, strict=True):
        uscc, phone = make_uscc(draw), f"021-6{draw.randrange(10**6, 10**7)}"
        if case == "only here":
            _type_customer(desk, muddle, case, name, uscc, phone)
            continue
        shown = name.replace("有限", "有線", 1) if case == "name typo" else name
        code = "" if case in ("number only", "name only") else uscc
        there.append((case, NewCustomer(shown, code, "" if case == "phone differs" else phone)))
        here.append((name, uscc, phone))
        if case == "twice there":
            there.append((case, NewCustomer(name, code, phone)))
            here.append((name, uscc, phone))
    ids = erp.make_customers([customer for _, customer in there])
    codes = {source.external_id: source.number for source in read_all(desk, "account")}
    twins: dict[str, UUID] = {}
    for (case, _), (name, uscc, phone), key in zip(there, here, ids, strict=True):
        muddle.cases["account"][case].append(key)
        if case == "only there":
            continue
        number = codes[key] or "" if case == "number only" else ""
        if name not in twins:
            given = "" if case in ("number only", "name only") else uscc
            twins[name] = _type_customer(desk, muddle, "", name, given, phone, number=number)
            if case == "twice here":
                muddle.extra["account"].append(_type_customer(desk, muddle, "", name, "", phone))
        muddle.who["account", key] = twins[name]


def _type_customer(desk: Desk, muddle: Muddle, case: str, name: str, uscc: str, phone: str, number: str = "") -> UUID:
    identifiers = [{"kind": "uscc", "value": uscc}] if uscc else []
    values: dict[str, Any] = {"name": name, "identifiers": identifiers, "phone": phone, "number": number}
    made = create_record(
        desk.hub, "account", {key: value for key, value in values.items() if value}, ACTOR, anyway=True
    )
    if case:
        muddle.cases["account"][case].append(str(made.id))
    return made.id


# ---------------------------------------------------------------- orders


def _fill_orders(desk: Desk, erp: Erp, draw: random.Random, muddle: Muddle, goods: Sequence[str], count: int) -> None:
    customers = [key for case in BOUND for key in muddle.cases["account"][case]]
    cases = draw_cases(draw, ORDER_CASES, count)
    wanted = []
    for place, case in enumerate(cases):
        # Every deal has a total of its own, so that only what is meant to look alike does.
        rows = [(goods[0], place + 1, PRICES[0]), (goods[draw.randrange(1, 3)], draw.randrange(1, 30), PRICES[1])]
        note = "dort" if case == "note differs" else ""
        wanted.append(NewOrder(draw.choice(customers), [Line(*row) for row in rows], note, DAY))
    shown = [order for case, order in zip(cases, wanted, strict=True) if case != "only here"]
    ids = iter(erp.make_orders(shown))
    sources = {source.external_id: source for source in read_all(desk, "order")}
    example = next(iter(sources.values()))
    for place, (case, order) in enumerate(zip(cases, wanted, strict=True)):
        if case == "only here":
            values = _translate(desk, "order", example, muddle) if not muddle.who.get(("order", "-")) else {}
            _type_only_here(desk, muddle, order, values, place)
            continue
        key = next(ids)
        muddle.cases["order"][case].append(key)
        if case != "only there":
            _type_order(desk, muddle, case, sources[key], place)


def _type_order(desk: Desk, muddle: Muddle, case: str, source: SourceRecord, place: int) -> None:
    values = _translate(desk, "order", source, muddle)
    names = ("account_id", "ordered_on", "currency", "reference", "note", "number")
    kept = {name: values[name] for name in names if values.get(name)}
    wanted = ("product_id", "name", "unit", "quantity", "unit_price", "tax_rate")
    lines = [{name: getattr(line, name) for name in wanted} for line in values["lines"]]
    if case == "note differs":
        kept["note"] = "hier"
    elif case == "quantity differs":
        lines[0]["quantity"] += 500
    elif case == "number typo":
        kept["number"] = f"{kept['number']}-l"
    made = create_record(desk.hub, "order", {**kept, "lines": lines}, ACTOR)
    muddle.who["order", source.external_id] = made.id
    if case == "twice here":
        again = create_record(desk.hub, "order", {**kept, "number": f"DUP-{place}", "lines": lines}, ACTOR)
        muddle.extra["order"].append(again.id)


def _type_only_here(desk: Desk, muddle: Muddle, order: NewOrder, example: dict[str, Any], place: int) -> None:
    """Taken on the phone here, and never told to the ERP."""
    rates = {line.product_id: (line.unit, line.tax_rate) for line in example["lines"]}
    unit, rate = next(iter(rates.values()))
    lines = [
        {
            "product_id": muddle.who["product", line.product], "quantity": line.quantity, "unit_price": line.price,
            "unit": unit, "tax_rate": rate,
        }
        for line in order.lines
    ]  # fmt: skip
    account = muddle.who["account", order.customer]
    values = {"account_id": account, "ordered_on": order.day, "currency": example["currency"], "lines": lines}
    made = create_record(desk.hub, "order", {**values, "number": f"CRM-{place}"}, ACTOR)
    muddle.cases["order"]["only here"].append(str(made.id))
