"""What ``connection check`` is told by a connector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class CheckItem:
    """One finding of ``connection check``: a message code of the connector's catalogue with parameters."""

    ok: bool
    """Whether it is as it should be; one that is not makes the command fail."""
    code: str
    """Code of a text in the connector's catalogue."""
    params: Mapping[str, object] = field(default_factory=dict)
    """What the text's placeholders stand for."""
    ours: bool = False
    """What is not as it should be is mended in what is configured here (exit code 2), not in the other system (3)."""
