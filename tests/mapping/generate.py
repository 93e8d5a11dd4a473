"""Random mappings with random values that fit them, for the round-trip law.

A field is drawn together with a rule for it and a value that the rule can say; the case collects the TOML text, the
code tables and the values. Remote ids of references and lines are numbers on both sides.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from hub.mapping import Context, Mapping, compile_mapping, parse_mapping
from hub.mapping.targets import Target, kind_targets, line_targets
from tests.mapping.build import HEADERS, known_context

ZONES = [ZoneInfo(name) for name in ("UTC", "Asia/Shanghai", "America/Sao_Paulo", "Asia/Kathmandu")]
texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=12).map(str.strip)
filled = texts.filter(bool)
numbers = st.integers(0, 10**15)
amounts = st.decimals(-(10**7), 10**7, places=6)
Rule = tuple[str, st.SearchStrategy[Any]]
"""The rule as TOML, and the values that it can say."""
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "reverse": lambda value, payload: None if value is None else value[::-1],
    "reverse_out": lambda value, values: value[::-1],
}


class Case:
    """A mapping and values that it can say; shown by its text when a law is broken."""

    def __init__(self, text: str, mapping: Mapping, values: dict[str, Any], context: Context) -> None:
        self.text = text
        self.mapping = mapping
        self.values = values
        self.context = context

    def __repr__(self) -> str:
        return f"{self.text}\nvalues = {self.values}\ncodes = {self.context.codes}\nzone = {self.context.zone}"


@dataclass
class Draft:
    """A case in the making."""

    draw: Callable[[Any], Any]
    codes: dict[str, dict[str, str]]
    names: int = 0

    def new_name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def new_path(self) -> str:
        """A path that no other rule writes."""
        name = self.new_name("f")
        group = self.draw(st.sampled_from(["a", "b"]))
        shapes = [name, f"{group}.{name}", f"'x.{name}'.y", f"list_{group}[type={name},n=1].value", f"{group}.c.{name}"]
        return str(self.draw(st.sampled_from(shapes)))


@st.composite
def cases(draw: Any) -> Case:
    """A mapping of some kind with values for its two-way fields."""
    kind = draw(st.sampled_from(sorted(HEADERS)))
    draft = Draft(draw, {})
    lines: list[str] = []
    tables: list[str] = []
    values: dict[str, Any] = {}
    for name, target in kind_targets(kind).items():
        if not target.required and draw(st.booleans()):
            continue
        if target.shape == "lines":
            tables.append(_draw_list(draft, target, values))
        elif target.shape != "other":
            rule, fitting = _draw_rule(draft, target)
            lines.append(f"{name} = {rule}")
            values[name] = draw(fitting)
    for name in draw(st.lists(st.sampled_from(["size", "colour"]), unique=True)):
        lines.append(f'custom.{name} = "{draft.new_path()}"')
        values[f"custom.{name}"] = draw(st.none() | texts | numbers | st.booleans())
    text = "\n".join(["[mapping]", HEADERS[kind], "[fields]", *lines, *tables])
    mapping = compile_mapping(parse_mapping(text, "generated.toml"), kind, FUNCTIONS)
    context = known_context(zone=draw(st.sampled_from(ZONES)), codes=draft.codes)
    return Case(text, mapping, values, context)


def _draw_list(draft: Draft, target: Target, values: dict[str, Any]) -> str:
    assert target.line is not None
    rules: dict[str, str] = {}
    rows: list[dict[str, Any]] = [{"key": str(number)} for number in range(draft.draw(st.integers(0, 3)))]
    for name, inner in line_targets(target.line).items():
        if not inner.required and draft.draw(st.booleans()):
            continue
        rules[name], fitting = _draw_rule(draft, inner)
        for row in rows:
            row[name] = draft.draw(fitting)
    values[target.name] = tuple(target.line.model_validate(row) for row in rows)
    head = f'[fields.{target.name}]\neach = "{draft.new_name("lines")}"\nkey = "id"\n[fields.{target.name}.fields]'
    return "\n".join([head, *(f"{name} = {rule}" for name, rule in rules.items())])


def _draw_rule(draft: Draft, target: Target) -> Rule:
    """A rule for a field, and the values that it can say. A text that must be there is never empty."""
    rule, fitting = _choose_rule(draft, target)
    return rule, fitting.filter(bool) if target.required and target.shape == "text" else fitting


def _choose_rule(draft: Draft, target: Target) -> Rule:
    if target.name.endswith("currency"):
        return _short(draft), st.sampled_from(["CNY", "JPY", "KWD"])
    maker: Callable[[Draft, Target], Rule] = draft.draw(st.sampled_from(MAKERS[target.shape]))
    return maker(draft, target)


def _short(draft: Draft, **verbs: Any) -> str:
    inside = "".join(f", {verb} = {_toml(value)}" for verb, value in verbs.items())
    return f'{{ from = "{draft.new_path()}"{inside} }}'


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _plain_text(draft: Draft, target: Target) -> Rule:
    return f'"{draft.new_path()}"', texts


def _number_text(draft: Draft, target: Target) -> Rule:
    return _short(draft, **{"as": "integer"}), numbers.map(str)


def _called_text(draft: Draft, target: Target) -> Rule:
    return _short(draft, call="reverse"), texts


def _coded_text(draft: Draft, target: Target) -> Rule:
    table = draft.new_name("table")
    known = draft.draw(st.dictionaries(numbers.map(str), filled, min_size=1, max_size=4))
    draft.codes[table] = {code: value for value, code in {value: code for code, value in known.items()}.items()}
    form = draft.draw(st.sampled_from(["text", "integer"]))
    return _short(draft, code=table, **{"as": form}), st.sampled_from(list(draft.codes[table].values()))


def _listed_text(draft: Draft, target: Target) -> Rule:
    one, two = draft.draw(st.lists(filled, min_size=2, max_size=2, unique=True))
    return _short(draft, values={"k": one + "!", "l": two + "!", "m": one + "!?"}), st.sampled_from([one, two])


def _texts(draft: Draft, target: Target) -> Rule:
    return f'"{draft.new_path()}"', st.lists(texts, max_size=3).map(tuple)


def _money(draft: Draft, target: Target) -> Rule:
    return _short(draft, **draft.draw(st.sampled_from([{}, {"as": "money"}]))), amounts


def _decimal(draft: Draft, target: Target) -> Rule:
    return _short(draft, **{"as": "decimal"}), amounts


def _percent(draft: Draft, target: Target) -> Rule:
    return _short(draft, **{"as": "percent"}), amounts


def _listed_decimal(draft: Draft, target: Target) -> Rule:
    values = {"A": "0.13", "B": "0.06!", "C": "0.06", "0": "0"}
    return _short(draft, values=values), st.sampled_from([Decimal("0.13"), Decimal("0.060000"), Decimal("0.00")])


def _date(draft: Draft, target: Target) -> Rule:
    form = draft.draw(st.sampled_from(["date", "datetime"]))
    days = st.dates(date(1900, 1, 2), date(2200, 1, 1))
    return _short(draft, **{"as": form}), st.none() | days if target.nullable else days


def _instant(draft: Draft, target: Target) -> Rule:
    moments = st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))
    return _short(draft, **{"as": "datetime"}), st.none() | moments if target.nullable else moments


def _plain_enum(draft: Draft, target: Target) -> Rule:
    return f'"{draft.new_path()}"', st.sampled_from(list(target.enum or ()))


def _listed_enum(draft: Draft, target: Target) -> Rule:
    members: list[Any] = list(target.enum or ())
    values = {str(position): f"{member.value}!" for position, member in enumerate(members)}
    return _short(draft, values={**values, "first": members[0].value}), st.sampled_from(members)


def _reference(draft: Draft, target: Target) -> Rule:
    form = draft.draw(st.sampled_from(["text", "integer"]))
    ids = numbers.map(lambda number: UUID(int=number))
    return _short(draft, ref=target.ref, **{"as": form}), st.none() | ids if target.nullable else ids


MAKERS: dict[str, list[Callable[[Draft, Target], Rule]]] = {
    "text": [_plain_text, _number_text, _coded_text, _listed_text, _called_text],
    "decimal": [_money, _decimal, _percent, _listed_decimal],
    "date": [_date],
    "datetime": [_instant],
    "enum": [_plain_enum, _listed_enum],
    "id": [_reference],
    "list": [_texts],
}


def forget_lines(context: Context) -> Context:
    """The same context, every line being new there."""
    return dataclasses.replace(context, remote_line=lambda field, key: None)
