"""企业微信 (WeCom) through the server API of a self-built app."""

from hub.sdk import Connector, hookimpl


@hookimpl
def isthmus_connector() -> type[Connector]:
    """The hook through which the hub finds this folder."""
    from connectors.wecom.connector import WecomConnector

    return WecomConnector
