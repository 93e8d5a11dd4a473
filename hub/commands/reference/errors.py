"""Every error code: its class, its texts, what causes it and what cures it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub import errors
from hub.commands.reference import FOLDER
from hub.commands.reference.connectors import ABSENT
from hub.commands.reference.markdown import as_code, as_markdown, write_page, write_table
from hub.commands.reference.raised import read_source
from hub.locale import load_texts
from hub.runtime.plugins import register_catalogues

HEAD = """\
An error has a stable code, `<room>.<name>`, and a text in the reader's language. With `--json` both stand in `errors`,
with the parameters and, where another system spoke, its own words in `vendor`. The class of an error says what happens
next; the code says what it is about.

Where the text itself tells the cause and the cure, they are taken from it; what more there is to know stands in
`errors.toml` beside this page.
"""
NOTES = FOLDER / "errors.toml"
BY_CLASS = {
    "Transient": "Nothing: the hub tries again by itself. At a command: repeat it.",
    "OutcomeUnknown": "Nothing: the hub looks for the document by its reference before it writes again.",
    "Duplicate": "Nothing: the hub finds the document by its reference and goes on with it.",
    "Stale": "Nothing: the hub reads again and decides anew. At a command: repeat it.",
    "Rejected": "Put it right there or here, then settle the row: `isthmus todo`.",
    "Locked": "Have the state changed there, or give the change up: `isthmus todo`.",
    "MappingError": "Correct the value where it was typed in, or the rule: `isthmus mapping explain` shows both.",
    "NeedsConsent": "Correct the credentials or rights there, then `isthmus connection check` and `… resume`.",
}
"""What cures every error of a class, where its text does not say something better."""
_BREAK = re.compile(r"; |(?<=\.)\s(?=[“{A-Z])|(?<=\{reason\})\s|: (?=(?:keep|name|give|change|remove|make|try|wait) )")
_NO_CURE = re.compile(r"Nothing was |This one |Its last |Last words")
"""How a second sentence begins that only tells more."""
_CHOICE = re.compile(r"^[\w ]+: (\{(?:known|allowed)\})\.?$")
Notes = Mapping[str, Mapping[str, str]]
"""Code → what is known about it beyond its text: ``cause``, ``cure``."""


@dataclass(frozen=True)
class Explained:
    """One code as the page shows it. ``cure`` is empty where nobody said it."""

    code: str
    classes: tuple[str, ...]
    cause: str
    cure: str


def render() -> str:
    """The whole page."""
    notes = read_notes()
    raised = list_explained(notes)
    rooms = sorted({item.code.partition(".")[0] for item in raised})
    parts = [HEAD, "## What happens next", _write_classes()]
    for room in rooms:
        parts.append(f"## {room}")
        parts += [_write_error(item) for item in raised if item.code.partition(".")[0] == room]
    parts += ["## Findings about a mapping", FINDINGS, *_write_findings()]
    return write_page("Errors", [*parts, "## Reasons", REASONS, *_write_reasons(raised, notes)])


def read_notes() -> Notes:
    """What stands in ``errors.toml``."""
    notes: dict[str, dict[str, str]] = tomllib.loads(NOTES.read_text(encoding="utf-8"))
    return notes


def list_explained(notes: Notes) -> list[Explained]:
    """Every code that is raised, with cause and cure."""
    register_catalogues(ABSENT)
    return [
        _explain(code, tuple(sorted(classes)), notes.get(code, {}))
        for code, classes in sorted(read_source().raised.items())
    ]


def _explain(code: str, classes: tuple[str, ...], note: Mapping[str, str]) -> Explained:
    cause, cure = split_text(load_texts("en")[code])
    cures = {name: BY_CLASS[name] for name in classes if name in BY_CLASS}
    by_class = " ".join(f"As `{name}`: {text}" if len(cures) > 1 else text for name, text in cures.items())
    return Explained(code, classes, note.get("cause", cause), note.get("cure") or cure or by_class)


def split_text(text: str) -> tuple[str, str]:
    """What a text says is wrong, and what it says to do about it (empty when it says nothing)."""
    broken = _BREAK.split(text, maxsplit=1)
    if len(broken) == 1:
        return text, ""
    cause, cure = broken
    if _NO_CURE.match(cure[0].upper() + cure[1:]):
        return text, ""
    if choice := _CHOICE.match(cure):
        cure = f"Use one of: {choice[1]}."
    return cause.rstrip(".") + ".", cure[0].upper() + cure[1:]


def _write_classes() -> str:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.IsthmusError)]
    rows = [
        (as_code(kind.__name__), str(kind.exit_code), as_markdown(" ".join((kind.__doc__ or "").split())))
        for kind in kinds
        if kind is not errors.IsthmusError
    ]
    return write_table(["class", "exit code", "what happens next"], rows)


def _write_error(item: Explained) -> str:
    exits = sorted({getattr(errors, name).exit_code for name in item.classes})
    lines = [
        f"### `{item.code}`",
        "",
        f"{', '.join(map(as_code, item.classes))}, exit code {' or '.join(map(str, exits))}",
        "",
        *_write_texts(item.code),
        f"- cause: {_escape(item.cause)}",
        f"- cure: {_escape(item.cure)}",
    ]
    return "\n".join(lines)


def _write_texts(code: str) -> Iterator[str]:
    for language in ("en", "zh"):
        yield f"- {language}: {_escape(load_texts(language)[code])}"


def _escape(text: str) -> str:
    """Placeholders in angle brackets would be taken for HTML."""
    return " ".join(text.split()).replace("<", "&lt;").replace("{{", "{").replace("}}", "}")


FINDINGS = """\
What `isthmus mapping lint` finds, and what holds one record back. Each is told with file, line, field, value, rule and
the way out.
"""
REASONS = """\
Not errors: what `isthmus todo`, a plan and `isthmus binding show` say about a document that waits, is held or was left
alone. The row that waits moves on as its text says.
"""
REASON_ROOMS = ("identity", "protocol", "sync")
_NO_REASON = re.compile(r"\w+\.(?:next|trace|op|zone)_")


def _write_findings() -> Iterator[str]:
    texts = load_texts("en")
    for code in sorted(texts):
        if f"{code}_fix" in texts:
            lines = [f"- {lang}: {_escape(load_texts(lang)[code])}" for lang in ("en", "zh")]
            cures = [f"- {word}: {_escape(load_texts(lang)[f'{code}_fix'])}" for lang, word in _CURE_WORDS.items()]
            yield "\n".join([f"### `{code}`", "", "`MappingError`", "", *lines, *cures])


_CURE_WORDS = {"en": "cure", "zh": "cure (zh)"}


def list_reasons(raised: list[Explained]) -> list[str]:
    """Codes that no error carries but rows, plans and bindings do."""
    known = {item.code for item in raised}
    return [
        code
        for code in sorted(load_texts("en"))
        if code.partition(".")[0] in REASON_ROOMS and code not in known and not _NO_REASON.match(code)
    ]


def _write_reasons(raised: list[Explained], notes: Notes) -> Iterator[str]:
    for code in list_reasons(raised):
        told = [f"- {word}: {_escape(text)}" for word, text in notes.get(code, {}).items()]
        yield "\n".join([f"### `{code}`", "", *_write_texts(code), *told])
