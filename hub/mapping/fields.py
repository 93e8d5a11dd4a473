"""One plain field, compiled: two closures that translate a value, and the places it is read from and written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from hub.errors import IsthmusError, MappingError
from hub.locale import Phrase
from hub.mapping.context import Problem, Refusal, Run
from hub.mapping.converters import (
    FITS,
    FORMS,
    MINOR,
    MONEY,
    Converter,
    encode_key,
    keep_value,
    make_minor,
    raw_key,
    read_plainly,
    require_currency,
)
from hub.mapping.named import make_named_converters
from hub.mapping.path import ABSENT, Reader, Writer, compile_reader, compile_writer, parse_path
from hub.mapping.source import FieldRule
from hub.mapping.targets import Target, make_hub_value
from hub.model.ownership import Direction
from hub.model.refusal import explain_refusal, give_reason

Functions = Mapping[str, Callable[..., Any]]
HOLD = "hold"
PREFERRED = "!"
"""Behind a hub value in ``values``: of several remote values that mean it, this is the one to write."""
OUT_SUFFIX = "_out"
FOREIGN_DATA = (MappingError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a connector's function raises when a record is not shaped as it was written for: that one record waits."""


@dataclass(frozen=True)
class FieldPlan:
    """A compiled field. ``fixed`` is the value of a field that is not read from anywhere."""

    name: str
    rule: FieldRule
    target: Target
    direction: Direction
    read: Reader | None
    key: str | None
    """The name of what is read, where it is a value of the record itself."""
    write: Writer | None
    decode: Converter
    encode: Converter
    default: Any
    fixed: Any
    accepts_blank: bool
    always: bool
    """A function is called even when there is nothing at its path."""
    typed: bool
    """What is read is a value of the model's own type, checked as the model checks it."""

    @cached_property
    def path(self) -> str:
        return str(self.rule.verbs.get("from", ""))

    @cached_property
    def goes_in(self) -> bool:
        return self.direction is not Direction.OUT

    @cached_property
    def goes_out(self) -> bool:
        return self.direction is not Direction.IN and self.write is not None

    @cached_property
    def read_in(self) -> Callable[[Run], Any]:
        """Gives the canonical value; ``ABSENT`` when the record says nothing about it; ``Refusal`` when it cannot be
        told."""
        if self.fixed is not ABSENT:
            return lambda run: self.fixed
        if self.key is None or self.always:
            return self._read_anywhere
        key, decode, read_empty, accepts_blank = self.key, self.decode, self._read_empty, self.accepts_blank

        def read_key(run: Run) -> Any:
            raw = run.payload.get(key, ABSENT)
            if raw is None or raw is ABSENT or (raw == "" and not accepts_blank):
                return read_empty(raw)
            return decode(raw, run)

        return read_key

    def _read_anywhere(self, run: Run) -> Any:
        raw = self.read(run.payload) if self.read is not None else None
        if not self.always and (raw is None or raw is ABSENT or (raw == "" and not self.accepts_blank)):
            return self._read_empty(raw)
        return self.decode(None if raw is ABSENT else raw, run)

    def _read_empty(self, raw: Any) -> Any:
        if self.default is not ABSENT and not (raw == "" and self.target.shape == "text"):
            return self.default
        if raw is ABSENT and not self.target.required:
            return ABSENT
        try:
            if raw == "" or self.target.nullable or not self.target.required:
                return self.target.empty
        except ValueError:
            pass  # told below: an empty value is none
        raise Refusal("mapping.value_missing", path=self.path)

    @property
    def ref_kind(self) -> str | None:
        """The kind of record that the field refers to."""
        return self.rule.verbs.get("ref") if self.goes_in else None

    def find_ref(self, run: Run) -> str | None:
        """The external id that stands in a reference; None when there is none, or none that can be read."""
        try:
            raw = self.read(run.payload) if self.read is not None else None
            return None if raw is None or raw is ABSENT or raw == "" else raw_key(raw, self.form, run)
        except Refusal:
            return None

    @cached_property
    def form(self) -> str:
        return str(self.rule.verbs.get("as", "text"))

    def write_out(self, value: Any, run: Run) -> Any:
        """The remote value for a canonical one."""
        if value is None and not self.always:
            return "" if self.target.shape == "text" else None
        return self.encode(value, run)

    def raw_of(self, payload: Mapping[str, Any]) -> Any:
        """What the record holds at the path, for people; None when there is nothing or no way to it."""
        try:
            raw = self.read(payload) if self.read is not None else None
        except Refusal:
            return None
        return None if raw is ABSENT else raw

    def explain(self, refusal: Refusal, value: Any, name: str) -> Problem:
        """A refusal of this rule as a problem that a person can act on."""
        return Problem(
            refusal.code, self.rule.file, self.rule.line, name, refusal.params.get("value", value),
            self.rule.text, "reference" if refusal.external_id is not None else "value",
            refusal.ref_kind, refusal.external_id, params=refusal.params, path=self.path,
        )  # fmt: skip


