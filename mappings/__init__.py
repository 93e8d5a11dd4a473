"""The field mappings that are shipped: data only."""

ISTHMUS = "isthmus"
