"""The status page: what waits for a person, how each sync stands, what ran. It only reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

from hub.locale import render
from hub.model.money import format_money
from hub.sync.context import Hub
from hub.sync.pause import is_paused
from hub.sync.run import list_runs
from hub.sync.status import list_syncs
from hub.sync.todo import list_todo

PAGE = Template((Path(__file__).parent / "status.html").read_text(encoding="utf-8"))
SHOWN = 50
RUNS = 15
Cell = tuple[str, str]
"""HTML of a cell and its class."""


def render_status(hub: Hub, lang: str) -> str:
    """The page as HTML; every value is escaped, for much of it comes from other systems."""
    page = _Page(hub, lang)
    return PAGE.substitute(
        lang=lang,
        title=escape(f"Isthmus · {hub.config.organisation.name}"),
        made_at=escape(page.show_time(hub.now())),
        notices=page.notices(),
        todo_title=page.word("todo_title"),
        todo=page.todo(),
        syncs_title=page.word("syncs_title"),
        syncs=page.syncs(),
        runs_title=page.word("runs_title"),
        runs=page.runs(),
    )


class _Page:
    def __init__(self, hub: Hub, lang: str) -> None:
        self._hub = hub
        self._lang = lang
        self._zone = ZoneInfo(hub.config.organisation.zone)

    def text(self, code: str, **params: object) -> str:
        return escape(render(code, self._lang, **params))

    def word(self, name: str, **params: object) -> str:
        return self.text(f"web.{name}", **params)

    def alarm(self, code: str) -> str:
        return self.word(f"alarm_{code.partition('.')[2]}")

    def show_time(self, at: datetime | None) -> str:
        return "" if at is None else at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")

    def notices(self) -> str:
        if is_paused(self._hub):
            return f'<p class="alarm">{self.word("all_paused")}</p>'
        return ""

    def todo(self) -> str:
        items = [item for item in list_todo(self._hub) if not item.informational]
        rows = [
            [
                plain(item.connection),
                plain(item.kind),
                plain(item.number or item.remote_id),
                right(format_money(item.amount, item.currency) if item.amount is not None and item.currency else ""),
                plain(item.text(self._lang)),
                (f"<code>{escape(item.command)}</code>", ""),
            ]
            for item in items[:SHOWN]
        ]
        more = f'<p class="quiet">{self.word("more", count=len(items) - SHOWN)}</p>' if len(items) > SHOWN else ""
        return self.table(["connection", "kind", "number", "amount", "why", "command"], rows, "todo_none") + more

    def syncs(self) -> str:
        rows = [
            [
                plain(row.connection),
                plain(row.kind),
                plain(row.direction),
                plain(row.confirm),
                (self.word("yes" if row.accepted else "no"), "" if row.accepted else "quiet"),
                (", ".join([*([self.word("paused")] if row.paused else []), *map(self.alarm, row.alarms)]), "alarm"),
                plain(self.show_time(row.last_run_at)),
                plain(self.show_time(row.next_due)),
                right(row.due_count),
                right(row.waiting_count),
            ]
            for row in list_syncs(self._hub)
        ]
        heads = [
            "connection",
            "kind",
            "direction",
            "confirm",
            "accepted",
            "state",
            "last_run",
            "next_run",
            "due",
            "waiting",
        ]
        return self.table(heads, rows, "syncs_none")

    def runs(self) -> str:
        rows = [
            [
                right(run.number),
                plain(run.connection),
                plain(", ".join(run.kinds)),
                (self.word(f"run_{run.state}"), "alarm" if run.state in ("failed", "stopped") else ""),
                plain(self.show_time(run.started_at)),
                plain(self.show_time(run.ended_at)),
                (self.text(run.error_code, **run.error_params) if run.error_code else "", ""),
            ]
            for run in list_runs(self._hub, RUNS)
        ]
        return self.table(["run", "connection", "kinds", "state", "started", "ended", "error"], rows, "runs_none")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[Cell]], empty: str) -> str:
        if not rows:
            return f'<p class="quiet">{self.word(empty)}</p>'
        head = "".join(f"<th>{self.word(f'head_{name}')}</th>" for name in heads)
        body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: Cell) -> str:
    content, css = cell
    return f'<td class="{css}">{content}</td>' if css else f"<td>{content}</td>"


def plain(value: Any) -> Cell:
    """A value as text."""
    return ("" if value is None else escape(str(value)), "")


def right(value: Any) -> Cell:
    """A number or an amount."""
    return (escape(str(value)), "right")
