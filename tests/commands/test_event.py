"""``isthmus event``: what came, why something waits, reading it once more, giving it up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.runtime.assemble import close_hub, open_hub
from hub.runtime.home import find_home
from hub.sdk.webhooks import Call, Received
from hub.sync.events import keep_events, make_event
from tests.commands.stage import Terminal

CONFIG = """
[connections.shop]
connector = "webhook"
secret = "file:shop.secret"

[connections.shop.events]
"customer.*" = "account"

[connections.shop.syncs.account]
direction = "in"
"""


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    """A home that a shop pushed three events to; nobody has read them."""
    file = terminal.home / "isthmus.toml"
    file.write_text(file.read_text(encoding="utf-8") + CONFIG, encoding="utf-8")
    (terminal.home / "shop.secret").write_text("c2hvcC1jYW5hcnktMTIz", encoding="utf-8")
    terminal.call("apply")
    push(
        terminal.home,
        {"type": "customer.created", "id": "evt_1", "data": {"id": "c1", "name": "海岳", "updated_at": 1}},
        {"type": "cart.left", "id": "evt_2", "data": {"id": "k1", "name": "Kart", "updated_at": 1}},
        {"type": "customer.created", "id": "evt_3", "data": {"id": "c3", "updated_at": 1}},
    )
    return terminal


def push(home: Path, *bodies: dict[str, Any]) -> None:
    hub = open_hub(find_home(home, {}))
    receiver = hub.open("shop").receiver
    assert receiver is not None
    calls = [
        (body, Call("POST", "/hooks/shop", {"x-a": "b"}, json.dumps(body).encode(), datetime.now(UTC)))
        for body in bodies
    ]
    keep_events(hub.store, [make_event(hub.store, "shop", receiver, call, Received(b["id"])) for b, call in calls])
    close_hub(hub)


def test_events_are_listed_and_read(shop: Terminal):
    assert [row["state"] for row in shop.json("event", "list")["items"]] == ["new"] * 3
    done = shop.json("event", "replay", "--connection", "shop", code=1)
    assert [(row["key"], row["state"]) for row in done["items"]] == [
        ("evt_1", "done"),
        ("evt_2", "unfit"),
        ("evt_3", "done"),
    ]
    assert done["errors"][0]["code"] == "sync.events_left"
    assert done["items"][2]["outcomes"][0]["outcome"] == "dead", "a customer without a name"
    told = shop.call("event", "list").out
    assert "account c1: created" in told
    assert "cart.left" in told
    assert [row["key"] for row in shop.json("event", "list", "--state", "unfit")["items"]] == ["evt_2"]
    assert shop.json("event", "list", "--until", "1h")["items"] == []
    assert len(shop.json("event", "list", "--since", "1h", "--limit", "2")["items"]) == 2


def test_one_event_is_shown_as_it_came(shop: Terminal):
    item = shop.json("event", "show", "evt_1")["item"]
    assert json.loads(item["body"])["data"]["name"] == "海岳"
    assert item["headers"] == {"x-a": "b"}


def test_what_fits_nothing_stands_in_the_todo_list_until_the_configuration_fits(shop: Terminal):
    shop.call("event", "replay", "--state", "new", code=1)
    waits = [item for item in shop.json("todo")["items"] if item["kind_of_wait"] == "event"]
    assert [(item["code"], item["params"]["count"]) for item in waits] == [("sync.events_unfit", "1")]
    assert "cart.left" in shop.call("--lang", "zh", "todo").out
    assert "没有规则" in shop.call("--lang", "zh", "event", "show", "evt_2").out
    assert "cart.left" in shop.call("todo", "show", waits[0]["id"]).out
    shop.call("todo", "retry", waits[0]["id"], code=1)  # it names the command that helps
    shop.call(*waits[0]["command"].split()[1:])
    file = shop.home / "isthmus.toml"
    file.write_text(file.read_text("utf-8").replace('"customer.*"', '"cart.*" = "account"\n"customer.*"'), "utf-8")
    shop.call("apply")
    assert shop.json("event", "replay", "evt_2")["items"][0]["state"] == "done"
    assert [item for item in shop.json("todo")["items"] if item["kind_of_wait"] == "event"] == []


def test_an_event_is_given_up_and_taken_back(shop: Terminal):
    shop.call("event", "replay", "evt_2", code=1)
    shop.call("event", "drop", "evt_2", "--reason", "not ours")
    assert shop.json("event", "show", "evt_2")["item"]["state"] == "dropped"
    assert [item for item in shop.json("todo")["items"] if item["kind_of_wait"] == "event"] == []
    assert shop.json("event", "replay", "evt_2", code=1)["items"][0]["state"] == "unfit"
    shop.call("event", "replay", "evt_1")
    assert shop.json("event", "drop", "evt_1", "--reason", "x", code=1)["errors"][0]["code"] == "sync.event_done"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("event", "show", "evt_9"), "sync.event_unknown"),
        (("event", "list", "--state", "lost"), "sync.event_state_unknown"),
        (("event", "list", "--connection", "nobody"), "sync.connection_unknown"),
        (("event", "replay"), "sync.event_which"),
        (("event", "replay", "evt_1", "--state", "new"), "sync.event_which"),
        (("event", "list", "--since", "soon"), "todo.not_a_time"),
    ],
)
def test_a_mistake_is_said_in_one_sentence(shop: Terminal, words: tuple[str, ...], code: str):
    assert shop.json(*words, code=2)["errors"][0]["code"] == code
    assert "canary" not in shop.said
