"""The conformance suite: one line of test buys all of it.

    from connectors.acme.connector import AcmeConnector
    from hub.testkit.conformance import make_suite

    TestAcme = make_suite(AcmeConnector)

That starts the simulator that the connector ships (``simulator = "package.module:function"`` on the class) and runs
every check on every kind that has a mapping file, each as a test of its own. A failure is one sentence that says what
to do. Faults on the wire come from the suite itself, for every connector that uses ``hub.sdk.HttpClient`` (or
``tools.transport`` in any other way).

A person who acts in the simulator buys the rest (copies, edits by people, approvals); values that the system insists on
go into ``given``::

    class AcmePerson(Person):
        def __init__(self, url: str) -> None: ...
        def create(self, kind: str) -> str: ...
        def edit(self, kind: str, id: str) -> None: ...

    TestAcme = make_suite(
        SimulatorBench(AcmeConnector, make_person=AcmePerson, given={"product": {"unit": "PCS"}})
    )

For a real server subclass :class:`Bench` and yield a :class:`Site` from ``start``. ``measure(bench)`` runs the same
without pytest and returns a :class:`Report` of what was measured beside what is declared. A declaration that promises
more than was seen fails; one that promises less passes with a remark.
"""

from hub.sync.measure import Finding, Measured, Report, Verdict
from hub.testkit.conformance.bench import Bench, Person, SimulatorBench, Site
from hub.testkit.conformance.registry import RegistryBench, make_registry_suite
from hub.testkit.conformance.suite import make_suite, measure

__all__ = [
    "Bench",
    "Finding",
    "Measured",
    "Person",
    "RegistryBench",
    "Report",
    "SimulatorBench",
    "Site",
    "Verdict",
    "make_registry_suite",
    "make_suite",
    "measure",
]
