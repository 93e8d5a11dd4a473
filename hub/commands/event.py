"""Calls that other systems made to this hub (webhooks): what came, what became of it, and reading it once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.commands.session import Session, answering
from hub.errors import ConfigInvalid

if TYPE_CHECKING:
    from hub.sync.events import EventFilter
    from hub.sync.newcomers import Newcomer

Which = Annotated[str, typer.Argument(help="An event's id, the beginning of it, or the sender's own id.")]
Connection = Annotated[str | None, typer.Option(help="Only this connection.")]
State = Annotated[str | None, typer.Option(help="Only this state: new, done, unfit, dead or dropped.")]
Since = Annotated[str | None, typer.Option(help="Only what came then or later: 2026-11-01, or 2h, 7d: so long ago.")]
Until = Annotated[str | None, typer.Option(help="Only what came before: 2026-11-01, or 2h, 7d: so long ago.")]
COLUMNS = ("id", "at", "connection", "key", "state", "what")
MOST_SHOWN = 2_000


def show_list(
    ctx: typer.Context,
    connection: Connection = None,
    state: State = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Only the newest so many.")] = 50,
) -> None:
    """List the events that came, the newest first: what became of each, or why it waits."""
    with answering(ctx, "event.list") as session:
        from hub.sync.events import list_events

        found = list_events(session.hub, choose(session, connection, state, since, until), limit)
        rows = [describe(session, event) for event in found]
        session.items(rows)
        session.table(
            COLUMNS,
            [
                (event.id, event.received_at, event.connection, event.key, event.state, row["text"])
                for event, row in zip(found, rows, strict=True)
            ],
        )


def choose(
    session: Session, connection: str | None, state: str | None, since: str | None, until: str | None
) -> EventFilter:
    """The filter that the options make."""
    from hub.commands.todo import read_since
    from hub.sync.events import EventFilter

    if connection is not None:
        session.hub.settings_of(connection)
    times = [read_since(session, text) if text is not None else None for text in (since, until)]
    return EventFilter(connection, state, *times)


def describe(session: Session, event: Any) -> dict[str, Any]:
    """An event as programs read it: all but its body, which ``show`` has."""
    from hub.sync.newcomers import list_of_event

    fields = event.model_dump(exclude={"body", "headers"})
    alike = list_of_event(session.hub, event)
    return {**fields, "size": len(event.body), "text": tell(session, event, alike), "alike": alike}


def tell(session: Session, event: Any, alike: Sequence[Newcomer] = ()) -> str:
    """What became of it, or why it waits; and whom a customer or contact that it brought could be."""
    if event.code is not None:
        return session.text(event.code, **event.params)
    told = [f"{row['kind']} {row['external_id']}: {row['outcome']}" for row in event.outcomes]
    phrases = [newcomer.tell() for newcomer in alike]
    return "; ".join([*told, *(session.text(phrase.code, **phrase.params) for phrase in phrases)])


def show(ctx: typer.Context, which: Which) -> None:
    """Show one event: the call as it came, what became of it, and why it waits."""
    with answering(ctx, "event.show") as session:
        from hub.sync.events import find_event

        event = find_event(session.hub, which)
        body = event.body.decode("utf-8", "replace")
        described = describe(session, event)
        session.item({**described, "headers": event.headers, "body": body})
        names = ("id", "connection", "key", "received_at", "state", "attempts", "done_at", "replays", "replayed_by")
        session.facts([(name, getattr(event, name)) for name in names])
        session.write(described["text"])
        for newcomer in described["alike"]:
            session.write(f"→ {newcomer.command}")
        if event.words:
            session.write(f"[{event.words}]")
        session.write()
        session.write(f"{event.method} {event.target}")
        for name, value in sorted(event.headers.items()):
            session.write(f"{name}: {value}")
        session.write()
        session.write(body[:MOST_SHOWN] + (" …" if len(body) > MOST_SHOWN else ""))
        if event.state in ("unfit", "dead", "dropped"):
            session.write()
            session.write(f"→ isthmus event replay {event.id}")


def replay(
    ctx: typer.Context,
    which: Annotated[list[str] | None, typer.Argument(help="Events; or none, and options that choose them.")] = None,
    connection: Connection = None,
    state: State = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
) -> None:
    """Read events once more, as they are kept, by the mapping of today. They are not proved again, and a version that
    is older than what is known stays ignored."""
    with answering(ctx, "event.replay") as session:
        from hub.sync.event_intake import take_events
        from hub.sync.events import EventFilter, find_event, list_events, make_replay

        chosen = choose(session, connection, state, since, until)
        if bool(which) == (chosen != EventFilter()):
            raise ConfigInvalid("sync.event_which")
        found = [find_event(session.hub, text) for text in which or ()]
        if not which:
            found = list_events(session.hub, chosen, limit)[::-1]
        take_events(session.hub, make_replay(session.hub, [event.id for event in found], session.actor), session.actor)
        _tell_replayed(session, [find_event(session.hub, str(event.id)) for event in found])


def _tell_replayed(session: Session, events: Sequence[Any]) -> None:
    """What became of each now; one that still waits makes the exit code 1."""
    from hub.errors import RuleBroken

    rows = [describe(session, event) for event in events]
    session.items(rows)
    session.table(("id", "key", "state", "what"), [(row["id"], row["key"], row["state"], row["text"]) for row in rows])
    left = sum(event.state != "done" for event in events)
    if left:
        session.fail(RuleBroken("sync.events_left", count=left))


def drop(
    ctx: typer.Context,
    which: Which,
    reason: Annotated[str, typer.Option(help="Why; kept with the event.")],
) -> None:
    """Give up an event that cannot be read; a replay takes it back."""
    with answering(ctx, "event.drop") as session:
        from hub.sync.events import drop_event, find_event

        event = find_event(session.hub, which)
        drop_event(session.hub, event, reason, session.actor)
        session.item(describe(session, find_event(session.hub, str(event.id))))
        session.say("sync.event_dropped", key=event.key)


COMMANDS = {"list": show_list, "show": show, "replay": replay, "drop": drop}
