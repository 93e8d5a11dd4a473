"""What a mapping needs beside the text and the value, and what it gives back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, NamedTuple
from uuid import UUID

from hub.errors import ConfigInvalid
from hub.locale import Phrase, render

Codes = Mapping[str, Mapping[str, str]]
"""Code tables of a connection: table → {remote code: hub value}."""


def _find_no_ref(kind: str, external_id: str) -> UUID | None:
    return None


def _find_no_remote(kind: str, hub_id: UUID) -> str | None:
    return None


def _find_nobody(kind: str, text: str) -> UUID | None:
    return None


def _name_nobody(kind: str, hub_id: UUID) -> str | None:
    return None


def _keep_remote_line(field_name: str, remote_line_id: str) -> str:
    return remote_line_id


def _find_no_line(field_name: str, line_key: str) -> str | None:
    return None


@dataclass(frozen=True)
class Given:
    """A canonical value that a person gave for a field, for as long as the record says ``raw`` there (as
    :func:`show_raw` writes it)."""

    value: Any
    raw: str
    origin: str


def show_raw(raw: Any) -> str:
    """What a record says at a place, as text that can be compared later, from a stored record too."""
    return "" if raw is None else json.dumps(raw, ensure_ascii=False, sort_keys=True, default=str)


@dataclass(frozen=True)
class Context:
    """What only the connection and the store know, as values and callables; a mapping itself does no I/O.

    ``zone`` reads times that come without one. ``line_key(field, remote line id)`` gives the hub's key of a line;
    ``remote_line(field, line key)`` gives the remote id of a line that the other system already has, or None.
    ``find_named(kind, text)`` is the one record of the hub that people call so, ``name_of(kind, hub id)`` what they
    call it: code tables speak of colleagues and of our own organisations by their names.
    """

    zone: tzinfo = UTC
    codes: Codes = dataclasses.field(default_factory=dict)
    find_ref: Callable[[str, str], UUID | None] = _find_no_ref
    find_remote: Callable[[str, UUID], str | None] = _find_no_remote
    line_key: Callable[[str, str], str] = _keep_remote_line
    remote_line: Callable[[str, str], str | None] = _find_no_line
    find_named: Callable[[str, str], UUID | None] = _find_nobody
    name_of: Callable[[str, UUID], str | None] = _name_nobody
    given: Mapping[str, Given] = dataclasses.field(default_factory=dict)
    """Field, or ``lines[<remote line id>].unit`` → what a person said that it is."""
    _remote_codes: dict[str, Mapping[str, tuple[str, ...]]] = dataclasses.field(
        default_factory=dict, init=False, repr=False
    )

    def take_given(self, name: str, raw: Any) -> Given | None:
        """What a person gave for a field of a record that says this there, or None."""
        given = self.given.get(name)
        return given if given is not None and given.raw == show_raw(raw) else None

    def remote_codes(self, table: str) -> Mapping[str, tuple[str, ...]] | None:
        """The code table read backwards: hub value → every remote code that means it. None when there is no table."""
        if table not in self.codes:
            return None
        if table not in self._remote_codes:
            backwards: dict[str, tuple[str, ...]] = {}
            for code, value in self.codes[table].items():
                backwards[value] = (*backwards.get(value, ()), code)
            self._remote_codes[table] = backwards
        return self._remote_codes[table]


@dataclass(frozen=True)
class Problem:
    """Something that a person must settle: where it is written, which value, which rule, and the way out.

    ``kind`` is ``value`` (this record waits), ``reference`` (the record ``external_id`` of ``ref_kind`` must come
    first) or ``file`` (the mapping file itself; found by lint). ``line`` counts from 1. ``severity`` is ``error`` or
    ``warning``; only lint warns.
    """

    code: str
    file: str
    line: int
    field: str
    value: object = None
    rule: str = ""
    kind: str = "value"
    ref_kind: str | None = None
    external_id: str | None = None
    severity: str = "error"
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)
    path: str = ""
    """The place in the other system's record, where it was a value."""

    def what(self, lang: str = "en") -> str:
        """What is wrong, in one sentence."""
        return render(self.code, lang, **self._all_params())

    def fix(self, lang: str = "en") -> str:
        """What to do about it, in one sentence."""
        return render(self.code + "_fix", lang, **self._all_params())

    def text(self, lang: str = "en") -> str:
        """File, line, field, what is wrong, the fix and the rule on one line."""
        phrase = self.phrase()
        return render(phrase.code, lang, **phrase.params)

    def reason(self) -> Phrase:
        """What is wrong, alone, in whatever language it is read."""
        return Phrase(self.code, **self._all_params())

    def phrase(self) -> Phrase:
        """The same as a part of another text, in whatever language that is read."""
        params = self._all_params()
        sentence = Phrase(
            "mapping.problem", file=self.file, line=self.line, field=self.field, what=self.reason(),
            fix=Phrase(self.code + "_fix", **params),
        )  # fmt: skip
        return Phrase("mapping.problem_of_rule", sentence=sentence, rule=self.rule) if self.rule else sentence

    def _all_params(self) -> dict[str, object]:
        return {
            "field": self.field, "value": self.value, "rule": self.rule, "file": self.file, "line": self.line,
            "ref_kind": self.ref_kind, "external_id": self.external_id, **self.params,
        }  # fmt: skip


@dataclass(frozen=True)
class Mapped:
    """One source record in canonical form. A field with a problem is missing from ``values``; ``origins`` names the
    remote path of each value."""

    values: dict[str, Any]
    origins: dict[str, str]
    problems: list[Problem]


class MappingInvalid(ConfigInvalid):
    """The mapping file cannot be used; ``problems`` holds every finding."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("mapping.invalid", file=file, count=len(self.problems))

    def text(self, lang: str = "en") -> str:
        return "\n".join([super().text(lang), *(f"  {problem.text(lang)}" for problem in self.problems)])


class Refusal(Exception):
    """Inside the mapping room only: this value cannot be translated. The rule that was at work makes it a Problem."""

    def __init__(self, code: str, *, ref_kind: str | None = None, external_id: str | None = None, **params: object):
        super().__init__(code)
        self.code = code
        self.ref_kind = ref_kind
        self.external_id = external_id
        self.params = params


class Run(NamedTuple):
    """One application of a mapping to one record: ``payload`` and ``values`` are those of the line at work,
    ``record`` holds the canonical values of the whole record."""

    context: Context
    record: Mapping[str, Any]
    payload: Mapping[str, Any]
    values: Mapping[str, Any]
