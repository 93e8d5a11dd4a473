"""The shipped mappings over payloads captured from Tryton 8.2 (invented companies), and against the server of today."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest

from connectors.tryton.shapes import FUNCTIONS, read_billing, read_fulfilment, read_payment
from hub.crm.figures import check_declared
from hub.mapping import Context, Mapping, compile_mapping, lint_mapping, parse_mapping
from hub.model.kinds import decode_fields, encode_fields
from hub.sdk import Draft, SourceRecord, Written
from tests.connectors.tryton.conftest import Bench, next_reference
from tests.house.source import ROOT

FIXTURES = Path(__file__).parent / "fixtures"
GOLDEN = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FIXTURES.glob("*.json"))}
STREAMS = {"account": "party", "product": "product", "order": "sale"}


def read_mapping(kind: str) -> Mapping:
    text = (ROOT / "mappings" / "tryton" / f"{kind}.toml").read_text(encoding="utf-8")
    return compile_mapping(parse_mapping(text, f"tryton/{kind}.toml"), kind, FUNCTIONS)


def hub_id(kind: str, external_id: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"{kind}/{external_id}")


def make_context(units: dict[str, str]) -> Context:
    """References that can be read back, line keys that are the remote ids."""
    known: dict[UUID, str] = {}

    def find_ref(kind: str, external_id: str) -> UUID:
        known[hub_id(kind, external_id)] = external_id
        return hub_id(kind, external_id)

    return Context(
        codes={"unit": units},
        find_ref=find_ref,
        find_remote=lambda kind, id: known.get(id),
        remote_line=lambda field, key: key,
    )


@pytest.mark.parametrize("name", GOLDEN)
def test_a_captured_record_means_what_it_meant(name: str):
    golden = GOLDEN[name]
    mapping, context = read_mapping(golden["kind"]), make_context({"u": "件", "kg": "kg"})
    mapped = mapping.to_canonical(golden["payload"], context)
    assert mapped.problems == []
    assert encode_fields(golden["kind"], mapped.values) == golden["canonical"]
    payload, problems = mapping.to_remote(decode_fields(golden["kind"], golden["canonical"]), context)
    assert problems == []
    assert payload == golden["remote"]


@pytest.mark.parametrize("name", [name for name, golden in GOLDEN.items() if golden["kind"] == "order"])
def test_the_declared_rounding_is_trytons(name: str):
    values = decode_fields("order", GOLDEN[name]["canonical"])
    assert check_declared(values, "document") is None


@pytest.mark.parametrize("kind", STREAMS)
def test_the_shipped_files_have_no_findings(kind: str):
    text = (ROOT / "mappings" / "tryton" / f"{kind}.toml").read_text(encoding="utf-8")
    assert lint_mapping(parse_mapping(text, kind), FUNCTIONS, kind=kind, code_tables=["unit"]) == []


@pytest.mark.parametrize("kind", STREAMS)
def test_the_server_of_today_sends_what_was_captured(bench: Bench, kind: str):
    made = {"account": bench.make_party, "product": bench.make_product, "order": lambda: bench.make_sale(2)}[kind]()
    payload = bench.fetch(STREAMS[kind], made).payload
    for golden in (golden for golden in GOLDEN.values() if golden["kind"] == kind):
        assert set(payload) == set(golden["payload"])
    if kind == "order":
        assert set(payload["lines"][0]) == set(GOLDEN["order-quotation"]["payload"]["lines"][0])


def round_trip(bench: Bench, kind: str, values: dict[str, Any]) -> tuple[SourceRecord, dict[str, Any]]:
    """What the hub says, written and read again, as the hub reads it."""
    mapping = read_mapping(kind)
    units = dict(bench.connector.code_tables()["unit"])
    party, product = str(bench.make_party()), str(bench.make_product())
    ids = {hub_id("account", "1"): party, hub_id("product", "1"): product}
    context = Context(
        codes={"unit": units},
        find_remote=lambda kind, id: ids[id],
        find_ref=lambda kind, external_id: next(id for id, known in ids.items() if known == external_id),
    )
    payload, problems = mapping.to_remote(decode_fields(kind, values), context)
    assert problems == []
    written = bench.connector.sinks()[kind].create([Draft(next_reference(), payload)])[0]
    assert isinstance(written, Written), written
    record = bench.fetch(STREAMS[kind], written.external_id)
    mapped = mapping.to_canonical(record.payload, context)
    assert mapped.problems == []
    return record, encode_fields(kind, mapped.values)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (
            "account",
            {
                "name": "丰泽自动化有限公司",
                "phone": "0571-1",
                "email": "a@example.com",
                "website": "https://example.com",
                "identifiers": [{"key": "a", "kind": "uscc", "value": "91310115921742180N"}],
                "addresses": [
                    {"key": "a", "kind": "main", "country": "CN", "city": "杭州", "postal_code": "310000"},
                    {"key": "b", "kind": "delivery", "country": "", "city": "宁波", "street": "二路"},
                ],
            },
        ),
        (
            "product",
            {
                "name": "垫片",
                "number": "RT-1",
                "unit": "kg",
                "list_price": "0.35",
                "currency": "CNY",
                "tax_rate": "0.06",
                "note": "不锈钢\n食品级",
            },
        ),
        (
            "order",
            {
                "account_id": str(hub_id("account", "1")),
                "ordered_on": "2026-11-20",
                "currency": "CNY",
                "reference": "PO-8",
                "note": "急",
                "lines": [
                    {
                        "key": "a", "product_id": str(hub_id("product", "1")), "name": "轴承", "unit": "u",
                        "quantity": "3", "unit_price": "33.335", "tax_rate": "0.13",
                    },
                    {
                        "key": "b", "product_id": None, "name": "运费", "unit": "u",
                        "quantity": "1", "unit_price": "10", "tax_rate": "0",
                    },
                ],
            },
        ),
    ],
)  # fmt: skip
def test_what_the_hub_writes_is_what_it_reads_again(bench: Bench, kind: str, values: dict[str, Any]):
    _, canonical = round_trip(bench, kind, values)
    for name, value in values.items():
        if not isinstance(value, list):
            assert canonical[name] == value, name
            continue
        assert len(canonical[name]) == len(value)
        for wanted, found in zip(value, canonical[name], strict=True):
            shown = {key: plain(found[key]) for key in wanted if key != "key"}
            assert shown == {key: plain(item) for key, item in wanted.items() if key != "key"}


def plain(value: Any) -> Any:
    """``3`` and ``3.0`` are the same quantity."""
    return value.removesuffix(".0") if isinstance(value, str) else value


def sale(total: str, *invoices: tuple[str, str, str], moved: str | None = None) -> dict[str, Any]:
    held = [{"state": state, "total_amount": total_, "amount_to_pay": open_} for state, total_, open_ in invoices]
    return {"total_amount": total, "invoices": held, "lines": [{"moves_progress": moved}]}


@pytest.mark.parametrize(
    ("payload", "billing", "payment"),
    [
        (sale("100"), "none", "none"),
        (sale("100", ("draft", "100", "0")), "none", "none"),
        (sale("100", ("cancelled", "100", "0")), "none", "none"),
        (sale("100", ("posted", "40", "40")), "partial", "none"),
        (sale("100", ("posted", "100", "60")), "complete", "partial"),
        (sale("100", ("paid", "40", "0"), ("posted", "60", "60")), "complete", "partial"),
        (sale("100", ("paid", "100", "0")), "complete", "paid"),
        (sale("-100", ("posted", "-100", "-100")), "complete", "none"),
        (sale("-100", ("paid", "-100", "0")), "complete", "paid"),
        (sale("0"), "none", "none"),
    ],
)
def test_billing_and_payment_follow_from_the_invoices(payload, billing, payment):
    assert (read_billing("x", payload), read_payment("x", payload)) == (billing, payment)


@pytest.mark.parametrize(
    ("state", "moved", "fulfilment"),
    [
        *[("none", None, "none"), ("waiting", "0.0", "none"), ("partially shipped", "0.5", "partial")],
        *[("sent", "1.0", "complete"), ("exception", "0.5", "partial"), ("exception", None, "none")],
    ],
)
def test_fulfilment_follows_from_the_shipments(state, moved, fulfilment):
    assert read_fulfilment(state, sale("1", moved=moved)) == fulfilment


def test_an_unknown_shipment_state_is_held():
    golden = GOLDEN["order-quotation"]
    payload = {**golden["payload"], "shipment_state": "beamed"}
    problems = read_mapping("order").to_canonical(payload, make_context({"u": "件", "kg": "kg"})).problems
    assert [problem.field for problem in problems] == ["fulfilment"]


def test_a_tax_that_is_no_rate_is_held():
    golden = GOLDEN["order-quotation"]
    lines = [{**line, "tax_rate": None} for line in golden["payload"]["lines"]]
    mapped = read_mapping("order").to_canonical(
        {**golden["payload"], "lines": lines}, make_context({"u": "件", "kg": "kg"})
    )
    assert {problem.code for problem in mapped.problems} == {"mapping.value_missing"}
    assert "lines" not in mapped.values
