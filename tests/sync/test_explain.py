"""Why a record is as it is: source, rule, what others say, who changed it last."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping
from typing import Any

import pytest

from connectors.sandbox.connector import SandboxConnector
from hub.errors import ConfigInvalid, NotFound, Transient
from hub.runtime.assemble import CodeTables
from hub.sdk import Tools
from hub.store.rows import Payload
from hub.sync.codes import survey_codes
from hub.sync.config import ConnectionSettings, HubConfig
from hub.sync.context import OpenConnection
from hub.sync.explain import FieldStory, explain_record
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene


def tell(scene: Scene, record: Any, name: str) -> FieldStory:
    (story,) = explain_record(scene.hub, record.KIND, record.id, name)
    return story


def test_every_value_says_where_it_comes_from(scene: Scene) -> None:
    scene.make_sale(note="from there")
    scene.pull()
    (order,) = scene.records("order")
    scene.edit(order, reference="PO-1")
    told = {row.field: row for row in explain_record(scene.hub, "order", order.id)}
    assert (told["note"].source, told["note"].origin, told["note"].value) == ("erp/sale/S1", "note", "from there")
    assert (told["reference"].source, told["reference"].origin) == ("hub", "li")
    assert (told["gross"].source, told["gross"].origin) == ("erp/sale/S1", "gross")
    assert told["billing"].source == "rule"
    assert told["number"].source == "erp/sale/S1"
    changed = told["reference"].changed_at
    assert changed is not None
    assert changed > (told["note"].changed_at or "")
    with pytest.raises(NotFound):
        explain_record(scene.hub, "order", scene.hub.new_id())


CODED = '[fields]\nnote = { from = "note", code = "note", direction = "in" }\n'


@pytest.mark.parametrize("away", [False, True])
def test_code_tables_are_asked_for_outside_of_any_transaction(scene: Scene, away: bool) -> None:
    """A call waits for its turn in the call budget, which is a row. While the system is away, others tell enough."""
    layers = {"order": (("mappings/erp/order.toml", CODED),)}
    erp = scene.config.connections["erp"].model_copy(update={"mappings": layers, "codes": {"note": {"x": "urgent"}}})
    scene.config = scene.config.model_copy(update={"connections": {"erp": erp}})
    scene.hub = scene.make_hub()
    scene.make_sale(note="x")
    scene.pull()
    (order,) = scene.records("order")

    class Telling(SandboxConnector):
        def code_tables(self) -> Mapping[str, Mapping[str, str]]:
            with scene.store.write():
                if away:
                    raise Transient("sdk.unreachable", where="erp")
            return {}

    def open_it(name: str) -> OpenConnection:
        found = opener(name)
        connector = Telling(found.connector.config, Tools(clock=scene.clock, random=random.Random(1)))
        return dataclasses.replace(found, codes=CodeTables(connector, erp.codes))

    scene.hub = scene.make_hub()
    opener, scene.hub.opener = scene.hub.opener, open_it
    story = tell(scene, order, "note")
    assert (story.value, [step.value for step in story.steps]) == ("urgent", ["urgent"])
    assert survey_codes(scene.hub, "erp").reached is not away


def test_provenance_follows_the_value(scene: Scene) -> None:
    order = scene.make_order(note="ours")
    scene.push()

    def source() -> str:
        return next(row.source for row in explain_record(scene.hub, "order", order.id) if row.field == "note")

    scene.edit_sale(note="theirs")
    scene.settle(1)
    assert source() == "erp/sale/S1"
    scene.edit(order, note="ours again")
    assert source() == "hub"


def test_the_rule_that_made_a_value_is_named_by_file_and_line(scene: Scene) -> None:
    scene.make_sale(note="from there")
    scene.pull()
    (order,) = scene.records("order")
    story = tell(scene, order, "note")
    (step,) = story.steps
    assert (step.file, step.path, step.raw, step.value) == ("sandbox/order.toml", "note", "from there", "from there")
    shown = scene.hub.open("erp").mapping_of("order")
    assert step.line == next(plan.rule.line for plan in shown.plans if plan.name == "note")
    assert (story.won, story.others, story.version) == ("only", (), 1)
    names = {step.field.partition(".")[2] for step in tell(scene, order, "lines").steps}
    assert {"quantity", "unit_price", "product_id"} <= names


def test_a_code_goes_through_its_table(make_scene: SceneMaker) -> None:
    scene = make_scene()
    layer = """[mapping]
