"""The connector's page tells the truth: its commands run beside the simulator, and it names every setting."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.wecom.config import WecomConfig
from connectors.wecom.connector import WecomConnector
from connectors.wecom.simulator import simulator
from hub.mapping import parse_mapping
from hub.runtime.settings import parse_config
from hub.sync.shipped import find_mapping_files
from tests.docs.newcomer import Newcomer
from tests.docs.pages import list_commands, list_story, read_page

PAGE, CHINESE = "docs/connectors/wecom.md", "docs/connectors/wecom.zh.md"
SETTINGS = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BIND = "isthmus binding add wecom user RECORD zhang.san"
NAMED = {
    "isthmus binding add",
    "isthmus simulate wecom --port 8091 --seed 7 --option target=http://127.0.0.1:8700/hooks/wecom --option steps=50",
}
"""Named without arguments; started by the test itself."""
BASE = '[connections.wecom]\nconnector = "wecom"\n[connections.wecom.syncs.contact]\n'


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_page_works_as_it_stands(tmp_path: Path):
    started = simulator().start(0, 3, {}, {"customers": "5"})
    try:
        answers = dict(started.credentials)
        for name in ("secret", "callback_token", "aes_key", "robot_key"):
            file = tmp_path / f"{name}.txt"
            file.write_text(answers[name], encoding="utf-8")
            answers[name] = f"file:{file}"
        words = [word for name, value in answers.items() for word in ("--set", f"{name}={value}")]
        visitor = Newcomer(tmp_path, words, "wecom")
        visitor.type("init")
        visitor.type("connection add wecom --connector wecom ANSWERS")
        said, made = {}, [""]
        for command in list_story(PAGE):
            typed = command.removeprefix("isthmus ")
            if typed.startswith("simulate"):
                continue  # it has been running all the time
            if typed == "connection check":
                typed = "connection check wecom"
            elif typed.startswith("connection probe wecom"):
                typed += " --yes"
            elif "calendar=new" in typed:  # the secret and all else as they were answered above
                said[command] = visitor.type_refused(
                    "connection add wecom ANSWERS --set organiser=li.si --set calendar=new"
                )
                made = re.findall(r"--set calendar=(\w+)", said[command])
                continue
            elif "calendar=wc" in typed:
                typed = f"connection add wecom ANSWERS --set organiser=li.si --set calendar={made[0]}"
            elif typed == "sync run wecom":  # "bound before the first run"
                known = visitor.ask("record", "create", "user", "--set", "name=张三")["item"]["id"]
                said[BIND] = visitor.type(f"binding add wecom user {known} zhang.san")
            elif "82ac" in typed:
                typed = typed.replace("82ac", visitor.ask("sync", "plan", "wecom")["item"]["plan"]["label"])
            said[command] = visitor.type(typed)
        for command in ("isthmus connection resume wecom", "isthmus event list"):
            said[command] = visitor.type(command.removeprefix("isthmus "))
        assert set(list_commands(PAGE, "isthmus")) - NAMED <= said.keys()
        assert "5 customers" in said["isthmus connection check"]
        assert "does what is declared" in said["isthmus connection probe wecom"]
        assert len(visitor.ask("record", "list", "user")["items"]) == 4
        assert len(visitor.ask("record", "list", "contact")["items"]) == 5
    finally:
        started.stop()


def test_both_languages_show_the_same():
    assert list_commands(PAGE, "isthmus") == list_commands(CHINESE, "isthmus")
    for page in (PAGE, CHINESE):
        text = read_page(page)
        assert SETTINGS.findall(text)[: len(WecomConfig.model_fields)] == list(WecomConfig.model_fields)
        kinds = set(re.findall(r"^\| (\w+) \|", text, re.MULTILINE))
        assert find_mapping_files(WecomConnector).keys() <= kinds


def test_the_table_of_what_is_mapped_names_every_field():
    for page in (PAGE, CHINESE):
        rows = dict(re.findall(r"^\| (\w+) \|(.*)$", read_page(page), re.MULTILINE))
        for kind, file in find_mapping_files(WecomConnector).items():
            fields = parse_mapping(file.read_text(encoding="utf-8"), file.name).rules
            missing = [name for name in fields if f"`{name.removeprefix('attributes.')}`" not in rows[kind]]
            assert not missing, f"{page}: {kind} {missing}"


def test_every_piece_of_configuration_can_be_used():
    for page in (PAGE, CHINESE):
        pieces = TOML.findall(read_page(page))
        assert len(pieces) == 2
        for piece in pieces:
            parse_config(BASE + piece, Path("isthmus.toml"))
