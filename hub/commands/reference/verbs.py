"""The verbs of the mapping language, each with an example that is carried out when the page is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.commands.reference.markdown import as_code, write_page, write_table
from hub.mapping import Context, Mapping, compile_mapping, parse_mapping
from hub.mapping.converters import FORM_NAMES
from hub.mapping.source import VERBS
from hub.model.kinds import encode_fields

HEAD = """\
A rule of a mapping file is a hub field and a table of verbs; these are all there are. [Field mappings](../mapping.md)
explains how they work together, `isthmus mapping explain` shows them at work on a record of yours.

Each example shows a rule, a record there, what the hub makes of it, and what the hub would write back.
"""
HEADER = '[mapping]\nkind = "{kind}"\nstream = "example"\nversion = 1\nkey = "id"\n[fields]\n'
NEEDED = {
    "account": 'name = "name"\n',
    "order": 'account_id = { from = "customer", ref = "account" }\ncurrency = "currency"\n',
    "product": 'name = "name"\n',
}
HIDDEN: dict[str, dict[str, object]] = {
    "account": {"name": "Haiyue"},
    "order": {"customer": "4", "currency": "CNY"},
    "product": {"name": "Bearing"},
}
"""What every record of the kind has, so that the rules above work; left out of the page."""


@dataclass(frozen=True)
class Example:
    """One verb: what it does, rules that use it, and a record there."""

    meaning: str
    kind: str
    rules: str
    there: dict[str, Any]


EXAMPLES = {
    "from": Example(
        "The place in the other system's record: a key, keys with dots between, or an element of a list by a "
        "condition. A rule that is only a text is a `from`.",
        "account",
        'phone = { from = "contacts[type=phone].value" }\nnote = "extra.remark"',
        {"contacts": [{"type": "fax", "value": "9"}, {"type": "phone", "value": "1"}], "extra": {"remark": "A"}},
    ),
    "as": Example(
        "What the value is there, where that differs from the hub's field: "
        + ", ".join(map(as_code, FORM_NAMES))
        + ".",
        "product",
        'tax_rate = { from = "vat", as = "percent" }\nstate = { from = "sold", as = "integer", direction = "in", '
        'values = { 0 = "inactive", 1 = "active" } }',
        {"vat": "13", "sold": "1"},
    ),
    "values": Example(
        "Table of their value = our value. Where several of theirs mean the same, an exclamation mark names the one "
        "to write.",
        "product",
        'tax_rate = { from = "vat_key", values = { A = "0.13!", "A-old" = "0.13", B = "0.06" } }',
        {"vat_key": "A-old"},
    ),
    "otherwise": Example(
        'What holds for a value that is not in `values`: `"hold"`, the default (the record waits for a person), or '
        "one of ours.",
        "product",
        'state = { from = "status", values = { sold = "active" }, otherwise = "inactive", direction = "in" }',
        {"status": "sample"},
    ),
    "ref": Example(
        "The value is the id of a record of this kind there; an unknown one is fetched first. With `.number` behind "
        "the kind (`product.number`) it is a number that both sides use: the record waits until exactly one has it.",
        "order",
        'owner_id = { from = "seller", ref = "user" }',
        {"seller": "12"},
    ),
    "code": Example(
        "The value is translated by this code table of the connection, both ways. Here the table `unit` has "
        "PCS = piece.",
        "product",
        'unit = { from = "uom", code = "unit" }',
        {"uom": "PCS"},
    ),
    "each": Example(
        "The place of a list; its elements become the lines of the hub's list, by the rules under `fields`.",
        "order",
        '[fields.lines]\neach = "rows"\nkey = "no"\n'
        '[fields.lines.fields]\nname = "text"\nquantity = "qty"\nunit_price = "price"',
        {"rows": [{"no": "1", "text": "Bearing", "qty": "2.5", "price": "12.50"}]},
    ),
    "key": Example(
        "What identifies a line for as long as it lives, so that an edit is not taken for a removal and an addition. "
        'For `each = "."` (a line that stands in the record itself) it is the name of the line.',
        "account",
        '[fields.identifiers]\neach = "numbers"\nkey = "id"\n'
        '[fields.identifiers.fields]\nkind = "sort"\nvalue = "code"',
        {"numbers": [{"id": "7", "sort": "vat", "code": "DE1"}]},
    ),
    "currency": Example(
        "The hub's field that holds the currency of this amount; it decides how many places `minor` has.",
        "order",
        'gross = { from = "fen", as = "minor", currency = "currency", direction = "in" }',
        {"fen": 1250},
    ),
    "direction": Example(
        "`both` (the default), `in` (only read) or `out` (only written).",
        "order",
        'number = { from = "no", direction = "in" }\nnote = "remark"',
        {"no": "S17", "remark": "rush"},
    ),
    "default": Example(
        "Our value where they have none; without `from` it is a fixed value that is never written.",
        "order",
        'note = { from = "remark", default = "none", direction = "in" }\nreference = { default = "shop" }',
        {"remark": None},
    ),
    "call": Example(
        "A function of the connector: `name(value, record)` on the way in, `name_out(value, values)` on the way out. "
        "Here `join` puts two parts together and `join_out` takes them apart.",
        "account",
        'note = { from = "remark", call = "join" }',
        {"remark": ["paid", "in advance"]},
    ),
}
FUNCTIONS = {
    "join": lambda value, record: " / ".join(value),
    "join_out": lambda value, values: value.split(" / "),
}
CONTEXT = Context(
    zone=ZoneInfo("Asia/Shanghai"),
    codes={"unit": {"PCS": "piece"}},
    find_ref=lambda kind, external_id: UUID(int=int(external_id)),
    find_remote=lambda kind, hub_id: str(hub_id.int),
    remote_line=lambda field, key: key,
)


def render() -> str:
    """The whole page."""
    overview = write_table(["verb", "in short"], [(f"[`{verb}`](#{verb})", _first_sentence(verb)) for verb in VERBS])
    return write_page("Mapping verbs", [HEAD, overview, *(_write_verb(verb) for verb in VERBS)])


def _first_sentence(verb: str) -> str:
    return EXAMPLES[verb].meaning.split(". ")[0].rstrip(".") + "."


def _write_verb(verb: str) -> str:
    example = EXAMPLES[verb]
    here, written = carry_out(example)
    return "\n\n".join(
        [
            f"## {verb}",
            example.meaning,
            f"```toml\n{example.rules}\n```",
            _write_json("there", example.there),
            _write_json("in the hub", here),
            _write_json("written back", written) if written else "Nothing is written back.",
        ]
    )


def _write_json(title: str, content: object) -> str:
    return f"{title}:\n\n```json\n{json.dumps(content, ensure_ascii=False)}\n```"


def carry_out(example: Example) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the hub makes of the record, and what it would write back, without what every record of the kind has."""
    mapping = compile_example(example)
    mapped = mapping.to_canonical({**HIDDEN[example.kind], **example.there}, CONTEXT)
    written, problems = mapping.to_remote(mapped.values, CONTEXT)
    if mapped.problems or problems:
        raise ValueError([problem.text() for problem in (*mapped.problems, *problems)])
    ruled = {rule.name: {"key", *rule.fields} for rule in mapping.source.rules.values()}
    shown = sorted(ruled.keys() & mapped.values.keys() - _names_of(NEEDED[example.kind]))
    encoded = encode_fields(example.kind, {name: mapped.values[name] for name in shown})
    here = {name: _keep_ruled(value, ruled[name]) for name, value in encoded.items()}
    return here, {name: value for name, value in written.items() if name not in HIDDEN[example.kind]}


def _keep_ruled(value: Any, fields: set[str]) -> Any:
    """Of lines only what the rules fill."""
    if not isinstance(value, list):
        return value
    return [{name: part for name, part in line.items() if name in fields} for line in value]


def compile_example(example: Example) -> Mapping:
    """The mapping that the rules of an example make."""
    text = HEADER.format(kind=example.kind) + NEEDED[example.kind] + example.rules
    return compile_mapping(parse_mapping(text, "example.toml"), example.kind, FUNCTIONS)


def _names_of(rules: str) -> set[str]:
    return {line.partition(" =")[0] for line in rules.splitlines()}
