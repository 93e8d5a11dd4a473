"""Field mappings: what each rule does, with your own records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.commands.output import shorten
from hub.commands.session import Session, answering
from hub.errors import ConfigInvalid, NotFound
from hub.locale import render, tell_kept

if TYPE_CHECKING:
    from hub.mapping import Context, Problem
    from hub.mapping.suggest import Proposal
    from hub.sync.context import OpenConnection

Connection = Annotated[str, typer.Argument(help="The connection's name.")]
Kind = Annotated[str, typer.Argument(help="account, order…")]
SAMPLES = 300
"""Records, or rows of each file, that a proposal is made from."""
RemoteId = Annotated[str, typer.Argument(help="The record's id there.")]


def show(ctx: typer.Context, connection: Connection, kind: Kind) -> None:
    """Show every rule as it holds after all layers, with the file and line that it comes from."""
    with answering(ctx, "mapping.show") as session:
        from hub.mapping import show_mapping

        mapping = session.hub.open(connection).mapping_of(kind)
        rules = show_mapping(mapping)
        session.item({"kind": kind, "stream": mapping.stream, "version": mapping.version, "rules": rules})
        session.say("cli.mapping_head", kind=kind, stream=mapping.stream, version=mapping.version)
        session.table(
            ["rule", "direction", "owner", "from"],
            [(row.rule, row.direction.value, row.owner.value if row.owner else "", _place(row)) for row in rules],
        )


def explain(ctx: typer.Context, connection: Connection, kind: Kind, remote_id: RemoteId) -> None:
    """Explain one record there value by value: where it stands, which rule reads it, what it becomes."""
    with answering(ctx, "mapping.explain") as session:
        from hub.mapping import explain_mapping

        lang = session.options.lang
        with _open_record(session, connection, kind, remote_id) as (payload, context):
            rows = explain_mapping(session.hub.open(connection).mapping_of(kind), payload, context)
        session.items(
            [{**vars(row), "problem": _describe(session, row.problem) if row.problem else None} for row in rows]
        )
        session.table(
            ["field", "raw", "value", "rule", "from", "problem"],
            [
                (row.field, shorten(tell_kept(row.raw, lang)), shorten(row.value), row.rule, _place(row),
                 row.problem.what(lang) if row.problem else "")
                for row in rows
            ],
        )  # fmt: skip


def preview(
    ctx: typer.Context,
    connection: Connection,
    kind: Kind,
    remote_id: Annotated[str | None, typer.Argument(help="The record's id there; else the first one.")] = None,
) -> None:
    """Show one record there as the hub would see it, and what the hub would write back; writes nothing."""
    with answering(ctx, "mapping.preview") as session:
        import json

        from hub.commands.output import to_json
        from hub.mapping import preview_mapping

        with _open_record(session, connection, kind, remote_id) as (payload, context):
            found = preview_mapping(session.hub.open(connection).mapping_of(kind), payload, context)
        problems = [_describe(session, problem) for problem in found.problems]
        session.item({"values": found.values, "payload": found.payload, "problems": problems, "differs": found.differs})
        for title, value in (("cli.preview_values", found.values), ("cli.preview_payload", found.payload)):
            session.say(title)
            session.write(json.dumps(to_json(value), ensure_ascii=False, indent=2))
        for problem in found.problems:
            session.write(problem.text(session.options.lang))
        if found.differs:
            session.say("cli.preview_differs", fields=", ".join(found.differs))


def lint(
    ctx: typer.Context,
    connections: Annotated[list[str] | None, typer.Argument(help="Connections; else all of them.")] = None,
    file: Annotated[Path | None, typer.Option(help="One mapping file instead, as a whole mapping.")] = None,
) -> None:
    """Judge mappings: every finding names file, line, field, rule and the fix. Errors leave exit code 2."""
    with answering(ctx, "mapping.lint") as session:
        if file is not None:
            problems = _lint_file(file)
        else:
            names = connections or list(session.hub.config.connections)
            problems = [problem for name in names for problem in _lint_connection(session, name)]
        session.items([_describe(session, problem) for problem in problems])
        for problem in problems:
            session.write(f"{session.text(f'cli.severity_{problem.severity}')}: {problem.text(session.options.lang)}")
        errors = sum(problem.severity == "error" for problem in problems)
        session.exit_code = ConfigInvalid.exit_code if errors else 0
        session.say("cli.lint_count", errors=errors, warnings=len(problems) - errors)


def suggest(
    ctx: typer.Context,
    connection: Connection,
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="Only this kind; repeat it.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the mapping files into the home.")] = False,
) -> None:
    """Propose mappings from what the connection shows: headings and values are recognised, each with the reason."""
    with answering(ctx, "mapping.suggest") as session:
        opened = session.hub.open(connection)
        shown = [stream.kind for stream in opened.streams.values()]
        chosen = kinds or [kind for kind in shown if kind not in opened.sinks] or shown
        proposals = [_suggest(session, opened, kind) for kind in chosen]
        session.items([vars(proposal) for proposal in proposals])
        for proposal in proposals:
            _show_proposal(session, proposal)
            if write:
                _write_proposal(session, connection, proposal)
        if proposals and write:
            session.say("cli.suggest_written", connection=connection)
        elif proposals:
            session.say("cli.suggest_next", connection=connection)


def _suggest(session: Session, opened: OpenConnection, kind: str) -> Proposal:
    from hub.mapping.suggest import Source, suggest_mapping

    streams = {stream.kind: stream for stream in opened.streams.values()}
    if kind not in streams:
        raise NotFound("cli.no_stream", connection=opened.name, kind=kind, known=", ".join(streams) or "-")
    stream = streams[kind]
    source = Source(
        stream.name, stream.key_path, stream.rows_path, stream.row_key, tuple(opened.connector.functions()),
        "shared" if kind in opened.sinks else "remote",
        {other.kind: tuple(other.key_columns) for other in streams.values() if other.key_columns},
    )  # fmt: skip
    currency = session.hub.config.organisation.currency
    return suggest_mapping(kind, stream.sample(SAMPLES), source, currency=currency)


def _show_proposal(session: Session, proposal: Proposal) -> None:
    lang = session.options.lang
    session.say("cli.suggest_head", kind=proposal.kind, rows=proposal.rows)
    session.table(
        ["field", "column", "sure", "why"],
        [
            (row.field, row.column or "-", f"{row.confidence} %", render(row.reason.code, lang, **row.reason.params))
            for row in proposal.fields
        ],
    )
    for item in proposal.unknown:
        examples = ", ".join(item.examples)
        session.say("cli.suggest_unknown", column=item.column, type=item.type, filled=item.filled, examples=examples)
    for name in proposal.missing:
        session.say("cli.suggest_missing", kind=proposal.kind, field=name)


def _write_proposal(session: Session, connection: str, proposal: Proposal) -> None:
    """A file that is there already is somebody's work: it is left alone."""
    path = session.home.require().mappings / connection / f"{proposal.kind}.toml"
    if path.exists():
        raise ConfigInvalid("cli.mapping_exists", file=path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(proposal.text, encoding="utf-8")
    session.say("cli.mapping_written", file=path)


def _lint_file(file: Path) -> list[Problem]:
    from hub.mapping import lint_mapping, parse_mapping

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid("cli.file_unreadable", file=file, what=type(error).__name__) from error
    return lint_mapping(parse_mapping(text, file.name), {})


def _lint_connection(session: Session, name: str) -> list[Problem]:
    """What is wrong with the files as they are now, published or not."""
    from hub.mapping import MappingInvalid, lint_mapping
    from hub.runtime.assemble import read_mapping
    from hub.runtime.plugins import find_mapping_files, load_connector
    from hub.runtime.settings import load_config

    opened = session.hub.open(name)
    config = load_config(session.home)
    settings = config.connections.get(name, opened.settings)
    shipped = find_mapping_files(settings.connector, load_connector(settings.connector, session.home))
    found: list[Problem] = []
    for kind in sorted({*shipped, *settings.mappings}):
        try:
            source = read_mapping(settings, shipped, kind)
        except MappingInvalid as error:
            found.extend(error.problems)
            continue
        known = {field.name for field in config.custom_fields if field.kind == kind}
        functions, tables = opened.connector.functions(), set(opened.codes)
        found.extend(lint_mapping(source, functions, kind=kind, code_tables=tables, custom_fields=known))
    return found


@contextmanager
def _open_record(session: Session, connection: str, kind: str, remote_id: str | None) -> Iterator[tuple[Any, Context]]:
    """The payload of one record there, and the context in which the mapping reads it (one snapshot of the hub)."""
    from hub.protocol.binding import Binding
    from hub.sync.kept import read_record
    from hub.sync.translate import make_context

    opened = session.hub.open(connection)
    stream = opened.stream_of(kind)
    opened.load_codes()
    if remote_id is None:
        page = stream.read_page(None, None, 1).records
        record = page[0] if page else None
    else:
        record = read_record(session.hub, opened, kind, remote_id)
    if record is None:
        raise NotFound("cli.no_remote_record", connection=connection, kind=kind, remote_id=remote_id or "-")
    with session.store.read() as tx:
        binding = tx.get(Binding, connection=connection, kind=kind, remote_id=record.external_id)
        yield record.payload, make_context(tx, session.hub, opened, binding)


def _describe(session: Session, problem: Problem) -> dict[str, Any]:
    lang = session.options.lang
    return {
        "code": problem.code, "severity": problem.severity, "file": problem.file, "line": problem.line,
        "field": problem.field, "value": problem.value, "rule": problem.rule,
        "what": problem.what(lang), "fix": problem.fix(lang),
    }  # fmt: skip


def _place(row: Any) -> str:
    return f"{row.file}:{row.line}"


COMMANDS = {"show": show, "preview": preview, "explain": explain, "lint": lint, "suggest": suggest}
