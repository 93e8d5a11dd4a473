"""What people would want to be told: what waits for them, runs that failed, streams that went silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.locale import render
from hub.model.money import format_money
from hub.sdk.messages import Message, MessageItem
from hub.store.rows import Run
from hub.sync.context import Hub
from hub.sync.todo import TodoItem, list_todo

TODO, FAILED, SILENCE = "todo", "failed", "silence"
SHOWN = 20
"""So many things a message names; the rest is counted."""


@dataclass(frozen=True)
class Notice:
    """``thing`` keeps its name as long as it is the same thing; ``print`` changes with the reason."""

    thing: str
    about: str
    connection: str
    code: str
    command: str
    params: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""
    number: str = ""
    amount: str = ""
    since: datetime | None = None

    @property
    def print(self) -> str:
        return self.code

    def text(self, lang: str) -> str:
        """Why, in one sentence."""
        return render(self.code, lang, **self.params)


def list_notices(hub: Hub) -> list[Notice]:
    """Everything that could be told now, what weighs most first. Sends nothing."""
    failed = [notice for name in sorted(hub.config.connections) if (notice := _find_failed(hub, name)) is not None]
    waiting = [_about_item(item) for item in list_todo(hub) if not item.informational]
    return [*failed, *waiting]


def _about_item(item: TodoItem) -> Notice:
    money = format_money(item.amount, item.currency) if item.amount is not None and item.currency else ""
    return Notice(
        thing=f"todo:{item.id}", about=SILENCE if item.kind_of_wait == "watch" else TODO, connection=item.connection,
        code=item.code, command=item.command, params=item.params, kind=item.kind,
        number=item.number or item.remote_id or "", amount=money, since=item.since,
    )  # fmt: skip


def _find_failed(hub: Hub, connection: str) -> Notice | None:
    """The newest run of a connection that came to an end, if it came to a bad one."""
    with hub.store.read() as tx:
        newest = tx.find(
            Run, connection=connection, state__in=["done", "failed", "stopped"], order=["-number"], limit=1
        )  # fmt: skip
    if not newest or newest[0].state == "done" or not newest[0].error_code:
        return None
    run = newest[0]
    return Notice(
        thing=f"run:{connection}", about=FAILED, connection=connection, code=run.error_code or "",
        command=f"isthmus run show {run.number}", params=run.error_params, since=run.ended_at,
    )  # fmt: skip


def compose_message(installation: str, notices: Sequence[Notice], lang: str, id: str) -> Message:
    """One digest of all of these."""
    items = [_make_item(notice, lang) for notice in notices[:SHOWN]]
    title = render("sync.notify_title", lang, count=len(notices), installation=installation)
    lines = [title, ""]
    for item in items:
        lines += [_tell_item(item), f"  → {item.command}"]
    if len(items) < len(notices):
        lines += ["", render("sync.notify_more", lang, count=len(notices) - len(items))]
    return Message(id, lang, title, "\n".join(lines), items, len(notices))


def make_test_message(installation: str, lang: str, id: str) -> Message:
    """What ``doctor`` sends when it is asked to."""
    title = render("sync.notify_test", lang, installation=installation)
    return Message(id, lang, title, title)


def _make_item(notice: Notice, lang: str) -> MessageItem:
    since = notice.since.isoformat(timespec="seconds") if notice.since is not None else ""
    return MessageItem(
        about=notice.about, connection=notice.connection, text=notice.text(lang), command=notice.command,
        code=notice.code, kind=notice.kind, number=notice.number, amount=notice.amount, since=since,
    )  # fmt: skip


def _tell_item(item: MessageItem) -> str:
    head = " ".join(part for part in (item.connection, item.kind, item.number, item.amount) if part)
    return f"- {head}: {item.text}"
