"""The pages about webhooks, typed line by line beside the simulated shop; their configurations are checked."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from connectors.webhook.config import WebhookConfig
from connectors.webhook.connector import WebhookConnector
from connectors.webhook.simulator import FAULTS, SECRETS, simulator
from hub.runtime.assemble import compile_mappings
from hub.runtime.settings import parse_config
from hub.sdk import Tools
from hub.sdk.webhooks import SCHEMES
from tests.docs.newcomer import Newcomer
from tests.docs.pages import list_commands, list_mentions, read_page

PAGE, CHINESE = "docs/connectors/webhook.md", "docs/connectors/webhook.zh.md"
SIMULATE = "isthmus simulate webhook --port 8090 --seed 7 --faults duplicate=0.2,old_version=0.2"
NAMED = {
    "isthmus apply": "apply",
    "isthmus event replay": "event replay --state done --limit 1",
    "isthmus event drop ID --reason TEXT": "event drop evt_odd --reason nobody",
}
"""What a sentence names without its arguments."""
TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_S = 60.0


@pytest.mark.slow
@pytest.mark.timeout(600)  # a score of programs, one after the other
def test_the_page_works_as_it_stands(tmp_path: Path):
    visitor = Newcomer(tmp_path, [], "webhook")
    (tmp_path / ".isthmus").mkdir()
    (tmp_path / ".isthmus" / "shop.secret").write_text(SECRETS["standard-webhooks"])
    commands = list_commands(PAGE, "isthmus")
    start = commands.index("isthmus up")
    said = {command: visitor.type(command.removeprefix("isthmus ")) for command in commands[:start]}
    assert "/hooks/" in said["isthmus connection check shop"]
    assert commands[start + 1] == SIMULATE
    with visitor.running("up --port 0") as (address, _):
        simulate = SIMULATE.removeprefix("isthmus ").replace("8090", "0")
        options = f"{simulate} --option target={address}/hooks/shop --option steps=12 --option every_s=0.05"
        with visitor.running(options):
            wait_for_events(visitor, 12)
    for command in commands[start + 2 :]:
        said[command] = type_late(visitor, command)
    assert "evt_000001" in said["isthmus event list"]
    assert "customer.created" in said["isthmus event show evt_000001"]
    assert "SH-00001" in said["isthmus record list order"]


def wait_for_events(visitor: Newcomer, count: int) -> None:
    end = time.monotonic() + MOST_S
    while sum(row["state"] == "done" for row in visitor.ask("event", "list", "--limit", "200")["items"]) < count:
        assert time.monotonic() < end, "the shop's events were never read"
        time.sleep(0.5)


def type_late(visitor: Newcomer, command: str) -> str:
    if "event drop" in command:
        return ""  # nothing of this shop fails; tests/commands/test_event.py gives one up
    return visitor.type(NAMED.get(command, command.removeprefix("isthmus ")))


def list_configs(page: str) -> list[str]:
    return TOML.findall(read_page(page))


@pytest.mark.parametrize("text", list_configs(PAGE))
def test_each_configuration_is_good(text: str, tmp_path: Path):
    config = parse_config(text, tmp_path / "isthmus.toml")
    for settings in config.connections.values():
        secrets: dict[str, Any] = {"secret": SECRETS["standard-webhooks"]}
        values = WebhookConfig.model_validate({**settings.config, **secrets, "second_secret": None})
        connector = WebhookConnector(values, Tools.__new__(Tools))
        assert all(item.ok for item in connector.check())
        kinds = {rule.kind for rule in values.events.values()}
        assert kinds <= compile_mappings(settings, connector).keys()


def test_every_scheme_and_fault_has_its_line():
    page = read_page(PAGE)
    assert all(f"`{name}`" in page for name in (*SCHEMES, "hmac", *FAULTS, *simulator().options))


def test_both_languages_show_the_same():
    assert list_commands(PAGE, "isthmus") == list_commands(CHINESE, "isthmus")
    plain = [[re.sub(r"#.*", "", text) for text in list_configs(page)] for page in (PAGE, CHINESE)]
    assert [[line.rstrip() for line in text.splitlines()] for text in plain[0]] == [
        [line.rstrip() for line in text.splitlines()] for text in plain[1]
    ]
    keys = {text for text in list_mentions(PAGE) if text.isidentifier()}
    assert keys <= set(list_mentions(CHINESE))
