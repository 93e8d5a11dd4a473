"""Every command that the pages show is typed into the real program; one without a recipe fails."""

from __future__ import annotations

import re

import httpx
import pytest

from hub.runtime.up import DEFAULT_PORT
from tests.docs.newcomer import LINES, Newcomer
from tests.docs.pages import ROOT, list_commands, list_mentions, list_story, read_page

FOLLOWED = {"file", "caldav", "imap", "qichacha", "smtp", "tianyancha", "webhook", "wecom"}
"""Connectors whose pages have a test of their own, beside something else than an ERP: test_file_page.py, or
test_page.py beside the connector's tests …"""
CONNECTORS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "docs" / "connectors").glob("*.md")
    if path.name.partition(".")[0] not in FOLLOWED
)
PAGES = [
    *(
        "README.md",
        "README.zh.md",
        "docs/README.md",
        "docs/architecture.md",
        "docs/conformance.md",
        "docs/development.md",
        "docs/install.md",
        "docs/protocol.md",
        "docs/mapping.md",
        "docs/guides/guards.md",
        "docs/guides/scale-out.md",
    ),
    *CONNECTORS,
]
TRANSLATED = [("README.md", "README.zh.md"), ("docs/connectors/tryton.md", "docs/connectors/tryton.zh.md")]

RECIPES = {
    "isthmus --help": "--help",
    "isthmus init": "init",
    "isthmus demo files": "demo files",
    "isthmus connection add": "connection add second --connector {connector} ANSWERS",
    "isthmus connection add erp --connector tryton": "connection add erp --connector {connector} ANSWERS",
    "isthmus connection check": "connection check erp",
    "isthmus connection probe erp": "connection probe erp --yes",
    "isthmus sync add erp account": "sync add erp account",
    "isthmus sync plan erp": "sync plan erp",
    "isthmus sync adopt": "sync adopt erp",
    "isthmus sync run erp --accept 82ac": "sync run erp --accept {plan}",
    "isthmus sync guards": "sync guards",
    "isthmus sync status": "sync status",
    "isthmus sync plan erp --kind account": "sync plan erp --kind account",
    "isthmus remap account": "remap account",
    "isthmus remap account --accept 5d1c": "remap account --accept {remap}",
    "isthmus explain order SO-0042": "explain order {order}",
    "isthmus explain order SO-0042 note": "explain order {order} note",
    "isthmus todo": "todo",
    "isthmus apply": "apply",
    "isthmus trace": "trace {order}",
    "isthmus trace SO-0042": "trace {order}",
    "isthmus record show --explain": "record show order {order} --explain",
    "isthmus mapping lint": "mapping lint",
    "isthmus mapping suggest erp": "mapping suggest erp",
    "isthmus mapping show erp order": "mapping show erp order",
    "isthmus mapping explain": "mapping explain erp account {remote}",
    "isthmus mapping explain erp order S17": "mapping explain erp order {sale}",
    "isthmus mapping preview erp order S17": "mapping preview erp order {sale}",
    "isthmus run show --writes": "run show 1 --writes",
    "isthmus binding show": "binding show {binding}",
    "isthmus reconcile erp": "reconcile erp",
    "isthmus pause --all": "pause --all",
}
"""What a page shows → what is typed: examples of ids and numbers are replaced by real ones, questions are answered by
options, and a command that is named alone gets what it needs."""
RUNNING = {
    "isthmus up": "up --port 0",
    "isthmus serve": "serve --port 0",
    "isthmus worker": "worker --port 0",
    "isthmus scheduler": "scheduler --port 0",
    "isthmus simulate sandbox --port 8080 --seed 7": "simulate sandbox --port 0 --seed 7",
}
"""Commands that go on until they are stopped. They are typed with a free port."""
LAST = "isthmus pause --all"


def shown(*pages: str) -> list[str]:
    """All commands of these pages, each once."""
    return list(dict.fromkeys(command for page in pages for command in list_commands(page, "isthmus")))


def follow(newcomer: Newcomer, commands: list[str]) -> dict[str, str]:
    """Type them in the order of the page, with what the story needs between them; what each printed."""
    said: dict[str, str] = {}
    for command in sorted(commands, key=lambda command: command == LAST):
        if command in RUNNING:
            continue
        prepare(newcomer, command)
        said[command] = newcomer.type(RECIPES[command])
    return said


