"""Vices: what stands in the declaration and in the account."""

from __future__ import annotations

from pydantic import Field

from hub.sdk import Amend, CheckItem, Confirm, Stage
from tests.testkit.hostile import (
    Vice,
    answering,
    bilingual,
    checking,
    declaring,
    sink_with,
    stream_with,
)

OUTLINE = {
    "has no Chinese name": Vice("outline", "measure.label_missing", made_of={"label": {"en": "Acme"}}),
    "asks in English only": Vice(
        "outline", "measure.question_missing", made_of=answering(colour=Field("", description="Colour"))
    ),
    "asks for a password in the open": Vice(
        "outline", "measure.secret_plain", made_of=answering(api_token=bilingual("Token"))
    ),
    "writes elsewhere than it reads": Vice("outline", "measure.sink_stream", sink_with(stream="item")),
    "reads another kind": Vice("outline", "measure.stream_kind", stream_with(kind="product")),
    "declares a field that nobody knows": Vice(
        "outline", "measure.field_unknown", declaring(editable={Stage.DRAFT: frozenset({"colour"})})
    ),
    "names no reference field": Vice("outline", "measure.reference_undeclared", declaring(reference_field=None)),
    "confirms without drafts": Vice(
        "outline", "measure.confirms_without_drafts", declaring(confirms=frozenset(Confirm)), settings={"tier": "plain"}
    ),
    "has drafts that stay": Vice("outline", "measure.drafts_not_deletable", declaring(deletable=frozenset())),
    "reverses without voiding": Vice("outline", "measure.reverse_without_void", declaring(amend=Amend.REVERSE)),
    "says nothing about the account": Vice("account", "measure.check_empty", made_of=checking(lambda self, items: [])),
    "finds fault with a good account": Vice(
        "account",
        "measure.check_complains",
        made_of=checking(lambda self, items: [*items, CheckItem(False, "sandbox.unreachable")]),
    ),
    "says what nobody can read": Vice(
        "account",
        "measure.text_missing",
        made_of=checking(lambda self, items: [*items, CheckItem(True, "sandbox.no_such_text")]),
    ),
    "writes while it checks": Vice(
        "account",
        "measure.check_writes",
        made_of=checking(lambda self, items: [*items] if self._client.create("item", {"name": "check"}) else []),
    ),
}
