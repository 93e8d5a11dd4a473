"""Look for what is wrong with this installation, and say what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from hub.commands.session import Session, answering
from hub.errors import ConfigInvalid, IsthmusError, NeedsConsent, Transient
from hub.locale import Phrase

WRONG_YEAR = 2024
"""A clock that shows an earlier year was never set."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``exit_code`` is that of the error behind a bad one."""

    subject: str
    ok: bool
    text: str
    exit_code: int = 0


def doctor(
    ctx: typer.Context,
    send_test: Annotated[bool, typer.Option("--send-test", help="Send a test message to all who are told.")] = False,
) -> None:
    """Check home, key, database, configuration, connectors, clock, connections and who is told; say what to do."""
    with answering(ctx, "doctor") as session:
        findings = list(examine(session, send_test=send_test))
        session.items(findings)
        for finding in findings:
            session.write(f"{'✓' if finding.ok else '✗'} {name_subject(session, finding.subject)}: {finding.text}")
        bad = [finding for finding in findings if not finding.ok]
        session.exit_code = max((finding.exit_code for finding in bad), default=0)
        session.say("cli.doctor_bad" if bad else "cli.doctor_good", count=len(bad))


def name_subject(session: Session, subject: str) -> str:
    """``connection erp`` in the reader's language."""
    what, _, name = subject.partition(" ")
    return " ".join(part for part in (session.text(f"cli.subject_{what}"), name) if part)


def examine(session: Session, *, send_test: bool = False) -> Iterator[Finding]:
    """Every finding, in an order in which one mends them; without a home or database the rest makes no sense."""
    home = _look(session, "home", lambda: str(session.home.require().folder))
    yield home
    if not home.ok:
        return
    yield _look(session, "key", lambda: _read_key(session))
    database = _look(session, "database", lambda: _check_database(session))
    yield database
    yield _look(session, "configuration", lambda: _check_configuration(session, published=database.ok))
    yield from _examine_connectors(session)
    if database.ok:
        yield _look(session, "secrets", lambda: _check_secrets(session))
        yield _look(session, "clock", lambda: _check_clock(session))
        for name in session.hub.config.connections:
            yield _look(session, f"connection {name}", lambda name=name: _check_connection(session, name))  # type: ignore[misc]
        for name in session.hub.config.notify.targets:
            yield _look(session, f"notify {name}", lambda name=name: _check_target(session, name, send_test))  # type: ignore[misc]


def _look(session: Session, subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, check())
    except IsthmusError as error:
        return Finding(subject, False, error.text(session.options.lang), error.exit_code)


def _read_key(session: Session) -> str:
    from hub.runtime.secrets import read_key

    read_key(session.home)
    return session.text("cli.key_from_env" if session.home.environ.get("ISTHMUS_KEY") else "cli.key_from_file")


def _check_database(session: Session) -> str:
    session.store.check()
    scheme = session.home.database_url.partition(":")[0].partition("+")[0]
    return session.text("cli.database_good", kind=scheme, installation=session.hub.installation)


def _check_configuration(session: Session, *, published: bool) -> str:
    from hub.runtime.publish import check_config, take_digest

    config, _ = check_config(session.home)
    if published and take_digest(config) != take_digest(session.hub.config):
        raise ConfigInvalid("cli.not_applied")
    return session.text("cli.configuration_good", connections=len(config.connections))


def _examine_connectors(session: Session) -> Iterator[Finding]:
    from hub.runtime.plugins import find_connectors, load_connector

    for name, found in find_connectors(session.home).items():
        yield _look(session, f"connector {name}", lambda name=name: load_connector(name, session.home).__module__)  # type: ignore[misc]
        del found


def _check_secrets(session: Session) -> str:
    names = session.vault.names()
    for name in names:
        session.vault.resolve(f"secret:{name}")
    return session.text("cli.secrets_good", count=len(names))


def _check_clock(session: Session) -> str:
    from hub.store.rows import JournalEntry

    now = session.hub.now()
    with session.store.read() as tx:
        ahead = tx.find(JournalEntry, order=["-at"], limit=1, at__gt=now)
    if now.year < WRONG_YEAR or ahead:
        raise ConfigInvalid("cli.clock_wrong", now=now.isoformat(timespec="seconds"))
    return now.isoformat(timespec="seconds")


def _check_connection(session: Session, name: str) -> str:
    bad = [item for item in session.hub.open(name).connector.check() if not item.ok]
    if bad:
        params: dict[str, Any] = dict(bad[0].params)
        raise (ConfigInvalid if bad[0].ours else NeedsConsent)(bad[0].code, **params)
    return session.text("cli.connection_good")


def _check_target(session: Session, name: str, send_test: bool) -> str:
    """What can be known of a target without telling it anything; with ``send_test`` it is told that this is a test."""
    from hub.runtime.notify import send_test as send
    from hub.runtime.senders import check_target
    from hub.sync.telling import list_targets

    target = session.hub.config.notify.targets[name]
    check_target(session.hub, name, target, session.vault.resolve)
    if send_test:
        send(session.hub, session.vault, name)
        return session.text("cli.notify_tested")
    (state,) = [row for row in list_targets(session.hub) if row.target == name]
    if state.failures and state.error_code is not None:
        raise Transient(
            "cli.notify_failing", vendor=state.error_words, failures=state.failures,
            what=Phrase(state.error_code, **state.error_params),
        )  # fmt: skip
    since = state.sent_at.isoformat(timespec="seconds") if state.sent_at is not None else "–"
    return session.text("cli.notify_good", since=since)


COMMANDS = {"doctor": doctor}
