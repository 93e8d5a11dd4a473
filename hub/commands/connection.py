"""Configured accounts of other systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.commands.connector import describe_fields
from hub.commands.session import Session, answering, ask, confirm

if TYPE_CHECKING:
    from hub.sync.measure import Finding
    from hub.sync.probing import ProbeReport

Name = Annotated[str, typer.Argument(help="The connection's name.")]


def add(
    ctx: typer.Context,
    name: Name,
    connector: Annotated[str | None, typer.Option(help="The connector; default: the one called NAME.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="key=value; repeat it. A secret only as env:NAME, file:PATH or secret:NAME."),
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of a system that sends times without one.")] = "Asia/Shanghai",
    check: Annotated[bool, typer.Option(help="Try the account before anything is saved.")] = True,
) -> None:
    """Add a connection, or change one: asks what is missing, tries the account, edits isthmus.toml and applies it."""
    with answering(ctx, "connection.add") as session:
        from hub.commands.answers import collect_answers
        from hub.runtime.connecting import save_connection, try_connection
        from hub.runtime.plugins import load_connector

        session.home.require()
        chosen = connector or _find_connector(session, name)
        model = load_connector(chosen, session.home).Config
        fields = describe_fields(model, session.options.lang)
        answers = collect_answers(session, chosen, model, fields, settings or [])
        if check:
            resolved = session.vault.resolve_config(answers.values, frozenset(answers.references))
            items = try_connection(session.home, name, chosen, zone, {**resolved, **answers.typed})
            if not show_check(session, items):
                session.note("cli.connection_not_saved", connection=name)
                return
        values = {"connector": chosen, "zone": zone, **answers.values}
        published = save_connection(session.home, session.vault, name, values, answers.typed, session.actor)
        session.item({"connection": name, "connector": chosen, "version": published.number})
        session.say("cli.connection_added", connection=name, number=published.number)


def _find_connector(session: Session, name: str) -> str:
    from hub.runtime.plugins import find_connectors

    known = find_connectors(session.home)
    if name in known:
        return name
    return ask(session, session.text("cli.connector_question", known=", ".join(known)))


def show_check(session: Session, items: Any) -> bool:
    """Print what ``check`` found; whether everything was fine. A bad item makes the exit code 3, or 2 where what is
    configured here is at fault."""
    from hub.errors import ConfigInvalid, NeedsConsent

    for item in items:
        if item.ok:
            session.write("✓ " + session.text(item.code, **item.params))
        else:
            session.fail((ConfigInvalid if item.ours else NeedsConsent)(item.code, **item.params))
    return all(item.ok for item in items)


def show_list(ctx: typer.Context) -> None:
    """List the connections."""
    with answering(ctx, "connection.list") as session:
        from hub.store.rows import ConnectionState

        with session.store.read() as tx:
            states = {state.connection: state for state in tx.find(ConnectionState)}
        rows = [
            {
                "connection": name,
                "connector": settings.connector,
                "kinds": list(settings.syncs),
                "paused": bool(states.get(name) and states[name].paused),
                "pause_code": states[name].pause_code if name in states else None,
            }
            for name, settings in session.hub.config.connections.items()
        ]
        session.items(rows)
        session.table(
            ["connection", "connector", "kinds", "paused"],
            [(row["connection"], row["connector"], row["kinds"], row["paused"]) for row in rows],
        )


def check(ctx: typer.Context, name: Name) -> None:
    """Try the account without writing: credentials, rights, versions, and how its records can be read."""
    with answering(ctx, "connection.check") as session:
        items = session.hub.open(name).connector.check()
        rows = [{"ok": item.ok, "code": item.code, "text": session.text(item.code, **item.params)} for item in items]
        if show_check(session, items):
            rows += _check_reading(session, name)
        session.items(rows)
        _tell_calls(session, name)


def _check_reading(session: Session, name: str) -> list[dict[str, Any]]:
    """The reading part of the conformance suite, as sentences; what is wrong makes the exit code 1."""
    from hub.sync.inspect import inspect_reading
    from hub.sync.measure import Verdict

    measured = inspect_reading(session.hub, name)
    for kind in dict.fromkeys(one.kind for one in measured):
        if not any(one.bad for one in measured if one.kind == kind):
            session.say("cli.reads_as_declared", kind=kind)
    findings = [finding for one in measured for finding in one.findings]
    _tell_findings(session, findings)
    return [
        {
            "ok": one.verdict is not Verdict.BAD,
            "code": one.code,
            "text": one.text(session.options.lang),
            "kind": one.kind,
            "verdict": one.verdict.value,
        }
        for one in findings
    ]


def _tell_findings(session: Session, findings: Sequence[Finding]) -> None:
    """Remarks as lines of the answer, what is wrong as errors; each sentence once."""
    from hub.errors import RuleBroken
    from hub.sync.measure import Verdict

    for text, one in {one.text(session.options.lang): one for one in findings}.items():
        if one.verdict is Verdict.BAD:
            session.fail(RuleBroken("cli.finding", kind=one.kind, text=text))
        elif one.verdict is not Verdict.OK:
            session.say("cli.remark", kind=one.kind, text=text)


def probe(
    ctx: typer.Context,
    name: Name,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="Only this kind; repeat it. Default: all that can be probed.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
) -> None:
    """Make one draft that is called a probe, or what else can be taken back, measure what the system does to it, and
    take it back."""
    with answering(ctx, "connection.probe") as session:
        from hub.errors import ConfigInvalid
        from hub.sync.probe import choose_probes, probe_kind

        chosen = choose_probes(session.hub, name, kinds)
        if not confirm(session, "cli.probe_question", yes=yes, connection=name, kinds=", ".join(chosen)):
            raise ConfigInvalid("cli.probe_unconfirmed", connection=name)
        rows = []
        for kind in chosen:
            report = probe_kind(session.hub, name, kind, session.actor)
            rows.append(_show_probe(session, report))
        session.items(rows)


def _translate(value: str, lang: str) -> str:
    from hub.locale import Phrase, render

    return render(value.code, lang, **value.params) if isinstance(value, Phrase) else value


def _show_probe(session: Session, report: ProbeReport) -> dict[str, Any]:
    """Every measured fact beside the declaration, then the remarks."""
    lang, findings = session.options.lang, report.measured.findings
    facts = [
        {"fact": one.fact, "declared": one.declared, "measured": one.measured, "verdict": one.verdict.value}
        for one in findings
        if one.fact
    ]
    marks = {"ok": "✓", "note": "·", "bad": "✗"}
    session.table(
        ["fact", "declared", "measured", "verdict"],
        [
            (
                one.fact,
                *(_translate(value, lang) for value in (one.declared, one.measured)),
                marks.get(one.verdict, "-"),
            )
            for one in findings
            if one.fact
        ],
    )
    _tell_findings(session, findings)
    where = {"connection": report.connection, "kind": report.measured.kind}
    if report.removed:
        session.say("cli.probe_passed" if report.passed else "cli.probe_failed", **where)
    told = [{"verdict": one.verdict.value, "code": one.code, "text": one.text(lang)} for one in findings]
    return {**where, "passed": report.passed, "removed": report.removed, "facts": facts, "findings": told}


def _tell_calls(session: Session, name: str) -> None:
    """How many calls were made today, of how many that may be."""
    from zoneinfo import ZoneInfo

    from hub.runtime.assemble import choose_limits
    from hub.runtime.budget import count_calls

    opened = session.hub.open(name)
    opened.on_close()
    with session.store.read() as tx:
        calls = count_calls(tx, name, session.hub.now(), ZoneInfo(opened.settings.zone))
    limits = choose_limits(opened.settings, type(opened.connector))
    code = "cli.calls_today" if limits.per_day is None else "cli.calls_today_of"
    session.say(code, calls=calls, limit=limits.per_day)


def pause(ctx: typer.Context, name: Name) -> None:
    """Stop everything towards one system until it is resumed; nothing is lost."""
    with answering(ctx, "connection.pause") as session:
        from hub.sync.pause import pause_connection

        session.hub.settings_of(name)
        pause_connection(session.hub, name, session.actor)
        session.item({"connection": name, "paused": True})
        session.say("cli.connection_paused", connection=name)


def resume(ctx: typer.Context, name: Name) -> None:
    """Go on with one system."""
    with answering(ctx, "connection.resume") as session:
        from hub.sync.pause import resume_connection

        session.hub.settings_of(name)
        resume_connection(session.hub, name, session.actor)
        session.item({"connection": name, "paused": False})
        session.say("cli.connection_resumed", connection=name)


COMMANDS = {"add": add, "list": show_list, "check": check, "probe": probe, "pause": pause, "resume": resume}
