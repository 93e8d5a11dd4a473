"""The only door for connector authors. Everything a connector may use is named here."""

from hub.protocol.semantics import (
    ALL_FIELDS,
    NO_FIELDS,
    Amend,
    Confirm,
    Evidence,
    Normaliser,
    Stage,
    Tier,
    WriteSemantics,
)
from hub.sdk.budget import Budget, CallLimits, NoBudget
from hub.sdk.connector import (
    CheckItem,
    Clock,
    Connector,
    ConnectorConfig,
    Draft,
    Page,
    Place,
    Sink,
    SourceRecord,
    Stream,
    Tools,
    Unreadable,
    Written,
)
from hub.sdk.hooks import hookimpl
from hub.sdk.http import HttpClient

__all__ = [
    "ALL_FIELDS",
    "NO_FIELDS",
    "Amend",
    "Budget",
    "CallLimits",
    "CheckItem",
    "Clock",
    "Confirm",
    "Connector",
    "ConnectorConfig",
    "Draft",
    "Evidence",
    "HttpClient",
    "NoBudget",
    "Normaliser",
    "Page",
    "Place",
    "Sink",
    "SourceRecord",
    "Stage",
    "Stream",
    "Tier",
    "Tools",
    "Unreadable",
    "WriteSemantics",
    "Written",
    "hookimpl",
]
