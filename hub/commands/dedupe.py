"""Who is in a list more than once, without a hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.commands.output import showing_progress
from hub.commands.session import answering
from hub.errors import ConfigInvalid

if TYPE_CHECKING:
    from hub.commands.session import Session
    from hub.sync.dedupe.workers import Crew


def dedupe(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(help="The list: .csv, .xlsx, .jsonl or .parquet.")],
    kind: Annotated[str, typer.Option(help="What the rows are: account (companies) or contact (persons).")],
    out: Annotated[Path, typer.Option(help="Where every row goes, with record_id, cluster_id, band and relation.")],
    review: Annotated[Path | None, typer.Option(help="The pairs that a person should see, as CSV.")] = None,
    auto_only: Annotated[bool, typer.Option("--auto-only", help="Leave what a person should see unmerged.")] = False,
    shared: Annotated[
        bool, typer.Option("--shared", help="Let the workers of the home do it: needs a broker, and companies.")
    ] = False,
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="COLUMN=FIELD where a heading says too little; repeat it.")
    ] = None,
) -> None:
    """Find the rows of a list that are the same company or person. Needs no home; the list stays as it is."""
    with answering(ctx, "dedupe") as session:
        from hub.sync.dedupe.run import KINDS, Wanted, dedupe_list

        if kind not in KINDS:
            raise ConfigInvalid("dedupe.kind_unknown", kind=kind, known=", ".join(KINDS))
        wanted = Wanted(source, out, kind, review, auto_only, read_told(columns or []))
        with (
            showing_progress(lambda step: session.text(f"dedupe.step_{step}")) as progress,
            share_work(session, kind) if shared else nullcontext() as crew,
        ):
            result = dedupe_list(wanted, progress, crew)
        session.item({**vars(result), "out": str(out), "review": str(review) if review is not None else None})
        session.say(
            "dedupe.done", rows=result.rows, clusters=result.clusters, auto=result.bands["auto"],
            review=result.bands["review"], single=result.bands["single"], branches=result.branches, out=out,
        )  # fmt: skip
        for field, found in result.columns.items():
            session.say("dedupe.column", field=field, columns=", ".join(found))


@contextmanager
def share_work(session: Session, kind: str) -> Iterator[Crew]:
    """The workers of the home."""
    if kind != "account":
        raise ConfigInvalid("dedupe.shared_accounts", kind=kind)
    if session.home.broker_url is None:
        raise ConfigInvalid("dedupe.no_broker")
    from hub.runtime.actors import declare_actors
    from hub.runtime.broker import open_broker
    from hub.runtime.pool import HubPool
    from hub.sync.dedupe.pieces import make_shared_crew
    from hub.sync.dedupe.run import require_extra

    require_extra()
    with closing(HubPool(session.home)) as pool, pool.lend() as hub:
        actors = declare_actors(open_broker(session.home.broker_url), pool)
        yield make_shared_crew(hub, actors.call_pieces)


def read_told(words: list[str]) -> dict[str, str]:
    """``COLUMN=FIELD``; the last sign of equality parts them, because a heading may hold one."""
    told = {}
    for word in words:
        column, sign, field = word.rpartition("=")
        if not sign or not column:
            raise ConfigInvalid("dedupe.map_broken", value=word)
        told[column] = field.strip()
    return told


COMMANDS = {"dedupe": dedupe}
