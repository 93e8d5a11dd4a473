"""A system under test with the connector over it: what the checks work with."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx

from hub.errors import IsthmusError
from hub.locale import add_catalogue
from hub.model.ids import make_uuid7
from hub.protocol.reference import make_reference
from hub.protocol.semantics import Stage, Tier
from hub.sdk import Clock, Connector, Tools, Written
from hub.sdk.simulator import WallClock
from hub.sync.measure import Register, Seen, Subject
from hub.sync.measure.samples import make_sample
from hub.sync.measure.writing import first_change, wait_until
from hub.sync.shipped import compile_shipped, find_catalogue
from hub.testkit.conformance.bench import Bench, Person, Site
from hub.testkit.conformance.faults import FaultTransport

INSTALLATION = "C0N"
HTTP_TOTAL_S = 60.0
TICK_S = 0.02
T = TypeVar("T")


class HastyClock:
    """Real time that does not wait: sleeping only moves its own hands. For retries against faults of ours."""

    def __init__(self, inner: Clock) -> None:
        self._inner = inner
        self._slept_s = 0.0

    def now(self) -> datetime:
        return self._inner.now()

    def monotonic(self) -> float:
        return self._inner.monotonic() + self._slept_s

    def sleep(self, seconds: float) -> None:
        self._slept_s += seconds


class NoPerson(Exception):
    """The bench has nobody who can do this; the check is skipped."""

    def __init__(self, act: str) -> None:
        super().__init__(act)
        self.act = act


@dataclass
class Lab:
    """One started system for all checks of a class. Records of earlier checks stay: no check may mind them."""

    bench: Bench
    site: Site
    faults: FaultTransport
    clock: Clock
    register: Register = field(default_factory=Register)
    subjects: dict[str, Subject] = field(default_factory=dict)
    hasty: dict[str, Subject] = field(default_factory=dict)
    """The same through a second instance that waits for nothing: for checks with faults."""
    batch_writes: dict[str, int] = field(default_factory=dict)
    """Kind → how many requests with side effects a create of three sends."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _opened: list[Connector] = field(default_factory=list)

    @property
    def connector(self) -> Connector:
        return self._opened[0]

    def open(self, *, hasty: bool = False, **answers: Any) -> Connector:
        """Another instance of the connector, as another worker has; ``answers`` replace values of the configuration."""
        clock = HastyClock(self.clock) if hasty and self.site.clock is None else self.clock
        tools = Tools(
            clock=clock, random=random.Random(len(self._opened)), zone=self.bench.zone, transport=self.faults,
            http_total_s=HTTP_TOTAL_S,
        )  # fmt: skip
        config = self.bench.connector.Config.model_validate({**self.site.config, **answers})
        made = self.bench.connector(config, tools)
        self._opened.append(made)
        return made

    def renew(self, kind: str) -> Subject:
        """The kind through an instance of its own, in haste."""
        return _put_over(self.subjects[kind], self.open(hasty=True))

    def close(self) -> None:
        for connector in self._opened:
            connector.close()

    # ------------------------------------------------------------ making things

    def next_number(self) -> int:
        return next(self._numbers)

    def make_ref(self) -> str:
        return make_reference(INSTALLATION, self._make_id())

    def _make_id(self) -> UUID:
        return make_uuid7(self.clock.now(), next(self._numbers) << 32 | 0x5EED)

    def sample(self, kind: str, number: int | None = None) -> dict[str, Any]:
        """Values for a new record; what it points at is made when there is none."""
        subject = self.subjects[kind]
        number = number if number is not None else self.next_number()
        return make_sample(kind, number, subject.mapping.fields_out, self._find_parent, subject.given)

    def _find_parent(self, kind: str) -> UUID | None:
        if kind not in self.register.parents and kind in self.subjects and self.subjects[kind].sink is not None:
            self.register.add_parent(kind, self.create(kind)[1].external_id)
        return self.register.parents.get(kind)

    def create(self, kind: str, values: Mapping[str, Any] | None = None) -> tuple[str, Written]:
        """A document of ours: its reference and what the connector answered. Where nothing is created by us, one of a
        person's, without a reference."""
        if not self.subjects[kind].semantics.creates:
            return "", Written(self.act(lambda person: person.create(kind), "create"))
        ref = self.make_ref()
        return ref, self.subjects[kind].create(values if values is not None else self.sample(kind), ref)

    def make(self, kind: str) -> tuple[str, Seen]:
        """The same, read back."""
        ref, written = self.create(kind)
        return ref, self.look(kind, written.external_id)

    def look(self, kind: str, external_id: str) -> Seen:
        subject = self.subjects[kind]
        lag_s = subject.semantics.lag_s if subject.sink is not None else 0.0
        wait_until(subject, lag_s, lambda: subject.look(external_id) is not None)
        found = subject.look(external_id)
        if found is None:
            raise Vanished(kind, external_id)
        return found

    def reach(self, kind: str, stage: Stage) -> tuple[str, Seen] | None:
        """A document of ours in this stage: by the connector where it may, else by a person; None when neither can."""
        ref, seen = self.make(kind)
        id = seen.source.external_id
        if seen.source.stage is not stage:
            try:
                self.act(lambda person: person.bring(kind, id, stage), "bring")
            except NoPerson:
                self._move(kind, seen, stage)
            seen = self.look(kind, id)
        return (ref, seen) if seen.source.stage is stage else None

    def _move(self, kind: str, seen: Seen, stage: Stage) -> None:
        subject = self.subjects[kind]
        move = {Stage.SUBMITTED: subject.writer.submit, Stage.EFFECTIVE: subject.writer.confirm}.get(stage)
        if move is not None and subject.semantics.tier is Tier.DRAFT:
            try:
                move(seen.source.external_id, if_version=seen.source.version)
            except (IsthmusError, NotImplementedError):
                return

    def edit(self, kind: str, external_id: str) -> Seen:
        """Change one field that its stage allows, through the connector."""
        subject, seen = self.subjects[kind], self.look(kind, external_id)
        fields = subject.semantics.editable.get(seen.source.stage, frozenset())
        changes = first_change(subject, seen, fields, self.next_number())
        if not changes:
            raise NoPerson("edit")
        subject.patch(seen, changes)
        return self.look(kind, external_id)

    def speaks_http(self) -> bool:
        """Whether requests of the connector pass through our transport, where faults can be done to them."""
        if not self.faults.sent:
            for subject in self.hasty.values():
                subject.stream.read_page(None, None, 1)
        return bool(self.faults.sent)

    def act(self, deed: Callable[[Person], T], name: str) -> T:
        """Let the person do something; ``NoPerson`` when the bench has no way."""
        if self.site.person is None:
            raise NoPerson(name)
        try:
            return deed(self.site.person)
        except NotImplementedError as missing:
            raise NoPerson(name) from missing

    def wait_lag(self, kind: str) -> None:
        """Until the declared lag of lists has passed."""
        subject = self.subjects[kind]
        if subject.sink is not None and subject.semantics.lag_s:
            self.clock.sleep(subject.semantics.lag_s)

    def tick(self, kind: str) -> None:
        """Until a change made now has another change time than those before."""
        subject = self.subjects[kind]
        step_s = subject.semantics.granularity_s if subject.sink is not None else 0.0
        self.clock.sleep(step_s + TICK_S)

    def since(self, kind: str, moment: datetime) -> datetime:
        """Where a pull would begin that must not miss a change made now."""
        subject = self.subjects[kind]
        step_s = subject.semantics.granularity_s if subject.sink is not None else 0.0
        return moment - timedelta(seconds=step_s)


