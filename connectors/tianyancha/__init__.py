"""天眼查 (Tianyancha): what the Chinese business register says about a company."""

from hub.sdk import Connector, hookimpl


@hookimpl
def isthmus_connector() -> type[Connector]:
    """The hook through which the hub finds this folder."""
    from connectors.tianyancha.connector import TianyanchaConnector

    return TianyanchaConnector
