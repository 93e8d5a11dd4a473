"""The scenarios of `isthmus demo`; they call public commands only."""
