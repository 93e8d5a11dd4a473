"""Webhook: any system that pushes its records, connected by configuration alone."""

from hub.sdk import Connector, hookimpl


@hookimpl
def isthmus_connector() -> type[Connector]:
    """The hook through which the hub finds this folder."""
    from connectors.webhook.connector import WebhookConnector

    return WebhookConnector
