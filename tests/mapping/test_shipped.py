"""Every shipped mapping file is sound and does with a known record exactly what its golden file says.

A new mapping needs ``golden/<connector>/<kind>.json`` with a ``payload`` as the connector hands it over, and ``codes``
where its tables are its own; the failing test prints the other two entries (``values``: the record in the hub,
``written``: what the hub would write).
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest

import mappings
from hub.mapping import Context, Mapping, compile_mapping, lint_mapping, parse_mapping
from hub.model.kinds import encode_fields

FOLDER = Path(mappings.__file__).parent
FILES = sorted(FOLDER.glob("*/*.toml"))
GOLDEN = Path(__file__).parent / "golden"
NAMESPACE = UUID(int=7)
CODES = {"unit": {"u": "件", "kg": "千克"}, "payment_method": {"Bank transfer": "银行转账"}}


def name_file(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def load_functions(connector: str) -> Any:
    """What the mappings may call, asked of a connector that was never connected."""
    kind = importlib.import_module(f"connectors.{connector}").isthmus_connector()
    return object.__new__(kind).functions()


def load_mapping(path: Path) -> Mapping:
    source = parse_mapping(path.read_text(encoding="utf-8"), f"mappings/{name_file(path)}.toml")
    return compile_mapping(source, path.stem, load_functions(path.parent.name))


def make_context(golden: dict[str, Any]) -> Context:
    remote: dict[tuple[str, UUID], str] = {}
    names: dict[UUID, str] = {}

    def find_ref(kind: str, external_id: str) -> UUID:
        found = uuid5(NAMESPACE, f"{kind}/{external_id}")
        remote[kind, found] = external_id
        return found

    def find_named(kind: str, text: str) -> UUID:
        found = uuid5(NAMESPACE, f"{kind}/{text}")
        names[found] = text
        return found

    return Context(
        find_named=find_named,
        name_of=lambda kind, hub_id: names.get(hub_id),
        zone=ZoneInfo("Asia/Shanghai"),
        codes={**CODES, **golden.get("codes", {})},
        find_ref=find_ref,
        find_remote=lambda kind, hub_id: remote.get((kind, hub_id)),
        remote_line=lambda field, key: key,
    )


def test_there_are_shipped_mappings():
    assert {"sandbox/account", "sandbox/product", "sandbox/order"} <= {name_file(path) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=name_file)
def test_a_shipped_mapping_has_no_findings(path):
    source = parse_mapping(path.read_text(encoding="utf-8"), path.name)
    found = lint_mapping(source, load_functions(path.parent.name), kind=path.stem)
    assert [problem.text() for problem in found] == []


@pytest.mark.parametrize("path", FILES, ids=name_file)
def test_a_shipped_mapping_does_what_its_golden_file_says(path):
    golden = json.loads((GOLDEN / f"{name_file(path)}.json").read_text(encoding="utf-8"))
    mapping, context = load_mapping(path), make_context(golden)
    mapped = mapping.to_canonical(golden["payload"], context)
    assert [problem.text() for problem in mapped.problems] == []
    written, problems = mapping.to_remote(mapped.values, context)
    assert [problem.text() for problem in problems] == []
    computed = {"values": encode_fields(path.stem, mapped.values), "written": written}
    expected = {name: golden.get(name) for name in computed}
    assert computed == expected, json.dumps(computed, ensure_ascii=False, indent=2)


@pytest.mark.parametrize("path", FILES, ids=name_file)
def test_a_golden_record_uses_every_rule(path):
    golden = json.loads((GOLDEN / f"{name_file(path)}.json").read_text(encoding="utf-8"))
    mapping = load_mapping(path)
    mapped = mapping.to_canonical(golden["payload"], make_context(golden))
    assert mapping.fields_in <= mapped.values.keys()
    for field, parts in mapping.lists.items():
        read = {plan.name for part in parts for plan in part.plans if plan.goes_in}
        assert read <= {name for line in mapped.values[field] for name in line.model_fields_set}
        assert all(any(part.covers(line) for line in mapped.values[field]) for part in parts)


@pytest.mark.parametrize("path", FILES, ids=name_file)
def test_writing_back_a_golden_record_changes_nothing_there(path):
    golden = json.loads((GOLDEN / f"{name_file(path)}.json").read_text(encoding="utf-8"))
    mapping, context = load_mapping(path), make_context(golden)
    values = mapping.to_canonical(golden["payload"], context).values
    written, _ = mapping.to_remote(values, context)
    back = mapping.to_canonical(written, context).values
    two_way = mapping.fields_in & mapping.fields_out
    assert {name: compare(mapping, name, back[name]) for name in two_way} == {
        name: compare(mapping, name, values[name]) for name in two_way
    }


def compare(mapping: Mapping, field: str, value: Any) -> Any:
    """Lists by the line fields that travel both ways."""
    names = mapping.line_fields.get(field)
    return value if names is None else [{name: getattr(line, name) for name in names} for line in value]
