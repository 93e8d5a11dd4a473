"""Calls of other systems (webhooks): what a call is, what a connector makes of it, and how it is proved.

A connector that is called returns a :class:`Receiver` from ``Connector.receiver``. Most receivers call
:func:`verify_call` with one of the ``SCHEMES``; one with a way of its own raises ``Unauthentic`` by itself.
"""

from hub.sdk.webhooks.calls import Answer, Call, Notice, Received, Receiver
from hub.sdk.webhooks.schemes import SCHEMES, find_scheme
from hub.sdk.webhooks.signing import (
    TOLERANCE_S,
    HmacScheme,
    Scheme,
    TokenScheme,
    check_secret,
    check_signed,
    verify_call,
)

__all__ = [
    "SCHEMES",
    "TOLERANCE_S",
    "Answer",
    "Call",
    "HmacScheme",
    "Notice",
    "Received",
    "Receiver",
    "Scheme",
    "TokenScheme",
    "check_secret",
    "check_signed",
    "find_scheme",
    "verify_call",
]
