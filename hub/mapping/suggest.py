"""Proposes a mapping from samples: headings are recognised by synonyms, values by their shapes, and each proposal says
how sure it is and why. What is not recognised is listed, never dropped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.locale import Phrase
from hub.mapping.evidence import Evidence, guess_type, look_at_values
from hub.mapping.proposal import Proposal, Proposed, Source, Unknown, write_proposal, write_value
from hub.mapping.synonyms import HEADINGS, STATES
from hub.mapping.targets import kind_targets, line_targets

SURE, MAYBE, LEAST = 95, 60, 45
CONFIRMED = 4
"""What a fitting shape adds to a heading."""
WANTED_SHAPES: Mapping[str, tuple[str, ...]] = {
    "identifiers.uscc": ("uscc",), "identifiers.vat": ("vat",), "email": ("email",), "phone": ("phone",),
    "mobile": ("phone",), "website": ("url",), "ordered_on": ("date",), "lines.quantity": ("amount",),
    "lines.unit_price": ("amount",), "lines.price_gross": ("amount",), "lines.net": ("amount",),
    "lines.tax": ("amount",), "lines.gross": ("amount",), "lines.tax_rate": ("rate", "amount"),
    "tax_rate": ("rate", "amount"), "list_price": ("amount",), "price_gross": ("amount",), "currency": ("currency",),
    "addresses.postal_code": ("postal",),
}  # fmt: skip
"""Field → the shapes that its values have."""
TELLING: Mapping[str, tuple[str, int]] = {
    "identifiers.uscc": ("uscc", SURE), "email": ("email", SURE), "identifiers.vat": ("vat", 80),
    "phone": ("phone", 80), "website": ("url", 80), "name": ("company", MAYBE), "ordered_on": ("date", MAYBE),
    "lines.tax_rate": ("rate", MAYBE),
}  # fmt: skip
"""Field → the shape that tells it whatever the heading says, and how sure that is."""
INSTEAD = {"price_gross": "list_price", "lines.price_gross": "lines.unit_price"}
"""A price with tax takes the place of the price without."""
CALLS = {
    "ordered_on": "day", "lines.quantity": "amount", "lines.unit_price": "amount", "lines.net": "amount",
    "lines.tax": "amount", "lines.gross": "amount", "lines.tax_rate": "rate", "list_price": "amount",
    "tax_rate": "rate", "price_gross": "price_without_tax", "lines.price_gross": "price_without_tax",
}  # fmt: skip
"""Field → the function of the connector that reads what people type into such cells, where it has one."""
FORMS = {"ordered_on": "date", "lines.quantity": "decimal", "lines.tax_rate": "decimal", "tax_rate": "decimal"}
REFERENCES = {"account_id": "account", "lines.product_id": "product"}
ONLY_IN = frozenset({"lines.net", "lines.tax", "lines.gross", "number", "state"})


@dataclass(frozen=True)
class _Match:
    field: str
    column: str
    confidence: int
    reason: Phrase


def suggest_mapping(kind: str, samples: Sequence[Mapping[str, Any]], source: Source, *, currency: str) -> Proposal:
    """The mapping of a kind. ``currency`` is assumed where no column tells it."""
    columns = _collect_columns(samples)
    evidence = {name: look_at_values(values) for name, values in columns.items()}
    chosen = _choose(kind, evidence, source)
    fields = [_propose(kind, match, evidence, columns, source) for match in chosen]
    fields += _assume(kind, fields, source, currency)
    taken = {match.column for match in chosen}
    unknown = tuple(
        Unknown(name, guess_type(values), evidence[name].filled, evidence[name].examples)
        for name, values in columns.items()
        if name not in taken and evidence[name].filled
    )
    missing = _list_missing(kind, {field.field for field in fields})
    text = write_proposal(kind, fields, unknown, missing, source)
    return Proposal(kind, tuple(fields), unknown, missing, text, len(samples))


def _collect_columns(samples: Sequence[Mapping[str, Any]]) -> dict[str, list[object]]:
    """Path → values; keys that begin with an underscore are the connector's own."""
    names: dict[str, None] = {}
    flat = [dict(_flatten(sample, "")) for sample in samples]
    for row in flat:
        names.update(dict.fromkeys(row))
    return {name: [row.get(name) for row in flat] for name in names}


def _flatten(payload: Mapping[str, Any], before: str) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, value in payload.items():
        if name.startswith("_"):
            continue
        path = before + (name if re.fullmatch(r"[^.\[\]'\"\s=,]+", name) else f"'{name}'")
        if isinstance(value, Mapping):
            found += _flatten(value, path + ".")
        elif not isinstance(value, list | tuple):
            found.append((path, value))
    return found


# ---------------------------------------------------------------- recognising


def fold_heading(text: str) -> str:
    """A heading for comparison: half-width, one case, no spaces, brackets or marks."""
    plain = unicodedata.normalize("NFKC", text).strip("'").casefold()
    return re.sub(r"[\s_*:/.#-]+|\(.*?\)|\[.*?\]|【.*?】", "", plain)


