"""Schema versions. Run by ``Store.migrate``; needs no ini file and works from an installed wheel."""

HEAD = "0002"
"""The revision that this code works on."""
