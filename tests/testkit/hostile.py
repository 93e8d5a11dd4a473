"""A connector that lies or misbehaves in exactly one way at a time.

It is the sandbox connector with one method replaced, or with a declaration that is not true of its ERP. Each vice names
the check that must find it, and the sentence by which.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from connectors.sandbox.config import SandboxConfig
from connectors.sandbox.connector import SandboxConnector
from hub.errors import IsthmusError
from hub.sdk import CheckItem, Draft, Page, SourceRecord, Stage, Written
from hub.testkit.conformance import Site
from tests.testkit.sandbox_bench import SandboxBench

Spoil = Callable[[SandboxConnector], None]


@dataclass(frozen=True)
class Vice:
    """``check`` must fail on ``kind`` with ``code`` (and ``fact``), and with no other code than those in ``also``."""

    check: str
    code: str
    spoil: Spoil | None = None
    kind: str = "order"
    fact: str = ""
    also: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the ERP is."""
    declared: Mapping[str, Any] = field(default_factory=dict)
    """What the connection says that it is."""
    made_of: Mapping[str, Any] = field(default_factory=dict)
    """Attributes of the connector class."""

    def make_bench(self) -> SandboxBench:
        return HostileBench(self)


class HostileBench(SandboxBench):
    """The sandbox with a connector that has the vice."""

    def __init__(self, vice: Vice) -> None:
        super().__init__(vice.declared, **vice.settings)
        spoil = vice.spoil

        def begin(self: Any, config: Any, tools: Any) -> None:
            SandboxConnector.__init__(self, config, tools)
            if spoil is not None:
                spoil(self)

        made = {"__init__": begin, "__module__": __name__, **vice.made_of}
        self.connector: Any = type("HostileConnector", (SandboxConnector,), made)

    @contextmanager
    def start(self) -> Iterator[Site]:
        with super().start() as site:
            known = self.connector.Config.model_fields
            yield dataclasses.replace(site, config={name: site.config[name] for name in site.config if name in known})


# ---------------------------------------------------------------- tools of the trade


def swap(thing: Any, **members: Any) -> None:
    """Replace members of one object; ``base`` of each function is what it was."""
    base = type(thing)
    made = {name: member(base) if getattr(member, "wants_base", False) else member for name, member in members.items()}
    thing.__class__ = type("Hostile" + base.__name__, (base,), made)


