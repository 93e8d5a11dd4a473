"""CalDAV: the events of named calendars, read and written."""

from hub.sdk import Connector, hookimpl


@hookimpl
def isthmus_connector() -> type[Connector]:
    """The hook through which the hub finds this folder."""
    from connectors.caldav.connector import CalDavConnector

    return CalDavConnector
