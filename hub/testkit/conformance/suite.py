"""The suite as pytest sees it: one class, one test for each check and kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from hub.sdk import Connector
from hub.sync.measure import Measured, Report
from hub.sync.shipped import find_mapping_files
from hub.testkit.conformance import reading, troubles, writing
from hub.testkit.conformance.bench import Bench, SimulatorBench
from hub.testkit.conformance.checks import CHECKS, Check, run_check
from hub.testkit.conformance.lab import open_lab

_ROOMS = (reading, troubles, writing)  # importing them fills the list of checks


def list_kinds(bench: Bench) -> Sequence[str]:
    """The kinds that the connector ships a mapping for."""
    return sorted(find_mapping_files(bench.connector))


def measure(bench: Bench, *, kinds: Sequence[str] | None = None, checks: Sequence[str] | None = None) -> Report:
    """Run checks without pytest: everything that was measured, bad or not."""
    report = Report(bench.connector.name)
    with open_lab(bench) as lab:
        for kind in kinds or list_kinds(bench):
            report.checks += [run_check(lab, name, kind) for name in checks or CHECKS]
    return report


def make_suite(
    subject: Bench | type[Connector], *, kinds: Sequence[str] | None = None, leave_out: Sequence[str] = ()
) -> type[Any]:
    """A test class: ``TestAcme = make_suite(AcmeConnector)``. Its system is started once.

    ``kinds``: only these. ``leave_out`` names checks that are not run, for which the author has a reason.
    """
    import pytest

    bench = subject if isinstance(subject, Bench) else SimulatorBench(subject)
    unknown = set(leave_out) - CHECKS.keys()
    if unknown:
        raise ValueError(f"unknown checks: {', '.join(sorted(unknown))}; known: {', '.join(CHECKS)}")
    report = Report(bench.connector.name)

    def setup_class(cls: Any) -> None:
        cls.closing = ExitStack()
        cls.lab = cls.closing.enter_context(open_lab(bench))

    def teardown_class(cls: Any) -> None:
        cls.closing.close()
        print("\n".join(report.lines()))

    members: dict[str, Any] = {
        "report": report,
        "setup_class": classmethod(setup_class),
        "teardown_class": classmethod(teardown_class),
        "__doc__": f"Conformance of {bench.connector.name}.",
    }
    for name, one in CHECKS.items():
        if name not in leave_out:
            members[f"test_{name}"] = pytest.mark.parametrize("kind", list(kinds or list_kinds(bench)))(
                _make_test(one, report)
            )
    return type(f"Test{bench.connector.name.title()}", (), members)


def _make_test(one: Check, report: Report) -> Callable[..., None]:
    def test(self: Any, kind: str) -> None:
        measured = run_check(self.lab, one.name, kind)
        report.checks.append(measured)
        judge(measured)

    test.__doc__ = one.about
    test.__name__ = f"test_{one.name}"
    return test


def judge(measured: Measured) -> None:
    """Pass, skip or fail the running test; a failure is a sentence for the author."""
    import pytest

    if measured.bad:
        pytest.fail(f"{measured.kind}, {measured.check}:\n  " + "\n  ".join(measured.sentences()), pytrace=False)
    if measured.skipped:
        from hub.sync.measure import Verdict

        pytest.skip(f"{measured.kind}: " + "; ".join(measured.sentences(verdicts=(Verdict.SKIPPED,))))
