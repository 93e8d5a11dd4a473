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
from hub.sdk.connector import (
    CheckItem,
    Clock,
    Connector,
    ConnectorConfig,
    Draft,
    Page,
    Sink,
    SourceRecord,
    Stream,
    Tools,
    Written,
)
from hub.sdk.hooks import hookimpl
from hub.sdk.http import HttpClient

__all__ = [
    "ALL_FIELDS",
    "NO_FIELDS",
    "Amend",
    "CheckItem",
    "Clock",
    "Confirm",
    "Connector",
    "ConnectorConfig",
    "Draft",
    "Evidence",
    "HttpClient",
    "Normaliser",
    "Page",
    "Sink",
    "SourceRecord",
    "Stage",
    "Stream",
    "Tier",
    "Tools",
    "WriteSemantics",
    "Written",
    "hookimpl",
]
