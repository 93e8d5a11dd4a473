"""The sealed journal: has anybody changed what is written there."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.commands.session import answering


def verify(
    ctx: typer.Context,
    head: Annotated[str | None, typer.Option(help="A head that was kept elsewhere: NUMBER:DIGEST.")] = None,
) -> None:
    """Look at every entry of the journal and say what is not as it was sealed."""
    with answering(ctx, "audit.verify") as session:
        from hub.errors import RuleBroken
        from hub.sync.audit import parse_head, verify_journal

        found = verify_journal(session.store, parse_head(head) if head is not None else None)
        session.item({**vars(found), "valid": not found.findings})
        for finding in found.findings[:SHOWN]:
            session.say(f"audit.found_{finding.what}", entry=finding.entry, block=finding.block)
        if found.findings:
            raise RuleBroken("audit.invalid", count=len(found.findings))
        session.say(
            "audit.valid", entries=found.entries, blocks=found.head.number, erased=found.erased, unsealed=found.unsealed
        )


SHOWN = 100
"""Findings that are told one by one; --json has them all."""


def show_head(ctx: typer.Context) -> None:
    """The end of the chain, to be kept where this hub cannot write; audit verify --head takes it."""
    with answering(ctx, "audit.head") as session:
        from hub.sync.audit import read_head

        with session.store.read() as tx:
            found = read_head(tx)
        session.item({**vars(found), "head": str(found)})
        session.say("audit.head_told", head=found)


def seal(
    ctx: typer.Context,
    late: Annotated[bool, typer.Option("--late", help="Also old entries that are in no block.")] = False,
) -> None:
    """Seal what is older than two minutes; the scheduler does it by itself."""
    with answering(ctx, "audit.seal") as session:
        from hub.runtime.clock import SystemClock
        from hub.sync.audit import read_head, seal_journal, seal_late

        now = SystemClock().now()
        rows = seal_journal(session.store, now, session.hub.random.randbytes)
        rows += seal_late(session.store, now, session.hub.random.randbytes) if late else 0
        with session.store.read() as tx:
            found = read_head(tx)
        session.item({"rows": rows, "head": str(found)})
        session.say("audit.sealed", rows=rows, head=found)


COMMANDS = {"verify": verify, "head": show_head, "seal": seal}
