"""What a measurement found: one sentence, and the declared value beside the measured one where there are two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from hub.errors import IsthmusError
from hub.locale import Phrase, render


class Verdict(StrEnum):
    OK = "ok"
    NOTE = "note"
    """Nothing is wrong; worth reading (a declaration that is more careful than needed, something not measurable)."""
    BAD = "bad"
    """The declaration promises more than the system keeps, or the connector breaks a rule."""
    SKIPPED = "skipped"
    """Could not be looked at; the sentence says what is missing."""


@dataclass(frozen=True)
class Finding:
    """One fact about one kind. ``code`` names the sentence in the message catalogue."""

    verdict: Verdict
    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    kind: str = ""
    fact: str = ""
    """What was measured (``tier``, ``compare_and_set``…); empty when there is nothing to put beside a declaration."""
    declared: str = ""
    measured: str = ""

    def of(self, kind: str) -> Finding:
        """The same about this kind."""
        return replace(self, kind=kind)

    def text(self, lang: str = "en") -> str:
        """One sentence that says what to do."""
        shown = {"kind": self.kind, "declared": self.declared, "measured": self.measured, **self.params}
        return render(self.code, lang, **shown)


Findings = Iterator[Finding]


def ok(code: str, /, **params: object) -> Finding:
    return Finding(Verdict.OK, code, params)


def note(code: str, /, **params: object) -> Finding:
    return Finding(Verdict.NOTE, code, params)


def bad(code: str, /, **params: object) -> Finding:
    return Finding(Verdict.BAD, code, params)


def skipped(code: str, /, **params: object) -> Finding:
    return Finding(Verdict.SKIPPED, code, params)


def beside(finding: Finding, fact: str, declared: object, measured: object) -> Finding:
    """The same finding as a row of the table of facts."""
    return replace(finding, fact=fact, declared=show_plain(declared), measured=show_plain(measured))


def compare(fact: str, declared: object, measured: object, *, optimistic: bool, **params: object) -> Finding:
    """A declaration beside what was seen. Equal is fine; different is bad when the declaration is the ``optimistic``
    one of the two, and a remark when it is merely careful."""
    told = {"fact": fact, "declared": show_plain(declared), "measured": show_plain(measured)}
    if declared == measured:
        return Finding(Verdict.OK, "measure.as_declared", {"fact": fact, **params}, **told)
    if optimistic:
        return Finding(Verdict.BAD, "measure.too_optimistic", {"fact": fact, **params}, **told)
    return Finding(Verdict.NOTE, "measure.careful", {"fact": fact, **params}, **told)


def name_outcome(outcome: object) -> Phrase:
    """What came of a call, in the reader's language: the class of an error says what happens next."""
    if not isinstance(outcome, IsthmusError):
        return Phrase("measure.outcome_success")
    words = Phrase(outcome.code, **outcome.params)
    told: dict[str, object] = {"what": type(outcome).__name__, "words": words}
    if outcome.vendor:
        return Phrase("measure.outcome_vendor", vendor=outcome.vendor, **told)
    return Phrase("measure.outcome", **told)


def show_plain(value: object) -> str:
    """A declared value as people read it: numbers without needless digits, sets in order."""
    if isinstance(value, bool):
        return Phrase("measure.yes") if value else Phrase("measure.no")
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, frozenset | set):
        return ", ".join(sorted(str(item) for item in value)) or "-"
    return str(value) if value not in (None, "") else "-"


@dataclass(frozen=True)
class Measured:
    """The findings of one named check of one kind."""

    check: str
    kind: str
    findings: Sequence[Finding]

    @property
    def bad(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.verdict is Verdict.BAD]

    @property
    def skipped(self) -> bool:
        """Nothing at all could be looked at."""
        return bool(self.findings) and all(finding.verdict is Verdict.SKIPPED for finding in self.findings)

    def sentences(self, lang: str = "en", *, verdicts: Iterable[Verdict] = (Verdict.BAD,)) -> list[str]:
        return [finding.text(lang) for finding in self.findings if finding.verdict in verdicts]


@dataclass
class Report:
    """Everything that was measured, in the order in which it was."""

    name: str
    checks: list[Measured] = field(default_factory=list)

    def facts(self) -> list[Finding]:
        """What was measured beside what is declared; the last word on each fact counts."""
        found = {
            (done.kind, finding.fact): finding for done in self.checks for finding in done.findings if finding.fact
        }
        return [found[key] for key in sorted(found)]

    def lines(self, lang: str = "en") -> list[str]:
        """The report for people: a table of facts, then the remarks."""
        rows = [("", "", render("measure.head_declared", lang), render("measure.head_measured", lang), "")]
        rows += [(one.kind, one.fact, one.declared, one.measured, one.verdict.value) for one in self.facts()]
        widths = [max(len(row[place]) for row in rows) for place in range(5)]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        remarks = [
            f"{one.verdict.value}: {done.kind} {done.check}: {one.text(lang)}"
            for done in self.checks
            for one in done.findings
            if one.verdict is not Verdict.OK
        ]
        return [self.name, *table, *remarks]
