"""Why a record is as it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from hub.commands.output import shorten, show_cell, to_json
from hub.commands.session import Session, answering

WIDTH = 48


def explain(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="account, contact, product, order…")],
    which: Annotated[str, typer.Argument(help="Number, name, id or the beginning of one.")],
    name: Annotated[str | None, typer.Argument(metavar="[FIELD]", help="One field, with every step.")] = None,
) -> None:
    """Explain each value of a record: who says so, the rule that made it, what others say, who changed it."""
    with answering(ctx, "explain") as session:
        from hub.sync.explain import explain_record
        from hub.sync.records import find_record

        record = find_record(session.hub, kind, which)
        stories = explain_record(session.hub, kind, record.id, name)
        session.item({"kind": kind, "id": record.id, "fields": [_to_json(session, story) for story in stories]})
        if name is None:
            print_stories(session, stories)
        for story in stories if name is not None else ():
            print_story(session, story)


def _to_json(session: Session, story: Any) -> dict[str, Any]:
    from dataclasses import asdict

    told: dict[str, Any] = to_json(asdict(story))
    told["won_text"] = session.text(f"sync.won_{story.won}")
    for other in told["others"]:
        other["lost_text"] = session.text(other["lost"], source=story.source)
    return told


def print_stories(session: Session, stories: Any) -> None:
    """A line for each field that holds anything or that anybody claims."""
    told = [story for story in stories if story.origin or story.value not in (None, "", (), [], {})]
    columns = ("field", "value", "source", "rule", "others", "changed_at", "actor")
    session.table(columns, [_row(session, story) for story in told])


def _row(session: Session, story: Any) -> list[object]:
    last = story.last_change
    return [
        story.field,
        shorten(story.value, WIDTH),
        _name_source(session, story.source),
        _name_rules(story.steps) or story.origin,
        "; ".join(f"{other.source}: {shorten(other.value)}" for other in story.others),
        show_cell(last.at) if last else "",
        last.actor if last else "",
    ]


def _name_source(session: Session, source: str) -> str:
    return session.text("cli.source_rule") if source == "rule" else source


def _name_rules(steps: Any) -> str:
    return ", ".join(dict.fromkeys(f"{step.file}:{step.line}" for step in steps))


def print_story(session: Session, story: Any) -> None:
    """One field: what holds and why, each step that made it, and what lost."""
    last = story.last_change
    facts: list[tuple[str, object]] = [
        ("value", shorten(story.value, 200)),
        ("source", _name_source(session, story.source)),
        ("rule", story.origin),
        ("why", session.text(f"sync.won_{story.won}") if story.source != "rule" else session.text("cli.source_rule")),
        ("version", story.version),
        ("changed_at", _show_time(story.changed_at)),
        ("actor", f"{show_cell(last.at)} {last.actor}: {shorten(last.old)} → {shorten(last.new)}" if last else None),
    ]
    session.write(story.field)
    session.facts([(session.text(f"cli.head_{label}"), value) for label, value in facts])
    if story.outdated:
        session.say("cli.explain_outdated", version=story.mapping_version)
    if story.steps:
        session.write()
        session.table(
            ["field", "from", "raw", "code", "value", "rule"],
            [
                (step.field, f"{step.file}:{step.line}", shorten(step.raw), _name_table(session, step),
                 shorten(step.value), step.rule)
                for step in story.steps
            ],
        )  # fmt: skip
    if story.others:
        session.write()
        session.say("cli.explain_others")
        rows = [
            (
                other.source, shorten(other.value, WIDTH), _show_time(other.changed_at),
                session.text(other.lost, source=story.source),
            )
            for other in story.others
        ]  # fmt: skip
        session.table(["source", "value", "changed_at", "why"], rows)


def _show_time(told: str | None) -> str:
    """An instant as the other tables show it."""
    return show_cell(datetime.fromisoformat(told)) if told else ""


def _name_table(session: Session, step: Any) -> str:
    """The code table, and who knows the code."""
    return "" if step.table is None else session.text(f"cli.code_from_{step.code_from}", table=step.table)


COMMANDS = {"explain": explain}
