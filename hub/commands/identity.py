"""Which records are the same customer or the same person: questions, answers, merges, and taking them back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.commands.session import Session, answering
from hub.errors import ConfigInvalid

if TYPE_CHECKING:
    from hub.sync.merge import MergeReport
    from hub.sync.review import Question

Kind = Annotated[str, typer.Option(help="account or contact.")]
OneKind = Annotated[str | None, typer.Option("--kind", help="account or contact; else both.")]
Which = Annotated[str, typer.Argument(help="Number, name, id or the beginning of one.")]
ANSWERS = ("same", "different", "later", "open")
KEYS = {"y": "same", "n": "different", "l": "later"}


def show_list(ctx: typer.Context, kind: OneKind = None) -> None:
    """List the questions that wait, the surest first."""
    with answering(ctx, "identity.list") as session:
        from hub.sync.review import list_questions, read_tally

        found = list_questions(session.hub, kind)
        session.items([describe(question) for question in found])
        rows = [
            (question.short, question.kind, *question.labels, question.judged.weight, tell_against(session, question))
            for question in found
        ]
        if found:
            session.table(["id", "kind", "one", "other", "weight", "why"], rows)
        else:
            session.say("identity.say_no_questions")
        say_scanned(session, "identity.say_total", read_tally(session.hub))


def review(ctx: typer.Context, kind: OneKind = None) -> None:
    """Answer the questions one by one on the terminal: both records side by side; y yes, n no, l later, q end."""
    with answering(ctx, "identity.review") as session:
        from hub.sync.review import answer_question, find_question, list_questions

        if not sys.stdin.isatty():
            raise ConfigInvalid("identity.cannot_review")
        done: list[dict[str, Any]] = []
        passed: set[str] = set()
        while question := next((row for row in list_questions(session.hub, kind) if row.short not in passed), None):
            passed.add(question.short)
            show_question(session, question)
            key = read_key(session)
            if key == "q":
                break
            report = answer_question(session.hub, find_question(session.hub, question.id.hex), KEYS[key], session.actor)
            done.append({"id": question.short, "answer": KEYS[key]})
            say_answer(session, question, KEYS[key], report)
        session.items(done)
        left = len(list_questions(session.hub, kind))
        session.say("identity.say_left" if left else "identity.say_no_questions", count=left)


def read_key(session: Session) -> str:
    """One of the keys, asked for until it is one."""
    while True:
        typed: str = typer.prompt(session.text("identity.say_ask"), err=True)
        if typed.strip().lower()[:1] in (*KEYS, "q"):
            return typed.strip().lower()[:1]


def decide(
    ctx: typer.Context,
    which: Annotated[str, typer.Argument(help="Id of a question, or its beginning or end.")],
    answer: Annotated[str, typer.Argument(help="same, different, later; open takes an answer “different” back.")],
) -> None:
    """Answer a question: same makes the two one, different stands until it is taken back."""
    with answering(ctx, "identity.decide") as session:
        from hub.sync.review import answer_question, explain_pair, find_question

        if answer not in ANSWERS:
            raise ConfigInvalid("identity.answer_unknown", answer=answer, known=", ".join(ANSWERS))
        row = find_question(session.hub, which)
        question = explain_pair(session.hub, row.record_kind, row.one_id, row.other_id)
        report = answer_question(session.hub, row, answer, session.actor)
        session.item({"id": row.id.hex[-8:], "answer": answer, "merge": describe_merge(report)})
        say_answer(session, question, answer, report)


def merge(
    ctx: typer.Context,
    survivor: Which,
    loser: Which,
    kind: Kind = "account",
    preview: Annotated[bool, typer.Option("--preview", help="Show what it would do, and do nothing.")] = False,
) -> None:
    """Make the second record part of the first: everything of it moves, and its id stays good."""
    with answering(ctx, "identity.merge") as session:
        from hub.sync.merge import preview_merge
        from hub.sync.records import find_record
        from hub.sync.review import merge_by_hand

        ids = [find_record(session.hub, kind, text).id for text in (survivor, loser)]
        work = preview_merge if preview else merge_by_hand
        report = work(session.hub, kind, ids[0], ids[1], session.actor)
        session.item({"applied": not preview, **(describe_merge(report) or {})})
        if preview:
            session.say("identity.say_preview", loser=report.loser, survivor=report.survivor)
        say_merge(session, report, applied=not preview)


def unmerge(
    ctx: typer.Context,
    which: Annotated[str, typer.Argument(help="Id of the record that was merged into another, or its beginning.")],
    preview: Annotated[bool, typer.Option("--preview", help="Show what it would do, and do nothing.")] = False,
) -> None:
    """Take a merge back, whatever happened since: fields, relations and bindings are as they were."""
    with answering(ctx, "identity.unmerge") as session:
        from hub.commands.output import to_json
        from hub.sync.unmerge import find_merged, preview_unmerge, unmerge_record

        found = find_merged(session.hub, which)
        work = preview_unmerge if preview else unmerge_record
        report = work(session.hub, found.record_kind, found.loser_id, session.actor)
        facts = {name: value for name, value in vars(report).items() if name not in ("due", "changes")}
        session.item({"applied": not preview, **to_json(facts), "changes": show_changes(report.changes)})
        moved = ", ".join(f"{kind} {count}" for kind, count in sorted(report.references.items())) or "-"
        session.say("identity.say_unmerged", loser=report.loser, references=moved)
        for row in report.conflicts:
            session.say("identity.say_conflict", field=row.field, survivor=row.survivor_value, loser=row.loser_value)
        for place in report.staying:
            session.say("identity.say_staying", kind=place.kind, label=place.label, why=session.text(place.code))


def explain(ctx: typer.Context, one: Which, other: Which, kind: Kind = "account") -> None:
    """Weigh two records: the weight of every field, which add up, and the nearest reason against."""
    with answering(ctx, "identity.explain") as session:
        from hub.sync.records import find_record
        from hub.sync.review import explain_pair

        ids = [find_record(session.hub, kind, text).id for text in (one, other)]
        question = explain_pair(session.hub, kind, ids[0], ids[1])
        session.item(describe(question))
        show_question(session, question)


def scan(ctx: typer.Context) -> None:
    """Look now at every record that is new or changed: merge what is beyond doubt, ask about the rest."""
    with answering(ctx, "identity.scan") as session:
        from hub.sync.review import scan_identity

        done = scan_identity(session.hub, session.actor)
        facts = {"looked": done.looked, "merged": done.merged, "asked": done.asked}
        session.item({**facts, "asked_per_10k": done.asked_per_10k})
        say_scanned(session, "identity.say_scanned", done)


def say_scanned(session: Session, code: str, done: Any) -> None:
    """How many were looked at, merged and asked about."""
    session.say(code, looked=done.looked, merged=done.merged, asked=done.asked, rate=done.asked_per_10k)


# ---------------------------------------------------------------- what is shown


def describe(question: Question) -> dict[str, Any]:
    """A question as programs read it."""
    from hub.commands.output import to_json

    judged, labels = question.judged, question.labels
    return {
        "id": question.short,
        "kind": question.kind,
        "one": {"id": str(question.one.id), "label": labels[0]},
        "other": {"id": str(question.other.id), "label": labels[1]},
        "band": str(judged.band),
        "weight": judged.weight,
        "evidence": [dict(fact) for fact in judged.evidence],
        "against": judged.against,
        "version": judged.version,
        "fields": to_json({name: list(values) for name, values in question.facts.items()}),
        "since": to_json(question.since),
        "later": question.later,
    }


def show_question(session: Session, question: Question) -> None:
    """Both records side by side, then the evidence."""
    session.write()
    rows = [(name, *(show_side(value) for value in values)) for name, values in question.facts.items()]
    session.plain_table(["", *(f"{label} · {id_[:13]}" for label, id_ in list_heads(question))], rows)
    evidence = [(fact["field"], fact["level"], f"{fact['weight']:+d}") for fact in question.judged.evidence]
    session.table(["field", "level", "weight"], evidence)
    band = session.text(f"identity.band_{question.judged.band}")
    session.say("identity.say_weight", weight=question.judged.weight, band=band, version=question.judged.version)
    session.write(tell_against(session, question))


def list_heads(question: Question) -> list[tuple[str, str]]:
    """What stands above the two columns."""
    return list(zip(question.labels, (str(question.one.id), str(question.other.id)), strict=True))


def show_side(value: Any) -> str:
    """One side of a field; lists by what their lines say."""
    if isinstance(value, tuple):
        return "; ".join(
            " ".join(str(part) for name, part in line if name != "key" and part not in (None, "", False))
            if hasattr(line, "model_fields_set")
            else str(line)
            for line in value
        )
    return "" if value is None else str(value)


def tell_against(session: Session, question: Question) -> str:
    """The nearest reason against, in the reader's language."""
    from hub.sync.review import tell_against as tell

    told = tell(question.judged.against)
    return session.text(told.code, **told.params)


