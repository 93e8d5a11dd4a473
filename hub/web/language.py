"""Which language a reader gets."""

from __future__ import annotations

from hub.locale import LANGUAGES


def choose_language(asked: str | None, accepted: str | None) -> str:
    """``?lang=`` wins, then the first of ours that Accept-Language prefers, then English."""
    if asked in LANGUAGES:
        return str(asked)
    for tag in _by_preference(accepted or ""):
        if tag.split("-")[0] in LANGUAGES:
            return tag.split("-")[0]
    return LANGUAGES[0]


def _by_preference(header: str) -> list[str]:
    weighted = []
    for position, item in enumerate(header.split(",")):
        tag, _, weight = item.strip().lower().partition(";q=")
        weighted.append((-_read_weight(weight), position, tag))
    return [tag for _, _, tag in sorted(weighted)]


def _read_weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
