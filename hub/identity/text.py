"""Text as it is compared: half-width, one case, simplified characters. No text makes these functions raise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location

from hub.identity.traditional_table import SIMPLIFIED, TRADITIONAL

_MARKS: Mapping[str, str] = {
    **dict.fromkeys("【〔［｛〖「『《〈<[{（﹙﹝⟨", "("),
    **dict.fromkeys("】〕］｝〗」』》〉>]}）﹚﹞⟩", ")"),
    **dict.fromkeys("‐‑‒–—―－−﹣", "-"),
    **dict.fromkeys("・•‧", "·"),
    **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad", ""),
    "，": ",", "、": ",", "。": ".", "；": ";", "：": ":",
}  # fmt: skip
_FOLDED = str.maketrans({**dict(zip(TRADITIONAL, SIMPLIFIED, strict=True)), **_MARKS})
_SPACES = re.compile(r"\s+")
_ROUNDS = 6
"""Two rounds are enough for anything in Unicode; the bound is for peace of mind."""
HAN = re.compile(r"[\u3400-\u9fff]")


def fold_text(text: str) -> str:
    """Half-width, lower case, simplified, brackets and dashes of one kind, single spaces, none at the ends."""
    if _plain()(text) is not None:
        return text
    if text.isascii():
        return " ".join(text.lower().translate(_FOLDED).split())
    for _ in range(_ROUNDS):
        folded = unicodedata.normalize("NFKC", text).lower()  # costs next to nothing where it is normal already
        folded = " ".join(folded.translate(_FOLDED).split())
        if folded == text:
            break
        text = folded
    return text


def is_plain_han(text: str) -> bool:
    """Whether it is simplified characters and nothing else, at least one: folding leaves it as it is."""
    return _plain_han()(text) is not None


@cache
def _plain_han() -> Callable[[str], object]:
    return re.compile(f"[{_list_kept()}]+").fullmatch


@cache
def _plain() -> Callable[[str], object]:
    """Knows texts that stay as they are: simplified characters, small letters, digits, round brackets."""
    return re.compile(f"[0-9a-z(){_list_kept()}]*").fullmatch


def _list_kept() -> str:
    """Characters that are no traditional ones."""
    changed = set(TRADITIONAL)
    return "".join(mark for mark in map(chr, range(0x4E00, 0xA000)) if mark not in changed)


def has_han(text: str) -> bool:
    return HAN.search(text) is not None


class _Syllables(dict[str, str]):
    """Character → its first reading without tone; a character without a reading stays."""

    def __missing__(self, mark: str) -> str:
        readings = _readings().get(ord(mark))
        spoken = self[mark] = mark if readings is None else _strip_tones(readings.partition(",")[0])
        return spoken


@cache
def _readings() -> Mapping[int, str]:
    """pypinyin's table of characters alone: whoever imports the package loads its phrases too, which take 45 MB."""
    package = find_spec("pypinyin")
    assert package is not None and package.submodule_search_locations  # noqa: S101, PT018 - we depend on it
    spec = spec_from_file_location("pinyin_dict", f"{package.submodule_search_locations[0]}/pinyin_dict.py")
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - it names a file
    table = module_from_spec(spec)
    spec.loader.exec_module(table)
    readings: Mapping[int, str] = table.pinyin_dict
    return readings


def _strip_tones(reading: str) -> str:
    plain = unicodedata.normalize("NFD", reading.replace("ü", "v"))
    return "".join(mark for mark in plain if not unicodedata.combining(mark)).replace("ü", "v")


_speak = _Syllables().__getitem__


def spell(text: str) -> str:
    """The text in pinyin without tones and spaces, each character in its first reading: ``华为`` → ``huawei``."""
    return "".join(map(_speak, text))


def list_syllables(text: str) -> list[str]:
    """One syllable for each character."""
    return list(map(_speak, text))
