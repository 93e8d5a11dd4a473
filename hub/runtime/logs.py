"""Log lines: one JSON object each, on stderr, without the secrets of this process."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from hub.errors import IsthmusError, conceal

LOGGER = logging.getLogger("isthmus")


class JsonLines(logging.Formatter):
    """``{"at": …, "level": …, "event": …, …}``; a traceback goes into ``error``."""

    def format(self, record: logging.LogRecord) -> str:
        row: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            row["error"] = self.formatException(record.exc_info)
        return conceal(json.dumps(row, ensure_ascii=False, default=str))


def set_up_logs(level: int = logging.INFO) -> None:
    """Send every log line of the process to stderr; setting up twice changes nothing."""
    root = logging.getLogger()
    if any(isinstance(handler.formatter, JsonLines) for handler in root.handlers):
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root.addHandler(handler)
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "alembic", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def write_log(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """One line; ``fields`` become keys of the object."""
    LOGGER.log(level, event, extra={"fields": fields})


@contextmanager
def outlive(event: str, **fields: Any) -> Iterator[None]:
    """For what must go on whatever becomes of one turn: an error is logged, one that nobody foresaw (a driver whose
    server is away, a mistake) with its traceback."""
    try:
        yield
    except IsthmusError as error:
        write_log(f"{event}.refused", code=error.code, words=error.text(), **fields)
    except Exception:  # no more can be known of it than that the next turn may well succeed
        write_failure(f"{event}.failed", **fields)


def write_failure(event: str, **fields: object) -> None:
    """One line with the traceback of the error that is being handled."""
    LOGGER.error(event, exc_info=sys.exception(), extra={"fields": fields})
