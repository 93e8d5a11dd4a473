"""What can be judged without asking the other system: labels, questions, mappings, declarations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.locale import LANGUAGES, load_texts
from hub.model.kinds import find_kind
from hub.protocol.semantics import ALL_FIELDS, Amend, Confirm, Stage, Tier, WriteSemantics
from hub.sdk import Connector, Sink
from hub.sync.measure.findings import Findings, bad, ok
from hub.sync.measure.subject import Subject

SECRET_WORDS = ("password", "secret", "token", "api_key", "apikey", "private_key")


def judge_config(connector: type[Connector]) -> Findings:
    """The label and every question of ``connection add`` exist in both languages, and secrets are secrets."""
    for lang in LANGUAGES:
        if not connector.label.get(lang):
            yield bad("measure.label_missing", lang=lang)
    for name, field in connector.Config.model_fields.items():
        extra = field.json_schema_extra
        if not field.description:
            yield bad("measure.question_missing", field=name, lang="en")
        if not (isinstance(extra, dict) and extra.get("zh")):
            yield bad("measure.question_missing", field=name, lang="zh")
        if any(word in name.lower() for word in SECRET_WORDS) and "SecretStr" not in repr(field.annotation):
            yield bad("measure.secret_plain", field=name)
    yield ok("measure.config_fine")


def judge_catalogue(folder: Path | None, texts: Mapping[str, Mapping[str, Any]]) -> Findings:
    """``texts``: language → code → text of the connector's own catalogue."""
    if folder is None:
        yield bad("measure.catalogue_missing")
        return
    for code in sorted(texts["en"].keys() ^ texts["zh"].keys()):
        yield bad("measure.catalogue_uneven", code=code)
    yield ok("measure.catalogue_fine")


def judge_codes(codes: Sequence[str]) -> Findings:
    """Every code that a connector says has a text in both languages."""
    for lang in LANGUAGES:
        for code in sorted(set(codes) - load_texts(lang).keys()):
            yield bad("measure.text_missing", code=code, lang=lang)


def judge_outline(connector: Connector, subjects: Mapping[str, Subject], kind: str) -> Findings:
    """Stream, sink and mapping of one kind fit together."""
    if kind not in subjects:
        yield bad("measure.mapping_missing")
        return
    subject, sink = subjects[kind], connector.sinks().get(kind)
    if subject.stream.kind != kind:
        yield bad("measure.stream_kind", stream=subject.stream.name, found=subject.stream.kind)
    if sink is not None:
        yield from _judge_sink(connector, subject, sink)
    yield ok("measure.outline_fine")


def _judge_sink(connector: Connector, subject: Subject, sink: Sink) -> Findings:
    if sink.stream not in connector.streams() or sink.stream != subject.stream.name:
        yield bad("measure.sink_stream", stream=sink.stream, mapped=subject.stream.name)
    semantics = sink.semantics
    known = subject.mapping.fields_in | subject.mapping.fields_out
    for stage, fields in semantics.editable.items():
        for name in sorted(fields - ALL_FIELDS - known):
            yield bad("measure.field_unknown", field=name, where=f"editable[{stage.value}]")
    for name in semantics.normalisers:
        if name.partition(".")[0] not in known:
            yield bad("measure.field_unknown", field=name, where="normalisers")
    yield from judge_declaration(semantics, transactional=find_kind(subject.kind).TRANSACTIONAL)


def judge_declaration(semantics: WriteSemantics, *, transactional: bool) -> Findings:
    """Parts of a declaration that contradict each other."""
    if (semantics.reference_field is None) != (semantics.tier is Tier.BLIND):
        yield bad("measure.reference_undeclared", tier=semantics.tier.value)
    if semantics.tier is not Tier.DRAFT and semantics.confirms - {Confirm.SAVE}:
        yield bad("measure.confirms_without_drafts", tier=semantics.tier.value)
    if semantics.tier is Tier.DRAFT and Stage.DRAFT not in semantics.deletable:
        yield bad("measure.drafts_not_deletable")
    if transactional and semantics.amend is Amend.REVERSE and Stage.EFFECTIVE not in semantics.voidable:
        yield bad("measure.reverse_without_void")
