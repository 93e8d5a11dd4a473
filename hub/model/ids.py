"""Record ids: UUIDv7 (RFC 9562, section 5.7), made by the hub and never by a database sequence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, SafeUUID

RANDOM_BITS = 74
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOW_BITS = 62
_MILLISECOND = timedelta(milliseconds=1)
_UNKNOWN = SafeUUID.unknown


def make_uuid7(now: datetime, random_bits: int) -> UUID:
    """The id for an aware time and ``RANDOM_BITS`` random bits; ids sort by time to the millisecond."""
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    if not 0 <= random_bits < 1 << RANDOM_BITS:
        raise ValueError(f"random_bits must have at most {RANDOM_BITS} bits")
    age_ms = (now - _EPOCH) // _MILLISECOND
    if not 0 <= age_ms < 1 << 48:
        raise ValueError("now is outside the years 1970 to 10889")
    high, low = random_bits >> _LOW_BITS, random_bits & ((1 << _LOW_BITS) - 1)
    return _trust_id(age_ms << 80 | 0x7 << 76 | high << 64 | 0b10 << _LOW_BITS | low)


def derive_id(text: str) -> UUID:
    """The same id for the same text, whoever works it out; in the form of the others, but without their order in
    time."""
    bits = int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:16], "big") >> 6
    head, middle, tail = bits >> RANDOM_BITS, bits >> _LOW_BITS & 0xFFF, bits & ((1 << _LOW_BITS) - 1)
    return _trust_id(head << 80 | 0x7 << 76 | middle << 64 | 0b10 << _LOW_BITS | tail)


def show_id(id: UUID) -> str:
    """``str(id)``, which takes longer: the id of a record stands in most rows that a page writes."""
    return _texts[id.int]


class _Texts(dict[int, str]):
    def __missing__(self, number: int) -> str:
        if len(self) >= _KEPT_TEXTS:
            self.clear()
        sixteens = f"{number:032x}"
        text = f"{sixteens[:8]}-{sixteens[8:12]}-{sixteens[12:16]}-{sixteens[16:20]}-{sixteens[20:]}"
        self[number] = text
        return text


_KEPT_TEXTS = 10_000
_texts = _Texts()


def _trust_id(value: int) -> UUID:
    """``UUID(int=value)`` for a value that is right, in a third of the time: a page needs thousands."""
    made = UUID.__new__(UUID)
    object.__setattr__(made, "int", value)
    object.__setattr__(made, "is_safe", _UNKNOWN)
    return made
