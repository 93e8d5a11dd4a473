"""What can be written, and what the ERP declares about it. The declaration follows from the connection's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from connectors.sandbox.client import Row, SandboxClient
from connectors.sandbox.config import SandboxConfig
from connectors.sandbox.remarks import write_remark
from connectors.sandbox.streams import SandboxStream
from hub.errors import Duplicate, IsthmusError, Locked, Rejected
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
    TellsMerge,
    Tier,
    Tools,
    WriteSemantics,
    Written,
)

OPEN_FIELDS = frozenset({"note", "reference"})
"""What an approved document lets everybody change, in the hub's words."""
VOIDING_AMENDS = ("free", "reopen", "reverse")


class SandboxSink(Sink):
    """One kind of the ERP; the subclasses name it and say what its states allow."""

    kind: ClassVar[str] = ""
    stream: ClassVar[str] = ""

    def __init__(self, client: SandboxClient, config: SandboxConfig, tools: Tools, stream: SandboxStream) -> None:
        self._client = client
        self._config = config
        self._clock = tools.clock
        self._stream = stream

    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        documents = [self._add_reference(draft) for draft in drafts]
        if len(documents) > 1:
            results = self._client.create_all(self.stream, documents)
            return [result if isinstance(result, IsthmusError) else make_written(result) for result in results]
        try:
            return [make_written(self._client.create(self.stream, document)) for document in documents]
        except (Duplicate, Rejected) as refused:
            return [refused]

    def patch(self, external_id: str, payload: Mapping[str, Any], *, if_version: int | None) -> Written:
        return make_written(self._client.change(self.stream, external_id, payload, if_version))

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        raise Locked("sandbox.cannot_void", kind=self.stream, id=external_id)

    def find(self, ref_prefix: str) -> Sequence[SourceRecord]:
        if self.semantics.tier is Tier.BLIND:
            return ()
        return self._search(ref_prefix=ref_prefix)

    def _search(self, **params: str) -> Sequence[SourceRecord]:
        started = self._clock.now()
        return [self._stream.make_record(row, started) for row in self._client.search(self.stream, **params)]

    def _add_reference(self, draft: Draft) -> Row:
        if self.semantics.tier is Tier.BLIND:
            return draft.payload
        return {**draft.payload, "our_ref": draft.ref}


class MasterSink(SandboxSink):
    """Partners and items: no states, nothing is ever voided; they are switched off by their field ``active``."""

    @property
    def semantics(self) -> WriteSemantics:
        tier = Tier(self._config.master_tier)
        return declare(self._config, tier, {Stage.EFFECTIVE: ALL_FIELDS}, kept=frozenset({"note"}))


class PartnerSink(MasterSink):
    kind = "account"
    stream = "partner"

    @property
    def semantics(self) -> WriteSemantics:
        return replace(super().semantics, tells_merge=TellsMerge(self._config.tells_merge))

    def tell_merge(self, external_id: str, into: str | None, *, if_version: int | None) -> Written:
        """By the ERP's own merging, or by a line of the remark that leaves alone what people wrote there."""
        if self._config.tells_merge == "call":
            return make_written(self._client.merge(self.stream, external_id, into, if_version))
        row = self._client.get(self.stream, external_id)
        if row is None:
            raise Rejected("sandbox.not_found")
        changes = {"remark": write_remark(row.get("remark"), into)}
        return make_written(self._client.change(self.stream, external_id, changes, if_version))

    def find_by_identifier(self, kind: str, value: str) -> Sequence[SourceRecord]:
        """The ERP keeps one number, the 统一社会信用代码."""
        return self._search(tax_id=value) if kind == "uscc" else ()


class ItemSink(MasterSink):
    kind = "product"
    stream = "item"


class DocumentSink(SandboxSink):
    """Sales and what they lead to: draft → submitted → approved (→ closed), or void."""

    open_fields: ClassVar[frozenset[str]] = OPEN_FIELDS

    @property
    def semantics(self) -> WriteSemantics:
        config = self._config
        drafts = config.tier == "draft"
        effective = ALL_FIELDS if config.amend == "free" else self.open_fields
        early = frozenset({Stage.DRAFT}) if drafts else frozenset()
        late = frozenset({Stage.EFFECTIVE}) if config.amend in VOIDING_AMENDS else frozenset()
        editable = {Stage.EFFECTIVE: effective, **dict.fromkeys(early, ALL_FIELDS)}
        kept = self.open_fields
        return declare(config, Tier(config.tier), editable, voidable=early | late, deletable=early, kept=kept)

    def submit(self, external_id: str, *, if_version: int | None) -> Written:
        return self._act(external_id, "submit", if_version)

    def confirm(self, external_id: str, *, if_version: int | None) -> Written:
        return self._act(external_id, "approve", if_version)

    def reopen(self, external_id: str, *, if_version: int | None) -> Written:
        return self._act(external_id, "reopen", if_version)

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        return self._act(external_id, "void", if_version)

    def delete(self, external_id: str, *, if_version: int | None) -> None:
        self._client.delete(self.stream, external_id, if_version)

    def _act(self, external_id: str, action: str, if_version: int | None) -> Written:
        return make_written(self._client.act(self.stream, external_id, action, if_version))


class SaleSink(DocumentSink):
    kind = "order"
    stream = "sale"


class DeliverySink(DocumentSink):
    kind = "delivery"
    stream = "delivery"
    open_fields = frozenset({"note"})


class InvoiceSink(DocumentSink):
    kind = "invoice"
    stream = "invoice"
    open_fields = frozenset({"note"})


class PaymentSink(DocumentSink):
    kind = "payment"
    stream = "payment"


SINKS = (PartnerSink, ItemSink, SaleSink, DeliverySink, InvoiceSink, PaymentSink)


def declare(
    config: SandboxConfig,
    tier: Tier,
    editable: Mapping[Stage, frozenset[str]],
    *,
    voidable: frozenset[Stage] = frozenset(),
    deletable: frozenset[Stage] = frozenset(),
    kept: frozenset[str] = OPEN_FIELDS,
) -> WriteSemantics:
    """The declaration of one kind; ``kept`` are the texts that the ERP may cut or write in capitals. An ERP that edits
    freely has nothing to amend: a void it does not allow is refused."""
    text = Normaliser(max_length=config.text_max or None, case="upper" if config.text_upper else None)
    return WriteSemantics(
        tier=tier,
        reference_field=None if tier is Tier.BLIND else "our_ref",
        confirms=frozenset(Confirm) if tier is Tier.DRAFT else frozenset({Confirm.SAVE}),
        amend=Amend.REFUSE if config.amend == "free" else Amend(config.amend),
        editable=editable,
        voidable=voidable,
        deletable=deletable,
        compare_and_set=config.compare_and_set,
        confirms_version=config.confirms_version,
        shows_modifier=config.shows_modifier,
        exclusive_confirm=config.exclusive_confirm,
        versioned=config.versioned,
        batch_size=config.batch_size,
        d_max_s=config.d_max_s,
        lag_s=config.lag_s,
        granularity_s=config.granularity_s,
        normalisers=dict.fromkeys(kept, text),
        evidence=Evidence(config.evidence),
    )


def make_written(row: Row) -> Written:
    return Written(row["id"], row.get("version"), row.get("number"))
