"""The line of a partner's remark that says of which other one it is part. Every other line is people's."""

from __future__ import annotations

import re

_LINE = re.compile(r"isthmus: now part of (\S+) / 已并入 \1", re.IGNORECASE)


def read_remark(remark: object) -> str | None:
    """The id that the line names, if there is one."""
    found = next((match for line in str(remark or "").splitlines() if (match := _LINE.fullmatch(line.strip()))), None)
    return found[1] if found else None


def write_remark(remark: object, into: str | None) -> str:
    """The remark with that line, or without."""
    lines = [line for line in str(remark or "").splitlines() if not _LINE.fullmatch(line.strip())]
    return "\n".join([*lines, *([f"isthmus: now part of {into} / 已并入 {into}"] if into is not None else [])])
