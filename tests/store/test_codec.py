"""What goes in comes out: every model, every field, both databases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from hub.errors import Duplicate
from hub.model.values import Value
from hub.protocol.binding import Binding, BindingState
from hub.store import Store
from hub.store.codec import stored
from hub.store.rows import Setting
from hub.store.tables import derive_tables
from tests.store.samples import make_binding, make_order, rows_of

MODELS = sorted(derive_tables()[1], key=lambda model: model.__name__)


class _Undo(Exception):
    """Ends a transaction without a trace."""


def test_every_row_comes_back_as_it_was(store: Store) -> None:
    """Every model, every field. Equality is not enough: a string equals its enumeration's member."""
    for model in MODELS:
        _check_round_trip(store, model)


def _check_round_trip(store: Store, model: type[Value]) -> None:
    key = stored(model).spec.key

    @settings(max_examples=12, deadline=None)
    @given(row=rows_of(model))
    def compare(row: Any) -> None:
        with pytest.raises(_Undo), store.write() as tx:
            tx.insert(row)
            found = tx.get(model, **{name: getattr(row, name) for name in key})
            assert found == row
            for name, value in row.__dict__.items():
                assert type(getattr(found, name)) is type(value), name
            raise _Undo

    compare()


def test_one_number_has_one_text(store: Store) -> None:
    with store.write() as tx:
        orders = [
            tx.save_record(make_order(tx, gross=text)) for text in ("1.50", "1.5", "100", "1E+2", "-0.000001", "0.00")
        ]
        found = [tx.find(type(order), id=order.id)[0].gross for order in orders]
    assert [str(gross) for gross in found] == ["1.5", "1.5", "100", "100", "-0.000001", "0"]


def test_a_text_is_accepted_for_an_enumeration_and_comes_back_as_its_member(store: Store) -> None:
    with store.write() as tx:
        binding = make_binding(tx).model_copy(update={"state": "bound"})
        tx.insert(binding)
        found = tx.get(Binding, id=binding.id)
    assert found is not None
    assert found.state is BindingState.BOUND


def test_lines_keep_identity_and_order(store: Store) -> None:
    with store.write() as tx:
        order = tx.save_record(make_order(tx, lines=4))
        turned = tx.save_record(order.model_copy(update={"lines": order.lines[::-1][:3]}))
        found = tx.get(type(order), id=order.id)
    assert found == turned
    assert [line.key for line in turned.lines] == ["l3", "l2", "l1"]


def test_two_lines_with_one_key_are_refused(store: Store) -> None:
    with pytest.raises(Duplicate), store.write() as tx:
        order = make_order(tx)
        tx.save_record(order.model_copy(update={"lines": (order.lines[0], order.lines[0])}))


def test_many_records_get_their_own_lines(store: Store) -> None:
    with store.write() as tx:
        saved = [tx.save_record(make_order(tx, lines=number % 4)) for number in range(30)]
        found = tx.find(type(saved[0]), order=["id"])
    assert found == saved
    assert sum(len(order.lines) for order in found) == sum(number % 4 for number in range(30))


def test_a_float_is_never_made(store: Store) -> None:
    with store.write() as tx:
        tx.save(Setting(name="limits", value={"net": Decimal("0.1"), "share": 0.1}))
        found = tx.get(Setting, name="limits")
    assert found is not None
    assert found.value == {"net": "0.1", "share": Decimal("0.1")}
