"""Names of persons: surname, given name, titles."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from hub.identity.text import fold_text, has_han, list_syllables
from hub.identity.words import DOUBLE_SURNAMES, ENGLISH_TITLES, NOBODIES, PERSON_TITLES

_TITLE = re.compile(rf"(?:{'|'.join(sorted(map(re.escape, PERSON_TITLES), key=len, reverse=True))})$")
_BRACKET = re.compile(r"\([^()]*\)?")
_NO_LETTER = re.compile(r"[^\w·]+|[0-9_]+")
_LATIN = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class PersonName:
    """``normal``: folded, without titles. ``sound``: surname and given name in pinyin, in the order of the alphabet, so
    that ``Zilin Zhu`` and 朱梓琳 agree. ``partial``: a surname only (王经理)."""

    normal: str = ""
    surname: str = ""
    given: str = ""
    sound: str = ""
    title: str = ""
    latin: bool = False
    partial: bool = False


NOBODY = PersonName()


@lru_cache(maxsize=2_048)
def parse_person_name(text: str) -> PersonName:
    """The parts of a name. Never raises; an empty text gives an empty name."""
    folded = fold_text(text)
    for _ in range(4):
        before = folded
        folded = fold_text(_BRACKET.sub(" ", folded)) or folded.strip("()")
        if folded == before:
            break
    return _parse_chinese(folded) if has_han(folded) else _parse_latin(folded)


def _parse_chinese(text: str) -> PersonName:
    name, title = _NO_LETTER.sub("", text), ""
    if name in NOBODIES or name in PERSON_TITLES:  # 前台, 采购: whoever sits there
        return NOBODY
    while (found := _TITLE.search(name)) is not None and found.start() > 0:
        name, title = name[: found.start()], found[0] + title
    if name in NOBODIES or name in PERSON_TITLES:  # 客服总, 某女士
        return NOBODY
    if not has_han(name):  # Smith 女士
        return replace(_parse_latin(name), title=title)
    size = 2 if name[:2] in DOUBLE_SURNAMES and len(name) > 1 else 1
    surname, given = name[:size], name[size:]
    # A title of one character may be the end of a name (王工, but also 张一科): behind a given name it is kept.
    if len(title) == 1 and given and len(name) == size + 1 and title not in "总工":
        given, name, title = given + title, name + title, ""
    sounds = sorted(filter(None, ("".join(list_syllables(surname)), "".join(list_syllables(given)))))
    return PersonName(name, surname, given, " ".join(sounds), title, partial=not given)


def _parse_latin(text: str) -> PersonName:
    words = [word for word in _LATIN.findall(text) if word not in ENGLISH_TITLES]
    if not words or (len(words) == 1 and words[0] in NOBODIES):
        return NOBODY
    name = " ".join(words)
    return PersonName(
        name, words[-1], " ".join(words[:-1]), " ".join(sorted(words)), latin=True, partial=len(words) < 2
    )
