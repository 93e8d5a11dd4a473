"""What can be written, and what the server declares about it.

A document is made by one ``Save`` and stays a draft until somebody submits and audits it. The server knows no version
that a change could name: what the hub has seen is compared just before, and what slips into the seconds between is
found by the read-back.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from connectors.kingdee.client import KingdeeClient, Saved, quote_text
from connectors.kingdee.config import KingdeeConfig
from connectors.kingdee.streams import KingdeeStream
from connectors.kingdee.tables import KingdeeTables
from hub.errors import IsthmusError, Locked, Rejected, Stale
from hub.sdk import (
    ALL_FIELDS,
    Amend,
    Confirm,
    Draft,
    Evidence,
    Normaliser,
    Sink,
    SourceRecord,
    Stage,
    Tier,
    Tools,
    WriteSemantics,
    Written,
)

Payload = Mapping[str, Any]
Model = dict[str, Any]
DONE_SUBMIT, DONE_AUDIT = (Stage.SUBMITTED, Stage.EFFECTIVE), (Stage.EFFECTIVE,)


class KingdeeSink(Sink):
    """One form; the subclasses turn payloads into what is saved."""

    kind: ClassVar[str] = ""
    stream: ClassVar[str] = ""
    can_cancel: ClassVar[bool] = True
    normalisers: ClassVar[Mapping[str, Normaliser]] = {}

    def __init__(
        self, client: KingdeeClient, tables: KingdeeTables, config: KingdeeConfig, tools: Tools, stream: KingdeeStream
    ) -> None:
        self._client = client
        self._tables = tables
        self._config = config
        self._clock = tools.clock
        self._zone = tools.zone
        self._stream = stream

    @property
    def semantics(self) -> WriteSemantics:
        """From the vendor's examples and field reports, not from an account: a probe must see it first."""
        return WriteSemantics(
            tier=Tier.DRAFT,
            reference_field=f"{self._stream.shape.form} {self._stream.reference_field}",
            confirms=frozenset(Confirm),
            amend=Amend(self._config.amend),
            editable={Stage.DRAFT: ALL_FIELDS},
            voidable=frozenset({Stage.DRAFT}) if self.can_cancel else frozenset(),
            deletable=frozenset({Stage.DRAFT}),
            compare_and_set=False,
            confirms_version=False,
            shows_modifier=True,
            versioned=False,
            d_max_s=self._config.server_timeout_s,
            granularity_s=1.0,
            normalisers=self.normalisers,
            evidence=Evidence.RECALLED,
        )

    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        return [self._create_one(draft) for draft in drafts]

    def patch(self, external_id: str, payload: Payload, *, if_version: int | None) -> Written:
        """Lines that are not named are gone, so a change of the head names none and keeps them all."""
        current = self._look_up(external_id, if_version)
        model = self.make_model(payload, current)
        entity = self._stream.shape.entity
        options = {"NeedUpDateFields": _list_keys(model), "IsDeleteEntry": bool(entity) and entity in model}
        model[self._stream.shape.id_key] = int(external_id)
        return self._make_written(self._client.save(self._form, model, options))

    def submit(self, external_id: str, *, if_version: int | None) -> Written:
        return self._step(external_id, ("Submit",), DONE_SUBMIT, if_version)

    def confirm(self, external_id: str, *, if_version: int | None) -> Written:
        """Submit first when it is still a draft: two requests."""
        return self._step(external_id, ("Submit", "Audit"), DONE_AUDIT, if_version)

    def reopen(self, external_id: str, *, if_version: int | None) -> Written:
        return self._step(external_id, ("UnAudit",), (Stage.DRAFT,), if_version)

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        if not self.can_cancel:
            raise Locked("kingdee.cannot_void", form=self._form, id=external_id)
        current = self._look_up(external_id)
        if current.stage is Stage.VOID:
            return Written(external_id, None, current.number)
        self._compare(current, if_version)
        if current.stage is not Stage.DRAFT:
            raise Locked("kingdee.void_needs_draft", state=current.payload["State"])
        return self._make_written(self._client.cancel(self._form, external_id))

    def delete(self, external_id: str, *, if_version: int | None) -> None:
        current = self._stream.fetch(external_id)
        if current is None:
            return
        self._compare(current, if_version)
        if current.stage is not Stage.DRAFT:
            raise Locked("kingdee.delete_needs_draft", state=current.payload["State"])
        self._client.act(self._form, "Delete", external_id)

    def find(self, ref_prefix: str) -> Sequence[SourceRecord]:
        """Cancelled documents are found as well: no condition hides them."""
        return self._stream.read_where(f"{self._stream.reference_field} like {quote_text(ref_prefix + '%')}")

    @abstractmethod
    def make_model(self, payload: Payload, current: SourceRecord | None) -> Model:
        """What is saved: the keys that ``payload`` speaks of; for a new document (no ``current``) everything that the
        form insists on."""

    @property
    def _form(self) -> str:
        return self._stream.shape.form

    def _create_one(self, draft: Draft) -> Written | IsthmusError:
        try:
            model = self.make_model(draft.payload, None)
            model[self._stream.reference_field] = draft.ref
            return self._make_written(self._client.save(self._form, model, {"IsDeleteEntry": True}))
        except IsthmusError as error:
            return error

    def _step(
        self, external_id: str, operations: Sequence[str], done: Sequence[Stage], if_version: int | None
    ) -> Written:
        current = self._look_up(external_id)
        if current.stage in done:
            return Written(external_id, None, current.number)
        self._compare(current, if_version)
        if current.stage is Stage.SUBMITTED and operations[0] == "Submit":
            operations = operations[1:]
        for operation in operations:
            saved = self._client.act(self._form, operation, external_id)
        return self._make_written(saved)

    def _look_up(self, external_id: str, if_version: int | None = None) -> SourceRecord:
        current = self._stream.fetch(external_id)
        if current is None:
            raise Rejected("kingdee.gone", form=self._form, vendor=external_id)
        self._compare(current, if_version)
        return current

    def _compare(self, current: SourceRecord, if_version: int | None) -> None:
        if if_version is not None and current.version != if_version:
            raise Stale("kingdee.stale")

    def _make_written(self, saved: Saved) -> Written:
        return Written(saved.id, None, saved.number or None)


def number(value: str) -> dict[str, str]:
    """A reference as it is saved."""
    return {"FNumber": value}


def take_number(payload: Payload, key: str) -> str:
    """The number that the mapping wrote into a reference; empty when it wrote none."""
    return str((payload.get(key) or {}).get("FNumber") or "")


def _list_keys(model: Model) -> list[str]:
    """Every key that a change names, those of lines too."""
    keys = dict.fromkeys(model)
    for value in model.values():
        for row in value if isinstance(value, list) else [value] if isinstance(value, Mapping) else ():
            keys |= dict.fromkeys(key for key in row if key != "FNumber")
    return list(keys)
