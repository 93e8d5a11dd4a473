"""金蝶云·星空 (K/3 Cloud) through its WebAPI."""

from hub.sdk import Connector, hookimpl


@hookimpl
def isthmus_connector() -> type[Connector]:
    """The hook through which the hub finds this folder."""
    from connectors.kingdee.connector import KingdeeConnector

    return KingdeeConnector