def say_answer(session: Session, question: Question, answer: str, report: MergeReport | None) -> None:
    """What an answer came to."""
    if report is not None:
        say_merge(session, report, applied=True)
        return
    one, other = question.labels
    session.say("identity.say_answered", one=one, other=other, answer=answer)


def say_merge(session: Session, report: MergeReport, *, applied: bool) -> None:
    """What moves, field by field and system by system."""
    for row in report.bindings:
        number = row.remote_number or row.remote_id or ""
        session.say(f"identity.say_binding_{row.role}", connection=row.connection, number=number)
    for kind, count in sorted(report.references.items()):
        session.say("identity.say_references", kind=kind, count=count)
    rows: Sequence[tuple[str, str, str]] = [
        (name, show_side(old), show_side(new)) for name, (old, new) in report.changes.items()
    ]
    if rows:
        session.table(["field", "old", "new"], rows)
    if applied:
        session.say(
            "identity.say_merged", loser=report.loser, survivor=report.survivor, id=report.survivor_id,
            loser_id=report.loser_id,
        )  # fmt: skip


def describe_merge(report: MergeReport | None) -> dict[str, Any] | None:
    """A merge as programs read it."""
    if report is None:
        return None
    from hub.commands.output import to_json

    facts = {name: value for name, value in vars(report).items() if name not in ("due", "changes", "lost")}
    lost = {name: show_side(value) for name, value in report.lost.items()}
    told: dict[str, Any] = to_json(facts)
    return {**told, "changes": show_changes(report.changes), "lost": lost}


def show_changes(changes: Any) -> dict[str, list[str]]:
    """Field → [old, new], as text."""
    return {name: [show_side(old), show_side(new)] for name, (old, new) in changes.items()}


COMMANDS = {
    "list": show_list, "review": review, "decide": decide, "merge": merge, "unmerge": unmerge, "explain": explain,
    "scan": scan,
}  # fmt: skip
