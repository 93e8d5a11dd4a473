from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from hub.errors import keep_secret
from hub.runtime.logs import LOGGER, JsonLines, write_failure, write_log

SECRET = "canary-e3b0c44298fc1c149afbf4c8996fb924"  # pragma: allowlist secret


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Every line of our logger, formatted."""
    written: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(JsonLines().format(record))

    keeper = Keeper()
    LOGGER.addHandler(keeper)
    LOGGER.setLevel(logging.INFO)
    yield written
    LOGGER.removeHandler(keeper)


def test_a_line_is_one_object_with_its_fields(lines: list[str]):
    write_log("run.ended", run=3, connection="企业")
    row = json.loads(lines[0])
    assert (row["event"], row["run"], row["connection"], row["level"]) == ("run.ended", 3, "企业", "info")
    assert row["at"].endswith("+00:00")


def test_no_line_shows_a_secret_not_even_a_traceback(lines: list[str]):
    keep_secret(SECRET)
    write_log("call", words=f"refused {SECRET}", nested={"header": SECRET})
    try:
        raise ValueError(f"bad token {SECRET}")
    except ValueError:
        write_failure("broken", token=SECRET)
    assert SECRET not in "".join(lines)
    assert "ValueError" in json.loads(lines[1])["error"]
