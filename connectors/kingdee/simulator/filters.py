"""FilterString: a condition in the server's own SQL-like words, read into a function over a row."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.kingdee.simulator.refusals import PARAMETER, BillRefused

Read = Callable[[str], Callable[[Any], Any]]
"""Name of a field → how it is read from a row; refuses names that are not known."""
Test = Callable[[Any], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<op><>|!=|<=|>=|=|<|>)"
    r"|(?P<sign>[(),])|(?P<word>[A-Za-z_][\w.]*))"
)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
SUSPICIOUS = re.compile(r";|--|/\*|\b(?:exec|drop|delete|update|insert|union)\b", re.IGNORECASE)


class _Filter:
    """A reader of one condition: or, and, not, comparison; one word at a time."""

    def __init__(self, text: str, read: Read) -> None:
        self._text, self._read = text, read
        self._tokens = _split(text)
        self._at = 0

    def parse(self) -> Test:
        test = self._either()
        if self._at < len(self._tokens):
            self._refuse()
        return test

    def _either(self) -> Test:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def _both(self) -> Test:
        parts = [self._one()]
        while self._word("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _one(self) -> Test:
        if self._word("not"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._take("sign", "("):
            inner = self._either()
            if not self._take("sign", ")"):
                self._refuse()
            return inner
        return self._compare()

    def _compare(self) -> Test:
        read = self._operand()
        if self._word("like"):
            pattern = _compile_like(str(self._literal()))
            return lambda row: pattern.fullmatch(str(read(row))) is not None
        if self._word("in"):
            return self._among(read)
        kind, sign = self._next()
        if kind != "op":
            self._refuse()
        other = self._operand()
        compare = _COMPARE[sign]
        return lambda row: compare(*_align(read(row), other(row)))

    def _among(self, read: Callable[[Any], Any]) -> Test:
        if not self._take("sign", "("):
            self._refuse()
        values = {_plain(self._literal())}
        while self._take("sign", ","):
            values.add(_plain(self._literal()))
        if not self._take("sign", ")"):
            self._refuse()
        return lambda row: _plain(read(row)) in values

    def _operand(self) -> Callable[[Any], Any]:
        kind, text = self._next()
        if kind == "word":
            return self._read(text)
        if kind not in ("text", "number"):
            self._refuse()
        value = _value(kind, text)
        return lambda row: value

    def _literal(self) -> Any:
        kind, text = self._next()
        if kind not in ("text", "number"):
            self._refuse()
        return _value(kind, text)

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            self._refuse()
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, kind: str, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == (kind, text):
            self._at += 1
            return True
        return False

    def _word(self, word: str) -> bool:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "word" and text.lower() == word:
                self._at += 1
                return True
        return False

    def _refuse(self) -> None:
        raise BillRefused(PARAMETER, f"过滤条件“{self._text}”有语法错误")


def parse_filter(text: str, read: Read) -> Test:
    """The condition; everything passes an empty one. Whatever looks like an attack is refused."""
    if not text.strip():
        return lambda row: True
    if SUSPICIOUS.search(re.sub(r"'(?:[^']|'')*'", "", text)):
        raise BillRefused(PARAMETER, "参数存在可疑内容，已拒绝")
    return _Filter(text, read).parse()


def _split(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise BillRefused(PARAMETER, f"过滤条件“{text}”有语法错误")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens


def _value(kind: str, text: str) -> Any:
    return Decimal(text) if kind == "number" else text[1:-1].replace("''", "'")


def _compile_like(pattern: str) -> re.Pattern[str]:
    parts = (".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in pattern)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def _plain(value: Any) -> Any:
    """Numbers compare as numbers, everything else as text without regard to case."""
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return Decimal(value)
    return str(value).casefold()


def _align(left: Any, right: Any) -> tuple[Any, Any]:
    """Both sides in one form: a number beside a text that is one, a time beside a time in another spelling."""
    if isinstance(left, Decimal | int) != isinstance(right, Decimal | int):
        try:
            return Decimal(str(left)), Decimal(str(right))
        except ArithmeticError:
            return str(left), str(right)
    if isinstance(left, str) and isinstance(right, str):
        if _TIME.fullmatch(right) and (not left or _TIME.fullmatch(left)):
            return _spell_time(left), _spell_time(right)
        return left.casefold(), right.casefold()
    return left, right


def _spell_time(text: str) -> str:
    if not text:
        return ""
    day, _, clock = text.replace("T", " ").partition(" ")
    clock, _, parts = (clock or "00:00:00").partition(".")
    return f"{day} {clock if clock.count(':') == 2 else clock + ':00'}.{parts[:3].ljust(3, '0')}"


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "!=": lambda left, right: left != right,
    # An empty time is NULL over there: no comparison holds of it.
    "<": lambda left, right: left != "" and left < right,
    ">": lambda left, right: left != "" and left > right,
    "<=": lambda left, right: left != "" and left <= right,
    ">=": lambda left, right: left != "" and left >= right,
}
