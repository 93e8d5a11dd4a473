"""Everything that a person needs to decide: values, words, candidates, history, and what each choice would do."""

from __future__ import annotations

from hub.locale import load_texts
from hub.sync.dossier import Dossier, show_item
from hub.sync.handle import list_verbs
from hub.sync.pause import pause_all
from hub.sync.todo import TodoFilter, list_todo
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, make_approved, requote


def show_all(scene: Scene) -> dict[str, Dossier]:
    """Kind of wait → what is shown about the only entry of that kind."""
    return {item.kind_of_wait: show_item(scene.hub, item) for item in list_todo(scene.hub)}


def test_a_locked_edit_shows_both_sides_and_what_each_choice_would_do(make_scene: SceneMaker) -> None:
    scene = make_scene(erp={"amend": "park"})
    order = make_approved(scene)
    scene.edit(order, ordered_on="2026-10-01")
    requote(scene, order, "5")
    scene.push()
    shown = show_all(scene)["parked"]
    differing = {pair.field: (pair.here, pair.there) for pair in shown.fields if pair.differs}
    assert set(differing) == {"lines", "ordered_on"}
    assert differing["ordered_on"] == ("2026-10-01", str(order.ordered_on))
    assert [pair.differs for pair in shown.fields] == sorted((pair.differs for pair in shown.fields), reverse=True)
    commands = [choice.command.removeprefix("isthmus todo ") for choice in shown.choices]
    assert commands[:3] == [
        f"take {shown.item.short} hub", f"take {shown.item.short} remote",
        f"take {shown.item.short} VALUE --field lines",
    ]  # fmt: skip
    assert "ordered_on: 2026-10-01" in shown.choices[1].text("zh")
    assert shown.payload is not None
    assert shown.payload["number"] == scene.sale()["number"]
    assert [event.what for event in shown.history][-1] == "parked"


def test_the_vendors_own_words_are_shown(scene: Scene) -> None:
    order = scene.make_order()
    words = {"parked": "protocol.refused_by_remote", "parked_params": {"words": "颜色不存在"}}
    scene.save(scene.binding(order), **words)
    shown = show_all(scene)["parked"]
    assert shown.words == ["颜色不存在"]
    assert {pair.field for pair in shown.fields} >= {"lines", "account_id"}
    assert all(pair.there is None for pair in shown.fields), "nothing is there yet"


def test_a_review_names_whom_it_resembles(scene: Scene) -> None:
    partner = scene.make_customer()
    scene.pull("account")
    scene.wang.create("partner", name="海岳精密北京分公司", tax_id=partner["tax_id"])
    scene.pull("account")
    shown = show_all(scene)["review"]
    account = scene.record_of("account", partner)
    assert [(where, id_) for where, id_, _ in shown.candidates] == [("account", str(account.id))]
    assert partner["name"] in shown.candidates[0][2]
    assert shown.choices[0].command.startswith("isthmus binding add erp account")


def test_decisions_stay_in_the_story_of_the_entry(scene: Scene) -> None:
    from hub.sync.handle import drop_item

    sale = scene.make_sale()
    scene.erp.mark(scene.wang.approve(sale["id"])["id"], "wang", shipping="teleported")
    scene.pull()
    (item,) = [item for item in list_todo(scene.hub) if item.kind_of_wait == "dead"]
    drop_item(scene.hub, item, "a test", "li")
    (dropped,) = list_todo(scene.hub, TodoFilter(dropped=True))
    shown = show_item(scene.hub, dropped)
    assert [(row.verb, row.reason, row.actor) for row in shown.decisions] == [("drop", "a test", "li")]
    assert [choice.command for choice in shown.choices] == [f"isthmus todo undo {dropped.short}"]


def test_whatever_waits_can_be_shown_and_every_choice_is_a_sentence(make_scene: SceneMaker) -> None:
    scene = make_scene(erp={"amend": "park"})
    order = make_approved(scene)
    requote(scene, order, "5")
    scene.push()
    second = scene.make_order()
    scene.push()
    scene.wang.delete("sale", str(scene.binding(second).remote_id))
    scene.settle(2)
    sale = scene.make_sale()
    scene.erp.mark(scene.wang.approve(sale["id"])["id"], "wang", shipping="teleported")
    scene.pull()
    pause_all(scene.hub, "li")
    items = list_todo(scene.hub)
    assert {item.kind_of_wait for item in items} >= {"parked", "dead", "paused", "plan"}
    for item in items:
        shown = show_item(scene.hub, item)
        assert bool(list_verbs(item)) == ("todo" in " ".join(choice.command for choice in shown.choices))
        for lang in ("en", "zh"):
            for choice in shown.choices:
                assert choice.code in load_texts(lang)
                assert "{" not in choice.text(lang)
