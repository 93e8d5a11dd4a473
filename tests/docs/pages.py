"""The commands that a page shows: lines of fenced blocks, and code inside a sentence."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TYPED = ("", "sh", "console")
"""Blocks that hold what is typed."""
INLINE = re.compile(r"`([^`\n]+)`")
REMARK = re.compile(r"\s+#.*$|\s{3,}.*$")
"""What stands behind a command: ``# a remark``, or a column of prose."""


def read_page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def list_story(name: str) -> list[str]:
    """Every line of the page's plain blocks, without remarks, in order."""
    lines = [line for form, block in FENCE.findall(read_page(name)) if form in TYPED for line in block.splitlines()]
    return [told for line in lines if (told := REMARK.sub("", line).strip())]


def list_mentions(name: str) -> list[str]:
    """Code inside sentences."""
    return INLINE.findall(FENCE.sub("", read_page(name)))


def list_commands(name: str, program: str) -> list[str]:
    """What the page shows of one program, in blocks (also behind ``&&``) and in sentences, each once."""
    shown = [part.strip() for line in [*list_story(name), *list_mentions(name)] for part in line.split("&&")]
    found = [re.sub(r"^[A-Z]+=\S+ ", "", text) for text in shown]
    return list(dict.fromkeys(text for text in found if re.match(rf"{program}\s", text)))
