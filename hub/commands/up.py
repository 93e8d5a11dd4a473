"""Run the hub."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.commands.session import answering


def up(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on; the page has no login, so keep it private.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8700,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker threads of this process.")] = 4,
) -> None:
    """Run workers, scheduler and web in one process until it is asked to stop (Ctrl-C, SIGTERM)."""
    with answering(ctx, "up") as session:
        from hub.runtime.up import run_up
        from hub.web.app import make_app

        def ready(url: str) -> None:
            session.note("cli.up_ready", url=url)

        run_up(session.home.require(), make_app, host=host, port=port, workers=workers, ready=ready)
        session.item({"stopped": True})
        session.note("cli.up_stopped")


COMMANDS = {"up": up}
