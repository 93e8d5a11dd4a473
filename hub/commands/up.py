"""Run the hub: all of it in one process, or each part in its own."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.commands.session import answering

Host = Annotated[str, typer.Option(help="Address to listen on; the page has no login, so keep it private.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")]
HealthPort = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Answer /healthz, /readyz and /metrics here; left out, nowhere.")
]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Worker threads of this process.")]


def up(ctx: typer.Context, host: Host = "127.0.0.1", port: Port = 8700, workers: Workers = 4) -> None:
    """Run workers, scheduler and web in one process until it is asked to stop (Ctrl-C, SIGTERM)."""
    _run(ctx, "up", ("web", "worker", "scheduler"), host, port, workers)


def serve(ctx: typer.Context, host: Host = "127.0.0.1", port: Port = 8700) -> None:
    """Run the web only: the page, webhooks, health and metrics. The work is done by other processes."""
    _run(ctx, "serve", ("web",), host, port)


def worker(ctx: typer.Context, workers: Workers = 4, host: Host = "127.0.0.1", port: HealthPort = None) -> None:
    """Run workers only, as many processes on as many machines as you like. They need the database's address, the
    broker's, and the master key; what there is to do is read from the database."""
    _run(ctx, "worker", ("worker",), host, port, workers)


def scheduler(ctx: typer.Context, host: Host = "127.0.0.1", port: HealthPort = None) -> None:
    """Run a scheduler only. One of them calls what is due; a second one stands by and takes over."""
    _run(ctx, "scheduler", ("scheduler",), host, port)


def _run(ctx: typer.Context, name: str, parts: tuple[str, ...], host: str, port: int | None, workers: int = 4) -> None:
    with answering(ctx, name) as session:
        from hub.runtime.up import run_up
        from hub.web.app import make_app

        def ready(url: str) -> None:
            if not url:
                session.note("cli.worker_ready" if "worker" in parts else "cli.scheduler_ready")
            else:
                session.note("cli.up_ready" if "web" in parts else "cli.health_ready", url=url)

        run_up(
            session.home, make_app, host=host, port=port, workers=workers, parts=frozenset(parts), ready=ready
        )  # fmt: skip
        session.item({"stopped": True})
        session.note("cli.up_stopped")


COMMANDS = {"up": up, "serve": serve, "worker": worker, "scheduler": scheduler}