def prepare(newcomer: Newcomer, command: str) -> None:
    """What a person has done at this place of the story."""
    if command == "isthmus sync plan erp":
        for kind in ("product", "order"):  # "then product, order: one sync for each kind"
            newcomer.ask("sync", "add", "erp", kind)
        newcomer.ask("record", "create", "account", "--set", "name=Visitor Ltd", "--set", "number=V-1")
        made = newcomer.ask("record", "create", "order", "--set", "account_id=V-1", "--set", f"lines={LINES}")
        newcomer.words["order"] = made["item"]["number"]
    elif command == "isthmus sync run erp --accept 82ac":
        newcomer.words["plan"] = newcomer.ask("sync", "plan", "erp")["item"]["plan"]["label"]
    elif "{remap}" in RECIPES[command]:
        newcomer.words["remap"] = newcomer.ask("remap", "account")["item"]["remap"]["label"]
    elif "{remote}" in RECIPES[command] or "{sale}" in RECIPES[command] or "{binding}" in RECIPES[command]:
        rows = newcomer.ask("binding", "list", "--connection", "erp")["items"]
        newcomer.words["binding"] = rows[0]["id"]
        newcomer.words["remote"] = next(
            row["remote_id"] for row in rows if row["kind"] == "account" and row["remote_id"]
        )
        newcomer.words["sale"] = next((row["remote_id"] for row in rows if row["kind"] == "order"), None) or "-"


def get(url: str, **headers: str) -> httpx.Response:
    """An answer that is fine."""
    answer = httpx.get(url, headers=headers, timeout=30, trust_env=False)
    assert answer.status_code == 200
    return answer


def test_every_command_has_a_recipe_and_every_recipe_a_command():
    found = set(shown(*PAGES))
    assert found - RECIPES.keys() - RUNNING.keys() == set(), "a page shows a command that nobody tests"
    assert RECIPES.keys() | RUNNING.keys() == found, "a recipe belongs to no page any more"


def test_the_pages_are_read():
    assert list_commands("README.md", "isthmus")[:2] == [
        "isthmus init",
        "isthmus connection add erp --connector tryton",
    ]
    assert "make quick" in list_commands("docs/development.md", "make")
    assert "isthmus mapping lint" in list_commands("docs/mapping.md", "isthmus")


@pytest.mark.slow
@pytest.mark.timeout(900)  # some fifty programs, one after the other
def test_the_commands_work_beside_a_sandbox(visitor: Newcomer):
    said = follow(visitor, shown(*PAGES))
    assert "Run 1" in said["isthmus sync run erp --accept 82ac"]
    assert "customer" in said["isthmus mapping explain erp order S17"]
    assert visitor.words["order"] in said["isthmus trace SO-0042"]
    assert (visitor.folder / ".isthmus" / "isthmus.toml").exists(), "~/.isthmus, as the page says"


@pytest.mark.slow
@pytest.mark.servers
def test_the_readme_works_beside_a_real_tryton(tryton_visitor: Newcomer):
    said = follow(tryton_visitor, shown("README.md", "docs/connectors/tryton.md"))
    assert tryton_visitor.words["order"] in said["isthmus trace SO-0042"]


@pytest.mark.slow
def test_the_hub_runs_and_stops(visitor: Newcomer):
    visitor.type("init")
    with visitor.running(RUNNING["isthmus up"]) as (url, _):
        assert get(f"{url}/healthz").text == "ok\n"
        assert 'lang="zh"' in get(f"{url}/?lang=zh").text
    assert f"http://127.0.0.1:{DEFAULT_PORT}" in read_page("README.md")


@pytest.mark.slow
@pytest.mark.parametrize("part", ["serve", "worker", "scheduler"])
def test_each_part_runs_by_itself_and_stops(visitor: Newcomer, part: str):
    visitor.type("init")
    with visitor.running(RUNNING[f"isthmus {part}"]) as (url, _):
        assert get(f"{url}/healthz").text == "ok\n"


@pytest.mark.slow
def test_the_simulator_runs_and_stops(visitor: Newcomer):
    with visitor.running(RUNNING["isthmus simulate sandbox --port 8080 --seed 7"]) as (url, said):
        token = re.search(r'"token": "([^"]+)"', said)
        assert token, "it prints the token for `isthmus connection add`"
        listed = get(f"{url}/api/partner/ids", Authorization=f"Bearer {token[1]}").json()
        assert len(listed["ids"]) == 40, "40 customers, as the page says"


@pytest.mark.parametrize(("english", "chinese"), TRANSLATED)
def test_both_languages_show_the_same_commands(english: str, chinese: str):
    for program in ("isthmus", "make"):
        assert list_commands(english, program) == list_commands(chinese, program)
    bare = [re.sub("<[^>]*>", "<>", line) for line in list_story(english)]
    assert bare == [re.sub("<[^>]*>", "<>", line) for line in list_story(chinese)]
    assert {text for text in list_mentions(english) if "--" in text} == {
        text for text in list_mentions(chinese) if "--" in text
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_exists(page: str):
    targets = set(re.findall(r"^([a-z]+):", read_page("Makefile"), re.MULTILINE))
    assert {command.split()[1] for command in list_commands(page, "make")} <= targets
