from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.testkit.tryton import RunningTryton
from tests.commands.stage import TOKEN, running_erp
from tests.docs.newcomer import Newcomer


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Newcomer]:
    """A newcomer beside a sandbox ERP."""
    (tmp_path / "secret.txt").write_text(TOKEN, encoding="utf-8")
    with running_erp() as erp:
        customer = erp.make_customer("海岳精密机械有限公司")
        line = {"text": "轴承", "quantity": "3", "price": "12.50", "tax_percent": "13"}
        erp.wang.create("sale", customer=customer["id"], lines=[line])
        yield Newcomer(tmp_path, _answer(tmp_path, url=erp.url, token="file"), "sandbox")


@pytest.fixture
def tryton_visitor(tmp_path: Path, tryton: RunningTryton) -> Newcomer:
    """The same beside a real Tryton."""
    (tmp_path / "secret.txt").write_text(tryton.password, encoding="utf-8")
    answers = _answer(tmp_path, url=tryton.url, database=tryton.database, login=tryton.login, password="file")
    return Newcomer(tmp_path, answers, "tryton")


def _answer(folder: Path, **settings: str) -> list[str]:
    """``--set`` for each; the one that says ``file`` is a secret in a file."""
    given = {name: f"file:{folder}/secret.txt" if value == "file" else value for name, value in settings.items()}
    return [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
