"""The connector's page tells the truth: its commands run beside the simulator, and it names every setting."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.kingdee.config import KingdeeConfig
from connectors.kingdee.shapes import SHAPES
from connectors.kingdee.simulator import simulator
from tests.docs.newcomer import Newcomer
from tests.docs.pages import list_commands, list_story, read_page

PAGE, CHINESE = "docs/connectors/kingdee.md", "docs/connectors/kingdee.zh.md"
SETTINGS = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_page_works_as_it_stands(tmp_path: Path):
    started = simulator().start(0, 3, {}, {"customers": "4", "materials": "2", "orders": "4", "invoices": "1"})
    try:
        secret = tmp_path / "secret.txt"
        secret.write_text(started.credentials["app_secret"], encoding="utf-8")
        answers = {**started.credentials, "app_secret": f"file:{secret}"}
        words = [word for name, value in answers.items() for word in ("--set", f"{name}={value}")]
        visitor = Newcomer(tmp_path, words, "kingdee")
        visitor.type("init")
        visitor.type("connection add erp --connector kingdee ANSWERS")
        said = {}
        for command in list_story(PAGE):
            typed = command.removeprefix("isthmus ")
            if typed == "connection check":
                typed = "connection check erp"
            elif typed == "connection probe erp":
                visitor.type("sync add erp product")
                visitor.type("sync add erp account")
                typed = "connection probe erp --yes"
            elif typed == "sync add erp account":
                typed = "sync add erp order"
            elif typed == "sync adopt":
                typed = "sync adopt erp"
            elif "82ac" in typed:
                typed = typed.replace("82ac", visitor.ask("sync", "plan", "erp")["item"]["plan"]["label"])
            said[command] = visitor.type(typed)
        assert "海岳精密" in said["isthmus connection check"]
        assert "does what is declared" in said["isthmus connection probe erp"]
        assert len(visitor.ask("record", "list", "order")["items"]) == 4
        assert visitor.ask("codes", "missing", "erp")["items"] == [], "every code of theirs can be told"
    finally:
        started.stop()


def test_both_languages_show_the_same():
    assert list_commands(PAGE, "isthmus") == list_commands(CHINESE, "isthmus")
    for page in (PAGE, CHINESE):
        assert SETTINGS.findall(read_page(page))[: len(KingdeeConfig.model_fields)] == list(KingdeeConfig.model_fields)
        assert {shape.form for shape in SHAPES} <= set(re.findall(r"`(\w+)`", read_page(page)))
