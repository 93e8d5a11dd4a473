"""The client reference: what a document of ours carries in the other system, and how to read it back.

``I`` + 3-character installation id + 26 characters of Crockford base 32: 122 free bits of the hub id (a UUIDv7) and an
8-bit revision. A pure function, so every retry, worker and restored backup computes the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

PREFIX = "I"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # pragma: allowlist secret
_DIGITS = str.maketrans(ALPHABET + "ILOU", "0123456789ABCDEFGHIJKLMNOPQRSTUV----")
"""To the digits that Python reads as base 32; none for the letters that are too like others."""
INSTALLATION_LENGTH = 3
_BODY_LENGTH = 26
_VERSION_7 = 7 << 76
_VARIANT = 2 << 62


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference read back."""

    installation: str
    hub_id: UUID
    revision: int


def _pack(hub_id: UUID) -> int:
    value = hub_id.int
    return (value >> 80) << 74 | ((value >> 64) & 0xFFF) << 62 | value & ((1 << 62) - 1)


def _unpack(bits: int) -> UUID:
    head, middle, tail = bits >> 74, (bits >> 62) & 0xFFF, bits & ((1 << 62) - 1)
    return UUID(int=head << 80 | _VERSION_7 | middle << 64 | _VARIANT | tail)


def _encode(number: int) -> str:
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range((_BODY_LENGTH - 1) * 5, -1, -5))


def make_reference(installation: str, hub_id: UUID, revision: int = 0) -> str:
    """The 30-character reference of one revision of one record."""
    if len(installation) != INSTALLATION_LENGTH or any(char not in ALPHABET for char in installation):
        raise ValueError(f"not an installation id: {installation!r}")
    if not 0 <= revision <= 255:
        raise ValueError(f"revision out of range: {revision}")
    return PREFIX + installation + _encode(_pack(hub_id) << 8 | revision)


def search_prefix(reference: str) -> str:
    """The part that all revisions of a record share (two characters fewer); filter the hits by ``parse_reference``."""
    return reference[:-2]


@lru_cache(maxsize=2048)
def parse_reference(text: str | None) -> Reference | None:
    """The reference in a text field, or None when it holds something else."""
    code = (text or "").strip().upper()
    if len(code) != len(PREFIX) + INSTALLATION_LENGTH + _BODY_LENGTH or not code.startswith(PREFIX):
        return None
    digits = code[len(PREFIX) :].translate(_DIGITS)
    if not digits.isalnum() or not digits.isascii():
        return None
    number = int(digits[INSTALLATION_LENGTH:], 32)
    return Reference(code[len(PREFIX) :][:INSTALLATION_LENGTH], _unpack(number >> 8), number & 255)
