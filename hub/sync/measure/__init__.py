"""Measuring what another system really does, on connector objects: shared by ``connection check``, ``connection probe``
and the conformance suite. Nothing here reads or writes the hub's own records."""

from hub.sync.measure.findings import Finding, Findings, Measured, Report, Verdict
from hub.sync.measure.subject import Register, Seen, Subject

__all__ = ["Finding", "Findings", "Measured", "Register", "Report", "Seen", "Subject", "Verdict"]
