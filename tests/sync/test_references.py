"""What a record refers to by a number that both sides use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.model.product import Product
from hub.model.sales import Order
from hub.sync.awaited import take_all_awaited
from hub.sync.records import create_record
from hub.sync.references import find_one_referred, find_referred, find_remote_of
from tests.sync.shop import ShopWorld, customer, order

SKU = """
[fields.lines.fields]
product_id = { from = "sku", ref = "product.number" }
"""


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ShopWorld]:
    world = ShopWorld(tmp_path, url=database_url)
    world.use(world.shop_config, mappings={"order": SKU})
    world.push(customer(1))
    yield world
    world.hub.close()
    world.store.close()


def order_of(version: int, *skus: str, **more: Any) -> dict[str, Any]:
    event = order(version, **more)
    (line,) = event["data"]["lines"]
    lines = [{**line, "id": str(place), "sku": sku} for place, sku in enumerate(skus, 1)]
    count = len(lines)
    sums = {"net": f"{20 * count}.00", "tax": f"{2.6 * count:.2f}", "gross": f"{22.6 * count:.2f}"}
    event["data"] |= {"lines": lines, **sums}
    return event


def make_product(world: ShopWorld, number: str, name: str = "轴承") -> Any:
    return create_record(world.hub, "product", {"name": name, "number": number}, "test")


def test_an_order_finds_its_products_by_their_numbers(world: ShopWorld):
    bearing, cable = make_product(world, "0012"), make_product(world, "M-7", "电缆")
    assert world.push(order_of(1, "M-7", "0012", "M-7")).records == {"created": 1}
    assert [line.product_id for line in world.all(Order)[0].lines] == [cable.id, bearing.id, cable.id]


def test_it_waits_until_one_has_the_number(world: ShopWorld):
    make_product(world, "0012")
    assert world.push(order_of(1, "0012", "0013")).records == {"waiting": 1}
    (aside,) = world.aside()
    assert "0013" in str(aside.params)
    assert not take_all_awaited(world.hub, "test")
    make_product(world, "0013", "电缆")
    assert take_all_awaited(world.hub, "test") == {"created": 1}
    assert world.aside() == []
    assert {line.product_id for line in world.all(Order)[0].lines} == {row.id for row in world.all(Product)}


def test_a_number_that_two_have_names_neither(world: ShopWorld):
    """As two systems that number their articles alike bring it about."""
    make_product(world, "0012")
    second = make_product(world, "0014", "另一种")
    with world.store.write() as tx:
        same = tx.save(second.model_copy(update={"number": "0012"}))
    assert world.push(order_of(1, "0012")).records == {"waiting": 1}
    with world.store.write() as tx:
        assert find_referred(tx, "shop", "product.number", ["0012", "9"]) == {}
        assert find_one_referred(tx, "shop", "product.number", "0012") is None
        tx.save(same.model_copy(update={"number": "0014"}))
    assert take_all_awaited(world.hub, "test") == {"created": 1}


def test_written_out_it_is_the_number_again(world: ShopWorld):
    numbered, bare = make_product(world, "0012"), make_product(world, "", "没有编号")
    with world.store.read() as tx:
        assert find_remote_of(tx, "shop", "product.number", numbered.id) == "0012"
        assert find_remote_of(tx, "shop", "product.number", bare.id) is None
