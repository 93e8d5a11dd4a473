"""The only door for connector authors."""
