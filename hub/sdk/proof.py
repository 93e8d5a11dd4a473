"""What stands behind the word of a connector that it fits its system."""

from __future__ import annotations

from enum import StrEnum


class Proof(StrEnum):
    """What a connector was tried against, the strongest first. Each counts for what it touched: a vendor's client does
    not prove fields that it never sent."""

    SERVER = "real server"
    """The system itself runs in the tests."""
    CLIENT = "official client"
    """The vendor's own library talks to our simulator, and agrees with the connector."""
    CLIENT_CALLBACKS = "official client of callbacks"
    """The vendor's library for callbacks takes what our simulator sends, and our door takes what it sends; of calls it
    knows nothing."""
    OTHER_CLIENT = "independent client"
    """A library of somebody else does; neither of us wrote it."""
    SPEC = "official spec"
    """A specification that a program can check, such as a standard or a published schema."""
    VECTORS = "vectors"
    """Published or measured examples, byte for byte: signatures, encryption."""
    DOCUMENTS = "documents only"
    """What the vendor writes. Look the first records over on a live account."""


__all__ = ["Proof"]
