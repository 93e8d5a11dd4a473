"""Deriving tables: the rules that a newcomer relies on when adding a kind."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import MetaData

from hub.model.base import Entity, Line
from hub.model.kinds import load_kinds
from hub.model.values import Amount, Ref, Value
from hub.store.keys import TABLES, TableSpec
from hub.store.tables import StoredModel, derive_table, derive_tables, singular, spec_of_kind


class Visit(Line):
    product_id: Annotated[UUID | None, Ref("product")] = None
    fee: Amount


class Trip(Entity):
    KIND: ClassVar[str] = "trip"
    NUMBER: ClassVar[str] = "number"

    number: str
    visits: tuple[Visit, ...] = ()
    guide_id: Annotated[UUID | None, Ref("user")] = None


def derive(model: type[Value], name: str = "thing", key: tuple[str, ...] = ("id",)) -> StoredModel:
    return derive_table(TableSpec(model, name, key), MetaData())


def test_every_kind_and_every_row_has_a_table() -> None:
    metadata, stored = derive_tables()
    assert set(stored) == {*load_kinds().values(), *(spec.model for spec in TABLES)}
    assert {f"crm_{kind}" for kind in load_kinds()} < set(metadata.tables)
    assert "crm_order_line" in metadata.tables


def test_lines_become_a_table_of_their_own() -> None:
    trip = derive_table(spec_of_kind(Trip), MetaData())
    (visits,) = trip.lines
    assert "visits" not in trip.table.c
    assert visits.table.name == "crm_trip_visit"
    assert [column.name for column in visits.table.primary_key] == ["trip_id", "key"]
    assert list(visits.table.c.keys()) == ["trip_id", "position", "key", "product_id", "fee"]


def test_numbers_references_and_change_times_are_indexed() -> None:
    trip = derive_table(spec_of_kind(Trip), MetaData())
    indexed = {tuple(column.name for column in index.columns) for index in trip.table.indexes}
    assert indexed == {("number",), ("guide_id",), ("updated_at",)}
    assert [index.name for index in trip.lines[0].table.indexes] == ["ix_crm_trip_visit_product_id"]


def test_only_what_may_be_none_is_nullable() -> None:
    table = derive_table(spec_of_kind(Trip), MetaData()).table
    assert {column.name for column in table.c if column.nullable} == {
        "created_at",
        "updated_at",
        "deleted_at",
        "guide_id",
    }


@pytest.mark.parametrize(
    ("annotation", "words"), [(float, "float"), (Decimal, "scale"), (Decimal | None, "scale"), (float | None, "float")]
)
def test_inexact_columns_are_refused(annotation: Any, words: str) -> None:
    model = type("Thing", (Value,), {"__annotations__": {"id": str, "amount": annotation}})
    with pytest.raises(TypeError, match=words):
        derive(model)


def test_a_line_may_not_use_the_columns_of_its_table() -> None:
    class Stop(Line):
        position: int

    class Tour(Entity):
        KIND: ClassVar[str] = "tour"
        number: str
        stops: tuple[Stop, ...] = ()

    with pytest.raises(TypeError, match="position"):
        derive_table(spec_of_kind(Tour), MetaData())


@pytest.mark.parametrize(
    ("field", "one"),
    [("lines", "line"), ("addresses", "address"), ("entries", "entry"), ("taxes", "tax"), ("batches", "batch")],
)
def test_singular(field: str, one: str) -> None:
    assert singular(field) == one
