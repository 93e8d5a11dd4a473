"""The one door through which every connector enters, ours and strangers' alike."""

from __future__ import annotations

import pluggy

from hub.sdk.connector import Connector

hookspec = pluggy.HookspecMarker("isthmus")
hookimpl = pluggy.HookimplMarker("isthmus")
"""Marks the function ``isthmus_connector`` of a connector's ``__init__.py``, which returns its class."""


@hookspec
def isthmus_connector() -> type[Connector]:
    """Return the connector class of this plugin."""
    raise NotImplementedError
