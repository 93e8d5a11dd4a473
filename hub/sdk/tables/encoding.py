"""Which encoding a text file has: rules that always give the same answer first, a statistical guess last."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ConfigInvalid

CHUNK_BYTES = 1 << 17
_SAMPLE_BYTES = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 (BOM)"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16 LE"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16 BE"),
)
_COMMON_SHARE = 0.7
"""Of the double bytes of a Chinese text at least so many are in GB 2312's own range; in other encodings that happen to
decode as GB 18030 they are not."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """``codec`` is what Python reads it with, ``label`` what people call it."""

    codec: str
    label: str


def detect_encoding(path: Path) -> Encoding:
    """BOM, UTF-16 by its zero bytes, strict UTF-8, strict GB 18030 with mostly common characters, then a statistical
    guess that must decode the whole file. ``ConfigInvalid`` when nothing does. Reads the file in pieces."""
    sample = _read_sample(path)
    for mark, codec, label in _BOMS:
        if sample.startswith(mark):
            _require(path, codec)
            return Encoding(codec, label)
    wide = _guess_wide(sample)
    if wide is not None and _decodes(path, wide.codec):
        return wide
    if _decodes(path, "utf-8"):
        return Encoding("utf-8", "UTF-8")
    if _is_common_chinese(sample) and _decodes(path, "gb18030"):
        return Encoding("gb18030", "GBK" if _decodes(path, "gbk") else "GB18030")
    return _guess(path, sample)


def name_encoding(path: Path, name: str) -> Encoding:
    """The encoding that a person declared; ``ConfigInvalid`` when there is no such name or the file is not in it."""
    try:
        codec = codecs.lookup(name).name
    except LookupError as error:
        raise ConfigInvalid("tables.encoding_name", encoding=name) from error
    codec = {"gbk": "gb18030", "gb2312": "gb18030"}.get(codec, codec)
    codec = "utf-8-sig" if codec == "utf-8" else codec  # a mark at the start is no part of the first column's name
    _require(path, codec)
    return Encoding(codec, name.upper())


def _require(path: Path, codec: str) -> None:
    if not _decodes(path, codec):
        raise ConfigInvalid("tables.encoding_broken", file=path.name, encoding=codec)


def _read_sample(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_SAMPLE_BYTES)


def _read_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _decodes(path: Path, codec: str) -> bool:
    """Whether the whole file is text in this encoding."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    try:
        for chunk in _read_chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _guess_wide(sample: bytes) -> Encoding | None:
    """UTF-16 without a mark: the commas, digits and line ends of a table have a zero byte on one side."""
    low, high = sample[0::2].count(0), sample[1::2].count(0)
    if max(low, high) * 50 < len(sample) or min(low, high) * 4 > max(low, high):
        return None
    return Encoding("utf-16-le", "UTF-16 LE") if high > low else Encoding("utf-16-be", "UTF-16 BE")


def _is_common_chinese(sample: bytes) -> bool:
    common = pairs = at = 0
    while at < len(sample) - 1:
        first, second = sample[at], sample[at + 1]
        if first < 0x81:
            at += 1
            continue
        pairs += 1
        common += 0xA1 <= first <= 0xF7 and 0xA1 <= second <= 0xFE
        at += 4 if 0x30 <= second <= 0x39 else 2
    return pairs > 0 and common >= _COMMON_SHARE * pairs


def _guess(path: Path, sample: bytes) -> Encoding:
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    if best is not None and _decodes(path, best.encoding):
        return Encoding(best.encoding, best.encoding.replace("_", "-").upper())
    raise ConfigInvalid("tables.encoding_unknown", file=path.name)
