"""Letters: mails written from templates, about a quote, an invoice, a customer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.commands.record_act import label_of
from hub.commands.session import answering

Name = Annotated[str, typer.Argument(help="quote, payment-reminder, follow-up… letter list names them.")]
Language = Annotated[str | None, typer.Option("--in", help="Language of the letter: zh or en; else that of --lang.")]


def show_list(ctx: typer.Context) -> None:
    """List the templates, and what each can be written about."""
    with answering(ctx, "letter.list") as session:
        from hub.runtime.letters import list_letters, read_letter

        rows = []
        kinds_of = []
        for file in list_letters(session.home):
            template = read_letter(file)
            kinds_of.append(template.kinds)
            rows.append(
                {
                    "name": file.name, "language": file.lang, "kinds": list(template.kinds),
                    "subject": template.subject, "enclose": template.enclose, "bulk": template.bulk,
                    "file": str(file.path), "shipped": file.ours,
                }
            )  # fmt: skip
        session.items(rows)
        session.table(
            ["name", "language", "kinds", "subject", "file"],
            [
                (row["name"], row["language"], ", ".join(kinds), row["subject"], "—" if row["shipped"] else row["file"])
                for row, kinds in zip(rows, kinds_of, strict=True)
            ],
        )


def copy(ctx: typer.Context, name: Name, language: Language = None) -> None:
    """Put a shipped template into the home folder, to be changed there; one that is there stays as it is."""
    with answering(ctx, "letter.copy") as session:
        from hub.runtime.letters import copy_letter, find_letter

        path, made = copy_letter(session.home, find_letter(session.home, name, language or session.options.lang))
        session.item({"file": str(path), "made": made})
        session.say("letter.copied" if made else "letter.there_already", file=path)


def write(
    ctx: typer.Context,
    name: Name,
    kind: Annotated[str, typer.Argument(help="quote, invoice, account…")],
    which: Annotated[list[str], typer.Argument(help="Number, name or id of the record; several make one mail each.")],
    language: Language = None,
    to: Annotated[
        list[str] | None, typer.Option("--to", help="An address instead of the one that the record leads to.")
    ] = None,
    font: Annotated[
        Path | None, typer.Option(help="A TrueType file to embed in a PDF; else the reader's own Chinese font is used.")
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also where mails came back, or where the same letter waits already.")
    ] = False,
) -> None:
    """Write a mail from a template. It is planned: the sync of outgoing mail sends it once its plan was accepted."""
    with answering(ctx, "letter.write") as session:
        from hub.errors import RuleBroken
        from hub.runtime.letters import find_letter, read_letter
        from hub.runtime.pdf import draw_pdf
        from hub.sync.letters import Order, write_letter
        from hub.sync.records import find_record

        lang = language or session.options.lang
        file = find_letter(session.home, name, lang)
        order = Order(
            name, str(file.path.name), lang, read_letter(file), lambda paper: draw_pdf(paper, lang, font), to or (),
            anyway,
        )  # fmt: skip
        made = []
        for one in which:
            try:
                mail = write_letter(session.hub, find_record(session.hub, kind, one), order, session.actor)
            except RuleBroken as refused:
                session.fail(refused)
                continue
            made.append(mail)
            addresses = ", ".join(row.address for row in mail.people)
            session.say("letter.written", label=label_of(mail), to=addresses, subject=mail.subject)
        session.items(made)


COMMANDS = {"list": show_list, "copy": copy, "write": write}
