"""The row that seals a part of the journal."""

from __future__ import annotations

from hub.model.values import Instant, Value


class JournalSeal(Value):
    """One block of the chain over the journal: which entries, in this order, and a salted digest of each.

    The salt of an entry is dropped when its content is erased; its digest stays, says nothing without the salt, and
    keeps the chain whole.
    """

    number: int
    """From 1, without gaps."""
    rows: int
    ids: bytes
    """16 bytes for each entry."""
    salts: bytes
    """16 bytes for each entry; zeros: erased."""
    leaves: bytes
    """32 bytes for each entry: SHA-256 of its salt and its content."""
    before: str
    """Digest of the block before; of the first, empty."""
    digest: str
    at: Instant
