"""Messy lists become mappings that lint without a finding; ``golden/<list>.toml`` is what is proposed for each.

The failing test prints what is proposed now; look it over before you put it into the golden file.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.file.config import FileConfig
from connectors.file.connector import FileConnector
from hub.mapping import lint_mapping, merge_layers, parse_mapping
from hub.mapping.suggest import Proposal, Source, suggest_mapping
from tests.connectors.file.desk import make_connector

HERE = Path(__file__).parent
SHIPPED = HERE.parents[2] / "mappings" / "file"
LISTS = [
    ("老客户.csv", "account", ("客户编号",)),
    ("市场部名单.xlsx", "account", ("证照",)),
    ("customers.csv", "account", ("Customer No.",)),
    ("销售订单.xlsx", "order", ("订单号",)),
    ("物料.csv", "product", ("存货编码",)),
]


def open_list(name: str, kind: str, key: tuple[str, ...]) -> FileConnector:
    streams = {kind: {"files": name, "key": key}}
    if kind == "order":
        streams["account"] = {"files": "老客户.csv", "key": ("客户编号",)}
    return make_connector(FileConfig.model_validate({"folder": str(HERE / "fixtures"), "streams": streams}))


def propose(connector: FileConnector, kind: str) -> Proposal:
    streams = connector.streams()
    stream = streams[kind]
    keys = {other.kind: tuple(other.key_columns) for other in streams.values()}
    source = Source(
        stream.name, stream.key_path, stream.rows_path, stream.row_key, tuple(connector.functions()), "remote", keys
    )
    return suggest_mapping(kind, stream.sample(300), source, currency="CNY")


@pytest.mark.parametrize(("name", "kind", "key"), LISTS, ids=[name for name, _, _ in LISTS])
def test_a_list_gets_the_mapping_that_its_golden_file_holds(name: str, kind: str, key: tuple[str, ...]):
    connector = open_list(name, kind, key)
    try:
        proposal = propose(connector, kind)
    finally:
        connector.close()
    golden = HERE / "golden" / f"{Path(name).stem}.toml"
    print(proposal.text)
    assert proposal.text == golden.read_text(encoding="utf-8")
    assert proposal.missing == ()


@pytest.mark.parametrize(("name", "kind", "key"), LISTS, ids=[name for name, _, _ in LISTS])
def test_what_is_proposed_lints_clean_and_reads_the_list(name: str, kind: str, key: tuple[str, ...]):
    from tests.connectors.file.desk import read_all

    connector = open_list(name, kind, key)
    try:
        text = propose(connector, kind).text
        shipped = parse_mapping((SHIPPED / f"{kind}.toml").read_text(encoding="utf-8"), f"file/{kind}.toml")
        merged = merge_layers([shipped, parse_mapping(text, f"mappings/x/{kind}.toml")])
        assert [problem.text() for problem in lint_mapping(merged, connector.functions(), kind=kind)] == []
        values, problems = read_all(connector, kind, text)
    finally:
        connector.close()
    assert problems == []
    assert len(values) >= 3


def test_a_credit_code_is_recognised_under_any_heading():
    connector = open_list("市场部名单.xlsx", "account", ("证照",))
    proposal = propose(connector, "account")
    connector.close()
    found = {field.field: (field.column, field.reason.code) for field in proposal.fields}
    assert found["identifiers.uscc"] == ("证照", "suggest.values")
    assert {item.column: item.type for item in proposal.unknown}["员工数"] == "integer"


def test_values_that_contradict_a_heading_are_told():
    rows = [{"电话": f"a{number}@example.com", "公司": f"云帆{number}有限公司"} for number in range(5)]
    proposal = suggest_mapping("account", rows, Source("account"), currency="CNY")
    found = {field.field: (field.column, field.confidence) for field in proposal.fields}
    assert found["email"] == ("电话", 95)
    assert "phone" not in found


def test_what_nothing_fits_is_named_as_missing():
    proposal = suggest_mapping("order", [{"日期": "2026-01-05"}], Source("order"), currency="CNY")
    assert proposal.missing == ("account_id", "lines.quantity", "lines.unit_price")
    assert "# account_id = …" in proposal.text