def over(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Marks a function that is handed the class it replaces a member of."""
    make.wants_base = True  # type: ignore[attr-defined]
    return make


def stream_with(**members: Any) -> Spoil:
    return lambda connector: swap(connector.streams()["sale"], **members)


def sink_with(kind: str = "order", **members: Any) -> Spoil:
    return lambda connector: swap(connector.sinks()[kind], **members)


def declaring(**facts: Any) -> Spoil:
    """A declaration with these facts instead of the true ones."""

    @over
    def semantics(base: Any) -> Any:
        return property(lambda self: dataclasses.replace(base.semantics.fget(self), **facts))

    return sink_with(semantics=semantics)


def showing(change: Callable[[SourceRecord], SourceRecord]) -> Spoil:
    """Every record is shown otherwise than it is."""

    @over
    def make_record(base: Any) -> Any:
        return lambda self, row, started: change(base.make_record(self, row, started))

    return stream_with(make_record=make_record)


def facts_as(**facts: Any) -> Spoil:
    return showing(lambda record: dataclasses.replace(record, **facts))


def payload_as(change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Spoil:
    return showing(lambda record: dataclasses.replace(record, payload=change(dict(record.payload))))


def paging(change: Callable[[Any, Page], Page]) -> Spoil:
    """Every page is changed on its way."""

    @over
    def read_page(base: Any) -> Any:
        return lambda self, since, position, limit: change(self, base.read_page(self, since, position, limit))

    return stream_with(read_page=read_page)


def fetching(change: Callable[[Any, str, SourceRecord | None], SourceRecord | None]) -> Spoil:
    @over
    def fetch(base: Any) -> Any:
        return lambda self, id: change(self, id, base.fetch(self, id))

    return stream_with(fetch=fetch)


def failing(wanted: type[IsthmusError], other: Callable[[IsthmusError], object], *methods: str) -> Spoil:
    """An error of one class is told as something else, returned or raised as it was."""

    def wrap(name: str) -> Any:
        @over
        def member(base: Any) -> Any:
            def call(self: Any, *args: Any, **kwargs: Any) -> Any:
                try:
                    answer = getattr(base, name)(self, *args, **kwargs)
                except wanted as error:
                    return _tell(other(error), args if name == "create" else None)
                if name != "create":
                    return answer
                return [other(item) if isinstance(item, wanted) else item for item in answer]

            return call

        return member

    members: dict[str, Any] = {name: wrap(name) for name in methods or ("create",)}
    return lambda connector: swap(connector.sinks()["order"], **members)


def _tell(told: object, batch: Any) -> Any:
    if isinstance(told, IsthmusError):
        raise told
    return [told for _ in batch[0]] if batch else told


def make(error: Any) -> Any:
    """An error of another class with the same words."""
    return lambda found: error(found.code, vendor=found.vendor, **found.params)


def reading_errors(wanted: type[IsthmusError], other: Callable[[IsthmusError], object]) -> Spoil:
    """The same for reading a page."""

    @over
    def read_page(base: Any) -> Any:
        def call(self: Any, *args: Any) -> Any:
            try:
                return base.read_page(self, *args)
            except wanted as error:
                return _tell(other(error), None)

        return call

    return stream_with(read_page=read_page)


def creating(change: Callable[[Any, Any, Sequence[Draft]], Any]) -> Spoil:
    """``change(create as it was, sink, drafts)``."""

    @over
    def create(base: Any) -> Any:
        return lambda self, drafts: change(lambda given: base.create(self, given), self, drafts)

    return sink_with(create=create)


def doing(name: str, change: Callable[[Callable[..., Any], Any, str], Any]) -> Spoil:
    """A step on one document: ``change(step as it was, sink, id)``."""

    @over
    def member(base: Any) -> Any:
        return lambda self, id, **how: change(lambda **more: getattr(base, name)(self, id, **{**how, **more}), self, id)

    return lambda connector: swap(connector.sinks()["order"], **{name: member})


def patching(change: Callable[[Callable[..., Written], Any, str, Mapping[str, Any], int | None], Written]) -> Spoil:
    """``change(patch as it was, sink, id, payload, if_version)``."""

    @over
    def patch(base: Any) -> Any:
        def call(self: Any, id: str, payload: Any, *, if_version: int | None) -> Written:
            def was(given: Any = payload, version: int | None = if_version) -> Written:
                done: Written = base.patch(self, id, given, if_version=version)
                return done

            return change(was, self, id, payload, if_version)

        return call

    return sink_with(patch=patch)


def finding(change: Callable[[Any, Sequence[SourceRecord]], Sequence[SourceRecord]]) -> Spoil:
    @over
    def find(base: Any) -> Any:
        return lambda self, prefix: change(self, base.find(self, prefix))

    return sink_with(find=find)


def checking(change: Callable[[SandboxConnector, Sequence[CheckItem]], Sequence[CheckItem]]) -> dict[str, Any]:
    return {"check": lambda self: change(self, SandboxConnector.check(self))}


def answering(**fields: Any) -> dict[str, Any]:
    """A class whose configuration has one more field."""
    (name, info), *_ = fields.items()
    made = type("HostileConfig", (SandboxConfig,), {"__annotations__": {name: str}, name: info, "__module__": __name__})
    return {"Config": made}


def stage_of(sink: Any, id: str) -> Stage:
    found: SourceRecord = sink._stream.fetch(id)
    return found.stage


def bilingual(text: str) -> Any:
    return Field("", description=text, json_schema_extra={"zh": text})


def is_header_same(one: SourceRecord, other: SourceRecord) -> bool:
    return all(one.payload[name] == other.payload[name] for name in ("note", "customer_ref", "status", "customer"))


def remember(change: Callable[[SourceRecord, SourceRecord], SourceRecord]) -> Spoil:
    """``change(first sight of the record, the record)``."""
    first: dict[str, SourceRecord] = {}
    return showing(lambda record: change(first.setdefault(record.external_id, record), record))
