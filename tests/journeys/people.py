"""Invented companies. The numbers pass both of their check characters and belong to nobody we know of."""

from __future__ import annotations

import random

from connectors.sandbox.simulator import make_uscc

USCCS = tuple(make_uscc(random.Random(f"journeys/{place}")) for place in range(20))