def compile_field(rule: FieldRule, target: Target, functions: Functions, currency: str | None) -> FieldPlan:
    """The plan of one field; the rule was linted before, so what is written is known to make sense."""
    verbs = rule.verbs
    path = parse_path(verbs["from"]) if "from" in verbs else None
    default = make_hub_value(target, verbs["default"]) if "default" in verbs else ABSENT
    fixed = default if path is None and "call" not in verbs else ABSENT
    decode, encode = _choose_converters(rule, target, functions, currency)
    return FieldPlan(
        name=rule.name,
        rule=rule,
        target=target,
        direction=Direction.IN if path is None else Direction(verbs.get("direction", "both")),
        read=compile_reader(path) if path else None,
        key=path.only_key if path else None,
        write=compile_writer(path) if path else None,
        decode=decode,
        encode=encode,
        default=default,
        fixed=fixed,
        accepts_blank="" in verbs.get("values", {}) or (target.shape in ("text", "scalar") and _is_plain(verbs)),
        always="call" in verbs,
        typed=_is_typed(verbs, target),
    )


def _is_typed(verbs: Mapping[str, Any], target: Target) -> bool:
    if target.shape == "text":  # the model takes off spaces, as a form does, and nobody else
        return _is_plain(verbs) and "call" not in verbs and "default" not in verbs
    return "call" not in verbs and target.shape in ("decimal", "boolean", "date", "enum", "id")


def _is_plain(verbs: Mapping[str, Any]) -> bool:
    return not verbs.keys() & {"values", "code", "ref", "as"}


def _choose_converters(
    rule: FieldRule, target: Target, functions: Functions, currency: str | None
) -> tuple[Converter, Converter]:
    verbs = rule.verbs
    if "call" in verbs:
        return _call_converters(verbs["call"], target, functions)
    form = verbs.get("as", "text")
    if "values" in verbs:
        return _value_converters(verbs, target, form)
    if "ref" in verbs:
        return _ref_converters(verbs["ref"], form)
    if "code" in verbs and target.ref is not None:
        return make_named_converters(verbs["code"], target.ref, form)
    if "code" in verbs:
        return _code_converters(verbs["code"], target, form)
    if "from" not in verbs:
        return _keep, _keep
    return _form_converters(verbs, target, currency)


def _keep(value: Any, run: Run) -> Any:
    return value


def _form_converters(verbs: Mapping[str, Any], target: Target, currency: str | None) -> tuple[Converter, Converter]:
    name = verbs.get("as") or next(iter(FITS[target.shape]))
    form = make_minor(str(verbs.get("currency", currency))) if name == MINOR else FORMS[name]
    fit, unfit = FITS[target.shape][name]
    decode, encode = form.decode, form.encode
    if target.shape == "enum":
        return lambda raw, run: _to_enum(target, decode(raw, run)), lambda value, run: str(_to_enum(target, value))
    fitted = decode if fit is keep_value else lambda raw, run: fit(decode(raw, run), run)
    whole = _check_after(fitted, target)
    amount_in = verbs.get("currency") if name == MONEY else None
    if amount_in is not None:
        whole = require_currency(whole, amount_in)
    if form.moves is not None and target.places is not None:
        whole = read_plainly(whole, form.moves, target.places, amount_in)
    return whole, encode if unfit is keep_value else lambda value, run: encode(unfit(value, run), run)


def _check_after(decode: Converter, target: Target) -> Converter:
    if not target.checks:
        return decode
    check = target.checks[0] if len(target.checks) == 1 else target.check

    def decode_checked(raw: Any, run: Run) -> Any:
        value = decode(raw, run)
        try:
            return check(value)
        except ValueError as error:
            raise Refusal("mapping.value_refused", what=give_reason(error)) from error

    return decode_checked


def _to_enum(target: Target, text: str) -> Any:
    assert target.enum is not None  # noqa: S101 - asked for enum fields only
    try:
        return target.enum(text)
    except ValueError as error:
        raise Refusal("mapping.value_unknown", known=", ".join(target.enum)) from error


def split_preferred(hub_text: Any) -> tuple[Any, bool]:
    """A hub value of ``values`` without its mark, and whether it had one."""
    if isinstance(hub_text, str) and hub_text.endswith(PREFERRED):
        return hub_text[: -len(PREFERRED)], True
    return hub_text, False


