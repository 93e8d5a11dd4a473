"""The list of checks: each is one function that looks at one kind of a running system and tells what it found."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hub.errors import IsthmusError
from hub.sync.measure import Finding, Findings, Measured
from hub.sync.measure.findings import bad, name_outcome, skipped
from hub.testkit.conformance.lab import Lab, NoPerson, Vanished

Look = Callable[[Lab, str], Findings]


@dataclass(frozen=True)
class Check:
    """``writes``: only for kinds with a sink. ``faults``: only for connectors that speak HTTP."""

    name: str
    look: Look
    writes: bool = False
    faults: bool = False

    @property
    def about(self) -> str:
        """The first sentence of the check: what it buys."""
        return (self.look.__doc__ or "").strip().split("\n\n")[0]


CHECKS: dict[str, Check] = {}


def check(*, writes: bool = False, faults: bool = False) -> Callable[[Look], Look]:
    """Puts a function on the list, under its own name."""

    def add(look: Look) -> Look:
        name = look.__name__.removeprefix("check_")
        CHECKS[name] = Check(name, look, writes, faults)
        return look

    return add


def run_check(lab: Lab, name: str, kind: str) -> Measured:
    """What one check finds on one kind. A connector that raises where it must not is a finding too."""
    one = CHECKS[name]
    if kind in lab.subjects and one.writes and lab.subjects[kind].sink is None:
        return Measured(name, kind, [skipped("measure.not_writable").of(kind)])
    if one.faults and not lab.speaks_http():
        return Measured(name, kind, [skipped("measure.no_requests").of(kind)])
    found: list[Finding] = []
    lab.faults.calm()
    try:
        for finding in one.look(lab, kind):
            found.append(finding.of(kind))  # noqa: PERF401 - what was found before an error counts
    except NoPerson as missing:
        found.append(skipped("measure.no_person", act=missing.act).of(kind))
    except Vanished as gone:
        found.append(bad("measure.vanished", id=gone.external_id).of(kind))
    except IsthmusError as error:
        found.append(bad("measure.raised", check=name, words=name_outcome(error)).of(kind))
    except Exception as error:  # whatever else a connector lets escape is a finding that names the place
        found.append(bad("measure.crashed", check=name, words=_locate(error)).of(kind))
    finally:
        lab.faults.calm()
    return Measured(name, kind, found)


def _locate(error: Exception) -> str:
    """Type, words and innermost place of an error that is none of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
