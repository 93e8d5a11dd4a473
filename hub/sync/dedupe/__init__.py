"""Finds who is in a list more than once: any list, without a hub. Needs the extra ``isthmus[dedupe]``."""
