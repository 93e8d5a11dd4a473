"""One call of the command line: its options, the hub it needs, its answer for people and for programs."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hub.commands import output
from hub.errors import ConfigInvalid, IsthmusError
from hub.locale import render

if TYPE_CHECKING:
    from hub.runtime.home import Home
    from hub.runtime.secrets import Vault
    from hub.store import Store
    from hub.sync.context import Hub


@dataclass(frozen=True)
class Options:
    """What may stand anywhere on the command line."""

    home: Path | None = None
    lang: str = "en"
    as_json: bool = False


@dataclass
class Session:
    """What a command works with. Answers are collected and printed when the command ends."""

    schema: str
    options: Options
    errors: list[dict[str, Any]] = field(default_factory=list)
    exit_code: int = 0
    _answer: dict[str, Any] = field(default_factory=dict)
    _finished: bool = False
    _resources: ExitStack = field(default_factory=ExitStack)

    # ------------------------------------------------------------ what it works on

    @cached_property
    def home(self) -> Home:
        from hub.runtime.home import find_home

        return find_home(self.options.home)

    @cached_property
    def store(self) -> Store:
        """The database of the home."""
        return self.open_store()

    def open_store(self, *, create: bool = False) -> Store:
        """The same, made if it is not there yet and may be."""
        from hub.runtime.assemble import open_store

        store = open_store(self.home, create=create)
        self._resources.callback(store.close)
        return store

    @cached_property
    def hub(self) -> Hub:
        """The hub over the published configuration; runs whose process died are called stopped first."""
        from hub.runtime.assemble import open_hub
        from hub.runtime.recovery import recover_runs

        hub = open_hub(self.home, store=self.store)
        self._resources.callback(hub.close)
        recover_runs(hub)
        return hub

    @cached_property
    def vault(self) -> Vault:
        from hub.runtime.clock import SystemClock
        from hub.runtime.secrets import Vault

        return Vault(self.home, self.store, SystemClock())

    @property
    def actor(self) -> str:
        """Who the journal says it was."""
        try:
            return f"cli:{getpass.getuser()}"
        except (KeyError, OSError):  # a user id without a name, as in some containers
            return "cli"

    # ------------------------------------------------------------ what it says

    def text(self, code: str, **params: object) -> str:
        return render(code, self.options.lang, **params)

    def say(self, code: str, **params: object) -> None:
        """A line of the answer, for people only."""
        self.write(self.text(code, **params))

    def write(self, line: str = "") -> None:
        """A line of the answer as it stands, for people only."""
        if not self.options.as_json:
            output.write_line(line)

    def note(self, code: str, **params: object) -> None:
        """A remark beside the answer, on stderr."""
        output.write_remark(self.text(code, **params))

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table for people; ``heads`` are catalogue names without ``cli.head_``."""
        self.plain_table([self.text(f"cli.head_{head}") for head in heads], rows)

    def facts(self, rows: Sequence[tuple[str, object]]) -> None:
        """One fact in a row: its name and its value; empty ones are left out."""
        told = [(name, output.show_cell(value)) for name, value in rows if value not in (None, "", (), [], {})]
        self.table(["field", "value"], told)

    def plain_table(self, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table for people whose heads are names of fields."""
        if not rows:
            self.say("cli.nothing")
        elif not self.options.as_json:
            output.write_table(heads, rows)

    def items(self, items: Sequence[Any]) -> None:
        """The answer of a command that lists."""
        self._answer["items"] = [output.to_json(item) for item in items]

    def item(self, item: Any) -> None:
        """The answer of a command about one thing."""
        self._answer["item"] = output.to_json(item)

    def fail(self, error: IsthmusError) -> None:
        """Report an error and go on; the command's exit code will be the error's."""
        self.errors.append(describe_error(error, self.options.lang))
        self.exit_code = max(self.exit_code, error.exit_code)
        output.write_error(error.text(self.options.lang))

    def finish(self) -> None:
        """Print the document that programs read; a command that goes on for long prints it early."""
        if self.options.as_json and not self._finished:
            self._finished = True
            print_document(self.schema, self._answer, self.errors)

    def close(self) -> None:
        self._resources.close()


@contextmanager
def answering(ctx: typer.Context, schema: str) -> Iterator[Session]:
    """Around every command: errors become one sentence and the exit code of their class."""
    options = ctx.find_object(Options) or Options()
    session = Session(schema, options)
    try:
        yield session
    except IsthmusError as error:
        session.fail(error)
    finally:
        session.close()
    session.finish()
    if session.exit_code:
        raise typer.Exit(session.exit_code)


def print_document(name: str, answer: Mapping[str, Any], errors: Sequence[Mapping[str, Any]]) -> None:
    """The one JSON document of a call."""
    document = {"schema": f"isthmus/{name}/1", **answer, "errors": errors}
    output.write_line(json.dumps(document, ensure_ascii=False))
    sys.stdout.flush()


def describe_error(error: IsthmusError, lang: str) -> dict[str, Any]:
    """An error as programs read it."""
    params: Mapping[str, Any] = {name: output.to_json(value) for name, value in error.params.items()}
    return {"code": error.code, "text": error.text(lang), "exit_code": error.exit_code, "params": params}


def ask(session: Session, question: str, default: str | None = None) -> str:
    """Ask on the terminal; off a terminal the default, or ``ConfigInvalid`` that names the question."""
    if not sys.stdin.isatty():
        if default is None:
            raise ConfigInvalid("cli.cannot_ask", question=question)
        return default
    answer: str = typer.prompt(question, default=default if default is not None else "", err=True)
    return answer


def ask_secret(question: str) -> str:
    """Ask for a secret without showing it."""
    if not sys.stdin.isatty():
        raise ConfigInvalid("cli.cannot_ask_secret", question=question)
    return getpass.getpass(f"{question}: ")


def confirm(session: Session, code: str, *, yes: bool, **params: object) -> bool:
    """A yes or no; ``--yes`` answers it beforehand, and off a terminal nobody says yes."""
    if yes:
        return True
    if not sys.stdin.isatty():
        return False
    return bool(typer.confirm(session.text(code, **params), err=True))