def read_values(values: Mapping[str, Any], target: Target) -> tuple[dict[str, Any], dict[Any, list[str]]]:
    """Both directions of a ``values`` table: remote key → hub value, and hub value → the remote keys to write it
    with (one when the table can be read backwards)."""
    forward: dict[str, Any] = {}
    backward: dict[Any, list[str]] = {}
    preferred: dict[Any, list[str]] = {}
    for key, text in values.items():
        plain, marked = split_preferred(text)
        value = make_hub_value(target, plain)
        forward[key] = value
        backward.setdefault(value, []).append(key)
        if marked:
            preferred.setdefault(value, []).append(key)
    return forward, {**backward, **preferred}


def _value_converters(verbs: Mapping[str, Any], target: Target, form: str) -> tuple[Converter, Converter]:
    forward, backward = read_values(verbs["values"], target)
    otherwise = verbs.get("otherwise", HOLD)
    fallback = ABSENT if otherwise == HOLD else make_hub_value(target, otherwise)

    def decode(raw: Any, run: Run) -> Any:
        value = forward.get(raw_key(raw, form, run), fallback)
        if value is ABSENT:
            raise Refusal("mapping.value_unknown", known=", ".join(forward))
        return value

    def encode(value: Any, run: Run) -> Any:
        keys = backward.get(value)
        if keys is None:
            raise Refusal("mapping.value_unsaid", known=", ".join(str(item) for item in backward))
        return encode_key(keys[0], form)

    return decode, encode


def split_ref(ref: str) -> tuple[str, bool]:
    """The kind that a reference names, and whether by its number instead of the other system's id."""
    kind, _, by = ref.partition(".")
    return kind, by == "number"


def _ref_converters(ref_kind: str, form: str) -> tuple[Converter, Converter]:
    def decode(raw: Any, run: Run) -> Any:
        external_id = raw_key(raw, form, run)
        found = run.context.find_ref(ref_kind, external_id)
        if found is None:
            raise Refusal("mapping.reference_unknown", ref_kind=ref_kind, external_id=external_id)
        return found

    def encode(value: Any, run: Run) -> Any:
        found = run.context.find_remote(ref_kind, value)
        if found is None:
            raise Refusal("mapping.reference_unsent", ref_kind=ref_kind, external_id=str(value))
        return encode_key(found, form)

    return decode, encode


def _code_converters(table: str, target: Target, form: str) -> tuple[Converter, Converter]:
    def decode(raw: Any, run: Run) -> Any:
        codes = run.context.codes.get(table)
        key = raw_key(raw, form, run)
        if codes is None or key not in codes:
            raise Refusal("mapping.code_unknown", table=table)
        try:
            return make_hub_value(target, codes[key])
        except ValueError as error:
            raise Refusal("mapping.value_refused", what=give_reason(error)) from error

    def encode(value: Any, run: Run) -> Any:
        if value == "":
            return "" if form == "text" else None
        found = _remote_codes(table, target, value, run)
        if len(found) != 1:
            raise Refusal(
                "mapping.code_ambiguous" if found else "mapping.code_unsaid", table=table, codes=", ".join(found)
            )
        return encode_key(found[0], form)

    return decode, encode


def _remote_codes(table: str, target: Target, value: Any, run: Run) -> tuple[str, ...]:
    """Remote codes that mean a hub value; numbers are compared as numbers (``0.13`` is ``0.130``)."""
    backwards = run.context.remote_codes(table) or {}
    if target.shape in ("text", "enum"):
        return backwards.get(value, ())
    return tuple(code for text, codes in backwards.items() if make_hub_value(target, text) == value for code in codes)


def _call_converters(name: str, target: Target, functions: Functions) -> tuple[Converter, Converter]:
    inward, outward = functions.get(name), functions.get(name + OUT_SUFFIX)
    adapter = target.adapter

    def decode(raw: Any, run: Run) -> Any:
        assert inward is not None and adapter is not None  # noqa: S101, PT018 - lint saw to it
        try:
            return adapter.validate_python(inward(raw, run.payload))
        except Exception as error:  # a stranger's function may raise anything: this one record waits, with its words
            raise _refuse_call(name, error) from error

    def encode(value: Any, run: Run) -> Any:
        assert outward is not None  # noqa: S101 - lint saw to it
        try:
            return outward(value, run.values)
        except Exception as error:  # a stranger's function, as above
            raise _refuse_call(name + OUT_SUFFIX, error) from error

    return decode, encode


def _refuse_call(name: str, error: Exception) -> Refusal:
    """Either the record is not shaped as the function was written for, or the function has a defect."""
    if isinstance(error, FOREIGN_DATA):
        return Refusal("mapping.call_refused", function=name, what=_words(error))
    return Refusal("mapping.call_failed", function=name, what=f"{type(error).__name__}: {error}")


def _words(error: Exception) -> str:
    if isinstance(error, IsthmusError):
        return Phrase(error.code, **error.params)
    return explain_refusal(error.errors()[0]) if isinstance(error, ValidationError) else str(error)
