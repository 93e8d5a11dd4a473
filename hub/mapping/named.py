"""Codes that stand for records of the hub, such as salespeople for colleagues: the table calls each by its name."""

from __future__ import annotations

from typing import Any

from hub.mapping.context import Refusal, Run
from hub.mapping.converters import Converter, encode_key, raw_key
from hub.mapping.path import ABSENT


def make_named_converters(table: str, ref_kind: str, form: str) -> tuple[Converter, Converter]:
    """A code that stands for a record of the hub, which the table calls by its name. One that nobody here is called,
    or several are, says nothing about the field."""

    def decode(raw: Any, run: Run) -> Any:
        codes = run.context.codes.get(table)
        key = raw_key(raw, form, run)
        if codes is None or key not in codes:
            raise Refusal("mapping.code_unknown", table=table)
        found = run.context.find_named(ref_kind, codes[key])
        return ABSENT if found is None else found

    def encode(value: Any, run: Run) -> Any:
        name = run.context.name_of(ref_kind, value) or str(value)
        found = (run.context.remote_codes(table) or {}).get(name, ())
        if len(found) != 1:
            code = "mapping.code_ambiguous" if found else "mapping.code_unsaid"
            raise Refusal(code, table=table, codes=", ".join(found), value=name)
        return encode_key(found[0], form)

    return decode, encode
