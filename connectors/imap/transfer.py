"""Contents as they travel in mails, decoded piece by piece: any cut gives the same bytes, nothing broken ever raises,
and no more is held than the end of a piece."""

from __future__ import annotations

import binascii
import re
import string
from typing import Protocol

_LONGEST_LINE = 4_096
_SIGNS = f"{string.ascii_letters}{string.digits}+/=".encode()
_NO_SIGNS = bytes(sign for sign in range(256) if sign not in _SIGNS)
_PADDING = re.compile(rb"=+")


class Decoder(Protocol):
    """One content, in pieces."""

    def feed(self, content: bytes) -> bytes:
        """What of it can be told by now."""

    def end(self) -> bytes:
        """The rest."""


def find_decoder(encoding: str) -> Decoder:
    """By what Content-Transfer-Encoding says; whatever nobody knows is taken as it stands."""
    name = encoding.partition(";")[0].strip().lower()
    if name == "base64":
        return Base64()
    if name == "quoted-printable":
        return QuotedPrintable()
    return UuEncoded() if name in ("x-uuencode", "uuencode", "uue", "x-uue") else AsItStands()


class AsItStands:
    """7bit, 8bit, binary."""

    def feed(self, content: bytes) -> bytes:
        return content

    def end(self) -> bytes:
        return b""


class Base64:
    """Signs of no meaning are passed over. Padding ends a run; some programs write a run for each line."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, content: bytes) -> bytes:
        signs = self._held + content.translate(None, _NO_SIGNS)
        if b"=" not in signs:
            return self._take(signs)
        *ended, last = _PADDING.split(signs)
        return b"".join([*map(_end_run, ended), self._take(last)])

    def _take(self, signs: bytes) -> bytes:
        whole = len(signs) - len(signs) % 4
        self._held = signs[whole:]
        return binascii.a2b_base64(signs[:whole])

    def end(self) -> bytes:
        held, self._held = self._held, b""
        return _end_run(held)


def _end_run(signs: bytes) -> bytes:
    """A sign too many stands for nothing."""
    signs = signs[:-1] if len(signs) % 4 == 1 else signs
    return binascii.a2b_base64(signs + b"=" * (-len(signs) % 4))


class QuotedPrintable:
    """``=`` that leads nowhere is taken as it stands."""

    _TOKEN = re.compile(rb"=(?:([0-9A-Fa-f]{2})|\r?\n|\r)")
    _CUT = re.compile(rb"=[0-9A-Fa-f\r]?\Z")
    _ODD = re.compile(rb"==|=\r(?!\n)")
    """What the function of the standard library reads in ways of its own."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, content: bytes) -> bytes:
        text = self._held + content
        cut = self._CUT.search(text, max(0, len(text) - 2))
        self._held = cut[0] if cut is not None else b""
        return self._decode(text[: len(text) - len(self._held)])

    def end(self) -> bytes:
        """A line that would have gone on, where nothing follows, ends."""
        held, self._held = self._held, b""
        return b"" if held in (b"=", b"=\r") else held

    def _decode(self, text: bytes) -> bytes:
        if self._ODD.search(text) is None and not text.endswith(b"="):
            return binascii.a2b_qp(text)
        return self._TOKEN.sub(lambda token: bytes.fromhex(token[1].decode()) if token[1] else b"", text)


class UuEncoded:
    """What stands between ``begin`` and ``end``."""

    def __init__(self) -> None:
        self._held = b""
        self._inside = self._over = False

    def feed(self, content: bytes) -> bytes:
        *lines, self._held = (self._held + content).split(b"\n")
        self._held = self._held[-_LONGEST_LINE:]
        return b"".join(map(self._decode, lines))

    def end(self) -> bytes:
        return self._decode(self._held)

    def _decode(self, line: bytes) -> bytes:
        line = line.rstrip(b"\r")
        if not self._inside:
            self._inside = not self._over and line.startswith(b"begin ")
            return b""
        if line == b"end":
            self._inside, self._over = False, True
            return b""
        for told in (line, line[: (((line[0] - 32) & 63) * 4 + 5) // 3] if line else b""):
            try:
                return binascii.a2b_uu(told)
            except binascii.Error:  # some programs write more into a line than it says
                continue
        return b""
