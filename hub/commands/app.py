"""The Typer application. Nothing heavy is imported here or at the top of a command file: ``--help`` must be quick."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from hub.commands import (
    audit,
    backup,
    binding,
    codes,
    connection,
    connector,
    dedupe,
    demo,
    doctor,
    enrich,
    event,
    explain,
    identity,
    letter,
    mapping,
    pause,
    reconcile,
    record,
    remap,
    run,
    secret,
    setup,
    simulate,
    sync,
    todo,
    trace,
    up,
    voucher,
)
from hub.commands.help import translate_help
from hub.commands.session import Options
from hub.commands.usage import USAGE_ERROR, choose_language, find_language, tell_usage_error
from hub.errors import conceal

EVERYWHERE = "Anywhere on the line: --home PATH, --lang en|zh, --json."
WITH_VALUE = ("--home", "--lang")
ALONE = ("--json",)
NOUNS = (
    *(connector, connection, sync, record, mapping, codes, binding, todo, identity, event, run, secret, voucher),
    *(letter, audit),
)
VERBS = (setup, doctor, enrich, explain, remap, reconcile, trace, pause, simulate, dedupe, demo, backup, up)


class RootGroup(TyperGroup):
    """Lets the options of the whole program stand anywhere on the line."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, hoist_options(args))

    def main(self, args: Any = None, prog_name: Any = None, *, standalone_mode: bool = True, **more: Any) -> Any:  # type: ignore[override]  # Click's many parameters pass through
        """As Click's, but a usage error is told in the reader's language, and as JSON where that was asked for."""
        words = list(sys.argv[1:] if args is None else args)
        translate_help(self, find_language(words))
        if not standalone_mode:
            return super().main(words, prog_name, standalone_mode=False, **more)
        try:
            ended = super().main(words, prog_name, standalone_mode=False, **more)
        except USAGE_ERROR as error:
            sys.exit(tell_usage_error(error, hoist_options(words)))
        except typer.Abort:
            sys.exit(1)
        sys.exit(ended if isinstance(ended, int) else 0)


class OneCommand(TyperCommand):
    """A command whose options that may be repeated are shown by what one of them takes."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for param in self.params:
            if getattr(param, "multiple", False) and param.metavar is None:
                param.metavar = "<str>"


def hoist_options(args: list[str]) -> list[str]:
    """The same arguments with the options of the whole program in front; what follows ``--`` stays as it is."""
    front: list[str] = []
    rest: list[str] = []
    remaining = iter(args)
    for arg in remaining:
        if arg == "--":
            rest += [arg, *remaining]
        elif arg in ALONE or arg.startswith(tuple(f"{name}=" for name in WITH_VALUE)):
            front.append(arg)
        elif arg in WITH_VALUE:
            front += [arg, *([value] if (value := next(remaining, None)) is not None else [])]
        else:
            rest.append(arg)
    return [*front, *rest]


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version as package_version

        typer.echo(f"isthmus {package_version('isthmus')}")
        raise typer.Exit


def root(
    ctx: typer.Context,
    home: Annotated[Path | None, typer.Option(help="Home folder; else ISTHMUS_HOME, else ~/.isthmus.")] = None,
    lang: Annotated[str | None, typer.Option(help="Language of answers: en or zh; else LANG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Keep customers, products and orders in step between this hub and your ERP: plan first, never twice, never lost.

    Exit codes: 0 done, 1 not done, 2 usage or configuration, 3 the other system refused or is away.
    """
    ctx.obj = Options(home=home, lang=choose_language(lang, os.environ), as_json=as_json)


def build_app() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        cls=RootGroup, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    app.callback()(root)
    for verb in VERBS:
        for name, function in verb.COMMANDS.items():
            app.command(name, cls=OneCommand, epilog=EVERYWHERE)(function)
    for noun in NOUNS:
        alone = getattr(noun, "ALONE", None)
        group = typer.Typer(no_args_is_help=alone is None, help=noun.__doc__, rich_markup_mode=None)
        if alone is not None:  # the noun by itself lists
            group.callback(invoke_without_command=True, help=noun.__doc__, epilog=EVERYWHERE)(alone)
        for name, function in noun.COMMANDS.items():
            group.command(name, cls=OneCommand, epilog=EVERYWHERE)(function)
        app.add_typer(group, name=noun.__name__.rpartition(".")[2])
    return app


def show_defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A traceback without secrets, for what no error class of ours foresaw."""
    sys.stderr.write(conceal("".join(traceback.format_exception(kind, error, trace))))


def run_app() -> None:
    """Run the command line of this process."""
    sys.excepthook = show_defect
    get_command(build_app())(prog_name="isthmus")
