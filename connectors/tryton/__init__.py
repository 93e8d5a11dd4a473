"""Tryton: customers, products and sales, read and written over its JSON-RPC."""

from hub.sdk import Connector, hookimpl


@hookimpl
def isthmus_connector() -> type[Connector]:
    """The hook through which the hub finds this folder."""
    from connectors.tryton.connector import TrytonConnector

    return TrytonConnector
