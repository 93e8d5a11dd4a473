"""The shipped mappings and the ERP mean the same by every field: what goes round changes nothing."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID, uuid5

import pytest

from connectors.sandbox.simulator import Person, SandboxErp, SandboxSettings, seed_company
from hub.crm.rules import rules_for
from hub.mapping import Context, compile_mapping, parse_mapping
from tests.house.source import ROOT

NAMESPACE = UUID(int=7)
STREAMS = {"account": "partner", "product": "item", "order": "sale"}


def load_mapping(kind: str):
    path = ROOT / "mappings" / "sandbox" / f"{kind}.toml"
    return compile_mapping(parse_mapping(path.read_text(encoding="utf-8"), path.name), kind, {})


def hub_id(kind: str, external_id: str) -> UUID:
    return uuid5(NAMESPACE, f"{kind}/{external_id}")


def make_context(erp: SandboxErp) -> Context:
    remote: Mapping[UUID, str] = {
        hub_id(kind, row["id"]): row["id"] for kind, stream in STREAMS.items() for row in erp.documents(stream)
    }
    return Context(
        find_ref=hub_id,
        find_remote=lambda kind, id: remote.get(id),
        remote_line=lambda field, key: key,
    )


@pytest.fixture
def erp(clock) -> SandboxErp:
    erp = SandboxErp(SandboxSettings(amend="free"), clock, random.Random(1))
    seed_company(erp, customers=10, items=12, sales=30)
    person = Person(erp)
    person.create("partner", name="无税号客户", active=False)
    person.create("sale", customer="P1", currency="JPY", lines=[{"text": "服务", "quantity": "1.5", "price": "99.5"}])
    return erp


@pytest.mark.parametrize("kind", STREAMS)
def test_what_the_hub_writes_back_is_what_the_erp_has(erp, kind):
    mapping, context, stream = load_mapping(kind), make_context(erp), STREAMS[kind]
    assert (mapping.kind, mapping.stream) == (kind, stream)
    for row in erp.documents(stream):
        mapped = mapping.to_canonical(row, context)
        assert mapped.problems == []
        payload, problems = mapping.to_remote(mapped.values, context)
        assert problems == []
        if row.get("status") != "void":
            assert erp.change(stream, row["id"], payload)["version"] == row["version"], (row, payload)


@pytest.mark.parametrize("kind", STREAMS)
def test_what_the_hub_writes_makes_the_same_record_in_an_empty_erp(erp, clock, kind):
    mapping, stream = load_mapping(kind), STREAMS[kind]
    other = SandboxErp(SandboxSettings(), clock, random.Random(1))
    seed_company(other, customers=11, items=12, sales=0)
    context = Context(
        find_ref=hub_id,
        find_remote=make_context(erp).find_remote,
    )
    for row in erp.documents(stream):
        values = mapping.to_canonical(row, context).values
        payload, _ = mapping.to_remote(values, context)
        made = other.create(stream, payload)
        again = mapping.to_canonical(made, context).values
        for field in mapping.fields_out - {"lines"}:
            assert again.get(field) == values.get(field), field
        assert [line.gross for line in again.get("lines", ())] == [line.gross for line in values.get("lines", ())]


def test_the_erp_and_the_rules_of_the_hub_compute_the_same_totals(erp):
    mapping, context = load_mapping("order"), make_context(erp)
    for row in erp.documents("sale"):
        values = mapping.to_canonical(row, context).values
        bare = {**values, "lines": tuple(line.model_copy(update=ZERO) for line in values["lines"])}
        complete = rules_for("order").complete(bare)
        assert (complete["net"], complete["tax"], complete["gross"]) == (values["net"], values["tax"], values["gross"])


ZERO = {"net": Decimal(0), "tax": Decimal(0), "gross": Decimal(0)}