kind = "product"
[fields]
unit = { from = "unit", code = "unit" }
"""
    use_layer(scene, "product", layer, {"unit": {"pcs": "piece"}})
    item = scene.make_item()
    scene.pull("product")
    story = tell(scene, scene.record_of("product", item), "unit")
    (step,) = story.steps
    assert (story.value, step.raw, step.table, step.code_from) == ("piece", "pcs", "unit", "config")
    assert (step.file, step.line) == ("mappings/erp/product.toml", 4)
    assert not story.outdated
    use_layer(scene, "product", layer.replace("[fields]", "[fields]\n"), {"unit": {"pcs": "piece"}})
    assert not tell(scene, scene.record_of("product", item), "unit").outdated, "an empty line changes no meaning"
    use_layer(scene, "product", '[mapping]\nkind = "product"\n', {})
    assert tell(scene, scene.record_of("product", item), "unit").outdated


def use_layer(scene: Scene, kind: str, text: str, codes: dict[str, dict[str, str]]) -> None:
    """The admin's own mapping file and code tables, published."""
    erp = scene.config.connections["erp"]
    update = {"mappings": {kind: ((f"mappings/erp/{kind}.toml", text),)}, "codes": codes}
    changed = ConnectionSettings.model_validate({**erp.model_dump(), **update})
    scene.config = HubConfig(connections={"erp": changed})
    scene.hub = scene.make_hub()


def test_what_lost_is_told_with_the_reason(scene: Scene) -> None:
    order = scene.make_order(note="ours")
    scene.push()
    scene.edit_sale(note="theirs")
    scene.settle(1)
    story = tell(scene, order, "note")
    assert (story.value, story.source, story.won) == ("theirs", "erp/sale/S1", "newest")
    (other,) = story.others
    assert (other.source, other.value, other.lost) == ("hub", "ours", "sync.lost_newest")
    assert other.changed_at is not None
    assert story.changed_at is not None
    assert other.changed_at < story.changed_at
    scene.edit(order, note="ours again")
    story = tell(scene, order, "note")
    assert (story.source, [other.value for other in story.others]) == ("hub", ["theirs"])
    state = tell(scene, order, "state")
    assert state.won in ("only", "owner")


def test_who_changed_it_last_and_when(scene: Scene) -> None:
    order = scene.make_order(note="first")
    before = tell(scene, order, "note").last_change
    assert before is not None
    scene.edit(order, note="second", custom={})
    change = tell(scene, order, "note").last_change
    assert change is not None
    assert (change.actor, change.old, change.new) == ("li", "first", "second")
    assert change.at > before.at
    assert tell(scene, order, "reference").last_change is None


def test_a_payload_that_was_removed_leaves_the_value_explained(scene: Scene) -> None:
    scene.make_sale(note="from there")
    scene.pull()
    (order,) = scene.records("order")
    with scene.store.write() as tx:
        tx.delete(Payload, connection="erp", stream="sale")
    story = tell(scene, order, "note")
    assert (story.value, story.origin, story.steps) == ("from there", "note", ())


def test_a_connection_that_is_gone_is_still_named(scene: Scene) -> None:
    scene.make_sale(note="from there")
    scene.pull()
    (order,) = scene.records("order")
    scene.config = HubConfig()
    scene.hub = scene.make_hub()
    story = tell(scene, order, "note")
    assert (story.source, story.steps, story.outdated) == ("erp/sale/S1", (), False)


def test_an_unknown_field_is_named(scene: Scene) -> None:
    order = scene.make_order()
    with pytest.raises(ConfigInvalid) as caught:
        explain_record(scene.hub, "order", order.id, "colour")
    assert caught.value.code == "model.field_unknown"
