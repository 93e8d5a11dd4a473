"""Code tables: what is in use and not known, both ways, computed from what is kept."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.protocol.binding import Binding
from hub.store.rows import DeadRow
from hub.sync.accept import carry_acceptance, check_accepted
from hub.sync.codes import Cell, CodeSurvey, TableSurvey, locate_cells, survey_codes
from hub.sync.context import Hub
from hub.sync.dossier import show_item
from hub.sync.retry import replay_items
from hub.sync.todo import TodoFilter, TodoItem, list_todo
from hub.sync.waits import find_missing_code
from tests.sync.scenes import Scene, make_line

LAYER = """\
[fields.lines]
each = "lines"
key = "id"
[fields.lines.fields]
product_id = { from = "item", ref = "product" }
quantity = { from = "quantity", as = "decimal" }
unit = { from = "unit", code = "unit" }
unit_price = { from = "price", as = "money", currency = "currency" }
tax_rate = { from = "tax_percent", as = "percent" }
net = { from = "net", as = "money", currency = "currency", direction = "in" }
tax = { from = "tax", as = "money", currency = "currency", direction = "in" }
gross = { from = "gross", as = "money", currency = "currency", direction = "in" }
"""


def use_codes(scene: Scene, **codes: dict[str, str]) -> Hub:
    """Lines of orders go through the code table ``unit``, which holds this from now on."""
    erp = scene.config.connections["erp"]
    layers = {"order": (("mappings/erp/order.toml", LAYER),)}
    changed = erp.model_copy(update={"codes": codes, "mappings": layers})
    scene.config = scene.config.model_copy(update={"connections": {"erp": changed}})
    scene.hub = scene.make_hub()
    return scene.hub


def make_sales(scene: Scene, *units: str) -> list[Any]:
    """One sale for each unit, all of one customer."""
    partner, item = scene.make_customer(), scene.make_item()
    lines = {"item": item["id"], "quantity": "2", "price": "10", "tax_percent": "13"}
    return [scene.wang.create("sale", customer=partner["id"], lines=[{**lines, "unit": unit}]) for unit in units]


def unit_table(survey: CodeSurvey) -> TableSurvey:
    (found,) = [table for table in survey.tables if table.table == "unit"]
    return found


def waiting(scene: Scene, *kinds: str) -> list[TodoItem]:
    return [item for item in list_todo(scene.hub) if item.kind_of_wait in kinds]


def test_codes_there_without_a_value_are_listed_with_what_waits_for_them(scene: Scene) -> None:
    use_codes(scene, unit={"0012": "piece"})
    sales = make_sales(scene, "0012", "0099", "0099", "KG")
    scene.pull()
    table = unit_table(survey_codes(scene.hub, "erp"))
    assert [(entry.way, entry.value, entry.count, entry.waiting) for entry in table.missing] == [
        ("in", "0099", 2, True),
        ("in", "KG", 1, True),
    ]
    first = table.missing[0]
    assert first.amounts == {"CNY": Decimal("45.20")}
    assert first.examples == [sale["number"] for sale in sales[1:3]]
    assert first.fields == {"order.lines.unit"}
    assert (table.known, table.used["0012"].count) == ({"0012": "piece"}, 1)


def test_values_here_without_a_code_are_listed_too_and_hold_their_document(scene: Scene) -> None:
    account, product = scene.trade()
    use_codes(scene, unit={"A1": "box", "B1": "crate", "B2": "crate"})
    for unit in ("box", "bag", "crate"):
        scene.make_order(account_id=account.id, lines=[make_line(product, unit=unit)])
    scene.push()
    assert len(scene.sales()) == 1
    table = unit_table(survey_codes(scene.hub, "erp"))
    assert [(entry.way, entry.value, entry.codes, entry.waiting) for entry in table.missing] == [
        ("out", "bag", (), True),
        ("out", "crate", ("B1", "B2"), True),
    ]
    held = waiting(scene, "held")
    assert {find_missing_code(item.params) for item in held} == {
        ("mapping.code_unsaid", "unit", "bag"),
        ("mapping.code_ambiguous", "unit", "crate"),
    }
    assert {item.command for item in held} == {"isthmus codes missing erp --out codes.xlsx"}


def test_the_cell_to_fill_is_named_for_everything_that_waits(scene: Scene) -> None:
    account, product = scene.trade()
    use_codes(scene, unit={"0012": "piece"})
    make_sales(scene, "0099", "0055")
    scene.pull("order")
    scene.make_order(account_id=account.id, lines=[make_line(product, unit="bag")])
    scene.push()
    rows = [entry.value for entry in unit_table(survey_codes(scene.hub, "erp")).missing]
    assert rows == ["0055", "0099", "bag"]
    for item in waiting(scene, "dead", "held"):
        missing = find_missing_code(item.params)
        assert missing is not None
        place = Cell("unit", 6 + rows.index(missing[2]), "unit", missing[2])
        assert locate_cells(scene.hub, "erp")(item.params) == place
        cell = show_item(scene.hub, item).cell
        assert cell is not None
        assert (cell["table"], cell["value"], cell["sheet"]) == ("unit", missing[2], "unit")
        assert missing[2] in item.text("zh")


def test_a_plan_says_how_much_of_the_tables_is_known_and_what_is_held(scene: Scene) -> None:
    account, product = scene.trade()
    use_codes(scene, unit={"0012": "piece", "KG": "kg"})
    make_sales(scene, "0012", "0099", "0099")
    for unit in ("kg", "bag"):
        scene.make_order(account_id=account.id, lines=[make_line(product, unit=unit)])
    view = scene.plan()
    (order,) = view.plan.codes
    assert order["tables"] == {"unit": [2, 4]}, "two codes there and two values here, one of each known"
    assert (order["held"], order["amounts"]) == (3, {"CNY": "73.45"})
    held = [item for item in view.items if item.action == "hold"]
    reasons = {(item.side, item.reason) for item in held}
    assert reasons == {("here", "sync.cannot_read"), ("there", "sync.cannot_translate")}
    assert scene.rows(Binding, kind="order", held__ne={}) == [], "and a plan changes nothing"


def test_after_the_codes_are_there_what_was_held_flows_without_asking_anybody(scene: Scene) -> None:
    account, product = scene.trade()
    use_codes(scene, unit={})
    make_sales(scene, "0099")
    scene.pull()
    order = scene.make_order(account_id=account.id, lines=[make_line(product, unit="bag")])
    scene.push()
    assert len(waiting(scene, "dead", "held")) == 2
    use_codes(scene, unit={"0099": "piece", "0100": "bag"})
    asked = len(scene.api.requests)
    done = replay_items(scene.hub, TodoFilter(connection="erp", missing_code=True), "li")
    assert {tried.outcome for tried in done} == {"created", "going"}
    assert len(scene.api.requests) == asked
    scene.push()
    assert waiting(scene, "dead", "held") == []
    assert {sale["lines"][0]["unit"] for sale in scene.sales()} == {"0099", "0100"}
    assert {line.unit for record in scene.records("order") for line in record.lines} == {"piece", "bag"}
    assert scene.binding(order).ref in {sale["our_ref"] for sale in scene.sales()}


@pytest.mark.parametrize("grown", [True, False])
def test_a_plan_that_was_accepted_holds_when_tables_only_grow(scene: Scene, grown: bool) -> None:
    use_codes(scene, unit={"0012": "piece"})
    make_sales(scene, "0012")
    scene.accept()
    before = scene.hub
    after = use_codes(scene, unit={"0012": "piece", "0099": "bag"})
    if grown:
        assert carry_acceptance(before, after, "erp", "li") == ["account", "order", "product"]
    with scene.store.read() as tx:
        assert check_accepted(tx, after, "erp", "order") == (None if grown else "sync.settings_changed")


def test_a_survey_looks_at_the_newest_payload_of_each_record(scene: Scene) -> None:
    use_codes(scene, unit={})
    (sale,) = make_sales(scene, "OLD")
    scene.pull()
    lines = [{**sale["lines"][0], "unit": "NEW"}]
    scene.edit_sale(sale["id"], lines=[{name: line[name] for name in ("id", "unit")} for line in lines])
    scene.pull("order")
    assert [entry.value for entry in unit_table(survey_codes(scene.hub, "erp")).missing] == ["NEW"]
    assert scene.rows(DeadRow)


def test_where_the_hub_knows_every_value_no_other_is_allowed(scene: Scene) -> None:
    layer = '[fields]\nstate = { from = "code", code = "standing", direction = "in" }\n'
    erp = scene.config.connections["erp"]
    changed = erp.model_copy(update={"mappings": {"account": (("x", layer),)}})
    scene.config = scene.config.model_copy(update={"connections": {"erp": changed}})
    scene.hub = scene.make_hub()
    scene.make_customer()
    scene.pull("account")
    (table,) = survey_codes(scene.hub, "erp").tables
    assert table.strict
    assert "active" in table.allowed


def test_looking_through_many_records_says_how_far_it_is(scene: Scene) -> None:
    use_codes(scene, unit={"0012": "piece"})
    make_sales(scene, *["0012"] * 510)
    scene.pull()
    told: list[tuple[str, int, int | None]] = []
    survey_codes(scene.hub, "erp", lambda kind, done, total: told.append((kind, done, total)))
    assert told == [("order", 500, None)]