def _choose(kind: str, evidence: Mapping[str, Evidence], source: Source) -> list[_Match]:
    """Each field once and each column once, the surest first."""
    found = [match for name, seen in evidence.items() for match in _match_column(kind, name, seen, source)]
    order = {name: place for place, name in enumerate(evidence)}
    found.sort(key=lambda match: (-match.confidence, order[match.column]))
    fields: set[str] = set()
    columns: set[str] = set()
    chosen = []
    for match in found:
        field = INSTEAD.get(match.field, match.field)
        if field not in fields and match.column not in columns and match.confidence >= LEAST:
            fields.add(field)
            columns.add(match.column)
            chosen.append(match)
    return sorted(chosen, key=lambda match: list(HEADINGS.get(kind, {})).index(match.field))


def _match_column(kind: str, name: str, seen: Evidence, source: Source) -> list[_Match]:
    heading = fold_heading(name.rpartition(".")[2] if "'" not in name else name)
    found = []
    for field, words in HEADINGS.get(kind, {}).items():
        if field.startswith("lines.") and not source.rows:
            continue  # the samples show whole documents: what stands beside their lines is none of them
        best = max((_match_heading(heading, fold_heading(word), place) for place, word in enumerate(words)), default=0)
        match = _weigh(field, name, best, seen)
        if match is not None:
            found.append(match)
        key = source.key_columns.get(REFERENCES.get(field, ""))
        if key is not None and len(key) == 1 and fold_heading(key[0]) == heading:
            found.append(_Match(field, name, 99, Phrase("suggest.key", kind=REFERENCES[field])))
    return found


def _match_heading(heading: str, word: str, place: int) -> int:
    """How well a heading fits a word for a field; the more telling words come first."""
    if heading == word:
        return SURE - min(place, 20) // 2
    if len(word) >= 2 and heading.endswith(word):
        return 70 - min(place, 20) // 2
    return 62 - min(place, 20) // 2 if len(word) >= 3 and word in heading else 0


def _weigh(field: str, column: str, heading: int, seen: Evidence) -> _Match | None:
    """Heading and values together: they confirm each other, contradict each other, or one speaks alone."""
    wanted = WANTED_SHAPES.get(field, ())
    share = max((seen.share(shape) for shape in wanted), default=0.0)
    shown = ", ".join(seen.examples[:2])
    if heading and (not wanted or not seen.filled):
        return _Match(field, column, heading, Phrase("suggest.heading", heading=column))
    if heading and share >= 0.5:
        sure = min(99, heading + CONFIRMED)
        return _Match(field, column, sure, Phrase("suggest.both", heading=column, values=shown))
    shape, alone = TELLING.get(field, ("", 0))
    if alone and seen.share(shape) >= 0.7:
        percent = round(100 * seen.share(shape))
        return _Match(field, column, alone, Phrase("suggest.values", percent=percent, values=shown))
    if heading:
        return _Match(field, column, heading // 2, Phrase("suggest.doubt", heading=column, values=shown))
    return None


# ---------------------------------------------------------------- rules


def _propose(
    kind: str, match: _Match, evidence: Mapping[str, Evidence], columns: Mapping[str, list[object]], source: Source
) -> Proposed:
    field = INSTEAD.get(match.field, match.field)
    verbs: dict[str, Any] = {"from": match.column}
    if match.field in REFERENCES:
        verbs["ref"] = REFERENCES[match.field]
    elif match.field == "state":
        verbs["values"] = _match_states(kind, columns[match.column])
    elif CALLS.get(match.field) in source.functions:
        verbs["call"] = CALLS[match.field]
    elif match.field in FORMS:
        verbs["as"] = FORMS[match.field]
    if match.field in ONLY_IN and not (match.field == "number" and kind != "order"):
        verbs["direction"] = "in"
    rule = write_value(match.column) if set(verbs) == {"from"} else write_value(verbs)
    examples = evidence[match.column].examples
    return Proposed(field, match.column, match.confidence, match.reason, rule, examples)


def _match_states(kind: str, values: Sequence[object]) -> dict[str, str]:
    """The words that the samples use, and of the others one for each state, so that every state can be read."""
    known = {fold_heading(word): state for state, words in STATES.get(kind, {}).items() for word in words}
    used = dict.fromkeys(str(value).strip() for value in values if value not in (None, ""))
    found = {text: known[fold_heading(text)] for text in used if fold_heading(text) in known}
    for state, words in STATES.get(kind, {}).items():
        if state not in found.values() and words[0] not in found:
            found[words[0]] = state
    return found


def _assume(kind: str, fields: Sequence[Proposed], source: Source, currency: str) -> list[Proposed]:
    """What no column tells and the hub must know."""
    targets = kind_targets(kind)
    named = {field.field for field in fields}
    if "currency" not in targets or "currency" in named:
        return []
    rule = write_value({"default": currency})
    return [Proposed("currency", "", MAYBE, Phrase("suggest.assumed", value=currency), rule)]


def _list_missing(kind: str, named: Collection[str]) -> tuple[str, ...]:
    """Fields that a record must have and that nothing fills."""
    missing = []
    for name, target in kind_targets(kind).items():
        if target.required and name not in named and target.line is None:
            missing.append(name)
        if name == "lines" and target.line is not None:
            needed = [inner for inner, field in line_targets(target.line).items() if field.required]
            missing += [f"lines.{inner}" for inner in needed if f"lines.{inner}" not in named]
    return tuple(missing)


__all__ = ["Proposal", "Proposed", "Source", "Unknown", "fold_heading", "suggest_mapping"]
