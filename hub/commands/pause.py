"""Stop and go on."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.commands.session import answering
from hub.errors import ConfigInvalid

Name = Annotated[str | None, typer.Argument(help="One connection.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]


def pause(ctx: typer.Context, name: Name = None, everything: All = False) -> None:
    """Stop everything that this hub does to other systems, or one connection; nothing is lost."""
    with answering(ctx, "pause") as session:
        from hub.sync.pause import pause_all, pause_connection

        _check_choice(name, everything)
        if name is None:
            pause_all(session.hub, session.actor)
        else:
            session.hub.settings_of(name)
            pause_connection(session.hub, name, session.actor)
        session.item({"connection": name, "paused": True})
        session.say("cli.all_paused") if name is None else session.say("cli.connection_paused", connection=name)


def resume(ctx: typer.Context, name: Name = None, everything: All = False) -> None:
    """Go on after `isthmus pause`; connections that were paused one by one stay so."""
    with answering(ctx, "resume") as session:
        from hub.sync.pause import resume_all, resume_connection

        _check_choice(name, everything)
        if name is None:
            resume_all(session.hub, session.actor)
        else:
            session.hub.settings_of(name)
            resume_connection(session.hub, name, session.actor)
        session.item({"connection": name, "paused": False})
        session.say("cli.all_resumed") if name is None else session.say("cli.connection_resumed", connection=name)


def _check_choice(name: str | None, everything: bool) -> None:
    if (name is None) != everything:
        raise ConfigInvalid("cli.one_or_all")


COMMANDS = {"pause": pause, "resume": resume}
