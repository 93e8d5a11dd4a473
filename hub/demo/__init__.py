"""Scenarios that show the hub at work. They call public commands only."""
