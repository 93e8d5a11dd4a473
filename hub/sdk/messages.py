"""What the hub tells people: handed to connectors that can pass it on (a chat robot, a pager)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class MessageItem:
    """One thing that waits, failed or went silent. Texts are in the language of the message."""

    about: str
    """todo, failed or silence."""
    connection: str
    """The one that it is about."""
    text: str
    """Why, in one sentence."""
    command: str
    """The command that settles it, or says more."""
    code: str = ""
    """Stable code of the reason."""
    kind: str = ""
    """Kind of the record; empty where it is not about one."""
    number: str = ""
    """What people call it."""
    amount: str = ""
    """Money at stake, as people write it; empty for none."""
    since: str = ""
    """Since when, ISO 8601, UTC."""


@dataclass(frozen=True)
class Message:
    """One digest. ``id`` stays the same when it is sent again, so that a receiver can drop the second."""

    id: str
    language: str
    """``en`` or ``zh``."""
    title: str
    """One line."""
    text: str
    """Everything, as plain text with line breaks."""
    items: Sequence[MessageItem] = ()
    """The most important first; may be fewer than ``count``."""
    count: int = 0
    """How many things it is about."""
