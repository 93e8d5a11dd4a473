"""Sets of UIDs as a mailbox writes them: ``1:4,7``. A hundred thousand mails without gaps are one range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def write_uids(uids: Iterable[int]) -> str:
    """Numbers in rising order as ranges; empty for none."""
    parts: list[str] = []
    first = last = None
    for uid in sorted(set(uids)):
        if last is not None and uid == last + 1:
            last = uid
            continue
        if first is not None:
            parts.append(_show(first, last))
        first = last = uid
    if first is not None:
        parts.append(_show(first, last))
    return ",".join(parts)


def _show(first: int, last: int | None) -> str:
    return str(first) if first == last else f"{first}:{last}"


def extend_uids(text: str, uids: Sequence[int]) -> str:
    """The same with higher ones, in rising order, behind them."""
    more = write_uids(uids)
    if not text or not more:
        return text or more
    before, _, tail = text.rpartition(",")
    first, _, last = tail.partition(":")
    if int(last or first) + 1 != uids[0]:
        return f"{text},{more}"
    head, _, others = more.partition(",")
    return ",".join(filter(None, (before, _show(int(first), int(head.rpartition(":")[2])), others)))


def list_uids(text: str) -> list[int]:
    """The other way."""
    found: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition(":")
        found += range(int(first), int(last or first) + 1)
    return found


def cut_uids(text: str, last: int) -> str:
    """The same without those above ``last``, and without what is no number."""
    kept: list[str] = []
    for part in text.split(","):
        ends = [int(end) for end in part.strip().split(":") if end.isdecimal()]
        if ends and min(ends) <= last:
            kept.append(_show(min(ends), min(max(ends), last)))
    return ",".join(kept)


def take_uids(text: str, most: int) -> tuple[list[int], str]:
    """The first of them, and the others: a set of any size takes no more memory than is taken of it."""
    found: list[int] = []
    parts = text.split(",") if text else []
    while parts and len(found) < most:
        first, _, last = parts.pop(0).partition(":")
        upto = min(int(last or first), int(first) + most - len(found) - 1)
        found += range(int(first), upto + 1)
        if upto < int(last or first):
            parts.insert(0, _show(upto + 1, int(last)))
    return found, ",".join(parts)