class Vanished(Exception):
    """A document that the connector said it made cannot be read."""

    def __init__(self, kind: str, external_id: str) -> None:
        super().__init__(f"{kind} {external_id}")
        self.kind = kind
        self.external_id = external_id


@contextmanager
def open_lab(bench: Bench) -> Iterator[Lab]:
    """Start the system and open the connector twice: once as it is, once in haste."""
    with ExitStack() as stack:
        site = stack.enter_context(bench.start())
        inner = site.transport or httpx.HTTPTransport()
        stack.callback(inner.close)
        folder = find_catalogue(bench.connector)
        if folder is not None:
            add_catalogue(folder)
        lab = Lab(bench, site, FaultTransport(inner, bench.is_write), site.clock or WallClock())
        stack.callback(lab.close)
        patient = lab.open()
        lab.subjects.update(_make_subjects(lab, patient))
        hurried = lab.open(hasty=True)
        lab.hasty.update({kind: _put_over(subject, hurried) for kind, subject in lab.subjects.items()})
        yield lab


def _put_over(subject: Subject, connector: Connector) -> Subject:
    stream, sink = connector.streams()[subject.stream.name], connector.sinks().get(subject.kind)
    return replace(subject, stream=stream, sink=sink, clock=connector.tools.clock)


def _make_subjects(lab: Lab, connector: Connector) -> dict[str, Subject]:
    streams, sinks = connector.streams(), connector.sinks()
    tables: list[Mapping[str, Mapping[str, str]]] = []

    def codes() -> Mapping[str, Mapping[str, str]]:
        if not tables:
            told = connector.code_tables()
            names = {*told, *lab.bench.codes}
            tables.append({name: {**told.get(name, {}), **lab.bench.codes.get(name, {})} for name in names})
        return tables[0]

    return {
        kind: Subject(
            kind, mapping, streams[mapping.stream], sinks.get(kind), lab.clock, lab.register, codes, lab.bench.zone,
            lab.make_ref, lab.bench.given.get(kind, {}),
        )
        for kind, mapping in compile_shipped(connector).items()
        if mapping.stream in streams
    }  # fmt: skip
