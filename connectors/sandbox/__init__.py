"""The sandbox: a generic ERP of any tier, simulated, and a connector to it that strangers may copy."""

from hub.sdk import Connector, hookimpl


@hookimpl
def isthmus_connector() -> type[Connector]:
    """The hook through which the hub finds this folder."""
    from connectors.sandbox.connector import SandboxConnector

    return SandboxConnector
