"""IMAP: the mails of named folders, read, and flagged where an admin asks for it."""

from hub.sdk import Connector, hookimpl


@hookimpl
def isthmus_connector() -> type[Connector]:
    """The hook through which the hub finds this folder."""
    from connectors.imap.connector import ImapConnector

    return ImapConnector
