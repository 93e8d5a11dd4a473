"""The web application: health, metrics, the status page, webhooks."""
