"""Files: a folder of CSV, XLSX and JSONL that is read, and a folder that lists are written to."""

from hub.sdk import Connector, hookimpl


@hookimpl
def isthmus_connector() -> type[Connector]:
    """The hook through which the hub finds this folder."""
    from connectors.file.connector import FileConnector

    return FileConnector
