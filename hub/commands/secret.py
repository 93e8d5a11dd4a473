"""Secrets that are kept encrypted in the database of this home."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.commands.session import answering, ask_secret


def put(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The NAME of a secret:NAME reference, such as erp.password.")],
    source: Annotated[str | None, typer.Option("--from", help="env:NAME or file:PATH; else you are asked.")] = None,
) -> None:
    """Keep a secret, or replace it. It is asked for without being shown, and never printed again."""
    with answering(ctx, "secret.set") as session:
        from hub.errors import ConfigInvalid

        if source is not None and not source.startswith(("env:", "file:")):
            raise ConfigInvalid("cli.secret_source", source="…")
        value = session.vault.resolve(source) if source else ask_secret(session.text("cli.secret_question", name=name))
        reference = session.vault.put(name, value, session.actor)
        session.item({"name": name, "reference": reference})
        session.say("cli.secret_kept", reference=reference)


def show_list(ctx: typer.Context) -> None:
    """List the names of the secrets, never their values."""
    with answering(ctx, "secret.list") as session:
        names = session.vault.names()
        session.items([{"name": name} for name in names])
        session.table(["name"], [(name,) for name in names])


COMMANDS = {"set": put, "list": show_list}
