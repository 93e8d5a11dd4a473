"""SMTP: mails that people wrote in the hub, sent once."""

from hub.sdk import Connector, hookimpl


@hookimpl
def isthmus_connector() -> type[Connector]:
    """The hook through which the hub finds this folder."""
    from connectors.smtp.connector import SmtpConnector

    return SmtpConnector
