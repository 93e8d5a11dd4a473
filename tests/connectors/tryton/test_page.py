"""The connector's page, in both languages, names every setting, stream, module and group."""

from __future__ import annotations

import pytest

from connectors.tryton.checks import MODULES, RIGHTS
from connectors.tryton.config import TrytonConfig
from connectors.tryton.sinks import PREPARE_LIMIT_S
from connectors.tryton.streams import PartyStream, ProductStream, SaleStream
from tests.house.source import ROOT

PAGES = [ROOT / "docs" / "connectors" / name for name in ("tryton.md", "tryton.zh.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_page_names_everything(page):
    text = page.read_text(encoding="utf-8")
    streams = [stream.name for stream in (PartyStream, ProductStream, SaleStream)]
    groups = {group for group, _ in RIGHTS.values() if group}
    missing = [name for name in (*TrytonConfig.model_fields, *streams, *MODULES, *groups) if f"`{name}`" not in text]
    assert missing == []
    assert f"{PREPARE_LIMIT_S:g} " in text


def test_every_setting_is_asked_for_in_both_languages():
    for name, field in TrytonConfig.model_fields.items():
        assert field.description, name
        assert field.json_schema_extra["zh"], name  # type: ignore[index]  # a plain table in our configs
