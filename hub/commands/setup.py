"""Make a home, and put its configuration into force."""

from __future__ import annotations

import typer

from hub.commands.session import answering


def init(ctx: typer.Context) -> None:
    """Make the home folder: a commented isthmus.toml, the master key, the database. What exists is left alone."""
    with answering(ctx, "init") as session:
        from hub.runtime.clock import SystemClock
        from hub.runtime.home import make_home
        from hub.runtime.publish import publish
        from hub.runtime.secrets import make_key

        made = make_home(session.home)
        key = make_key(session.home)
        if key is not None:
            made.append(key)
        published = publish(session.home, session.open_store(create=True), SystemClock(), session.actor)
        session.item({"home": session.home.folder, "made": made, "version": published.number})
        for path in made:
            session.say("cli.made", path=path)
        session.say("cli.home_ready", home=session.home.folder)


def apply(ctx: typer.Context) -> None:
    """Check isthmus.toml and the mapping files, and publish them as a numbered version."""
    with answering(ctx, "apply") as session:
        from hub.runtime.assemble import read_config
        from hub.runtime.clock import SystemClock
        from hub.runtime.publish import publish

        with session.store.read() as tx:
            before = read_config(tx).connections
        published = publish(session.home, session.store, SystemClock(), session.actor)
        session.item(published)
        session.say("cli.published" if published.changed else "cli.unchanged", number=published.number)
        for name in published.unchecked:
            session.note("cli.unchecked", connection=name)
        with session.store.read() as tx:
            after = read_config(tx).connections
        for name in before:
            if name not in after:  # somebody may have emptied the file by accident
                session.note("cli.connection_gone", connection=name)


COMMANDS = {"init": init, "apply": apply}
