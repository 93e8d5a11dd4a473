"""Isthmus: an integration hub around a small CRM core."""

ISTHMUS = "isthmus"
