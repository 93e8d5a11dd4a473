"""A person with the list of what waits: takes a side, tries again, gives up."""

from __future__ import annotations

import random
from typing import Any

from connectors.sandbox.simulator import SandboxErp
from connectors.sandbox.simulator.amounts import keep_text
from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.sync.context import Hub
from hub.sync.handle import drop_item, list_verbs, take_item
from hub.sync.retry import retry_items
from hub.sync.settle import ENDED
from hub.sync.todo import list_todo
from hub.sync.waits import TodoItem
from tests.storm.calm import ANSWERS
from tests.storm.people import Notebook

VERBS = ("take", "retry", "drop")
WEIGHTS = {"take": 6, "retry": 3, "drop": 1}
UNSURE = "protocol.blind_ambiguity"
"""Whoever sends again on a blind system has looked there first: that is a scene of its own."""


class Decider:
    """Works through the list, one entry at a time."""

    def __init__(self, hub: Hub, erp: SandboxErp, chance: random.Random, notebook: Notebook) -> None:
        self._hub = hub
        self._erp = erp
        self._chance = chance
        self._notebook = notebook

    def act(self) -> tuple[str, str]:
        """(verb, or what stood in the way; in words what was decided about)."""
        items = [(item, verbs) for item in list_todo(self._hub, connection="erp") if (verbs := self._choose(item))]
        if not items:
            return "nothing", "nothing waits for a decision"
        item, verbs = self._chance.choice(items)
        verb = self._chance.choices(verbs, [WEIGHTS[verb] for verb in verbs])[0]
        try:
            told = self._decide(item, verb)
        except (RuleBroken, NotFound, ConfigInvalid) as refused:
            return "refused", f"{verb} {item.kind} {item.remote_id}: refused, {refused.code}"
        except ANSWERS as failed:
            return "failed", f"{verb} {item.kind} {item.remote_id}: {failed}"
        return verb, f"{told} about {item.kind} {item.remote_id or item.record_id}: {item.code}"

    def _choose(self, item: TodoItem) -> list[str]:
        return [verb for verb in list_verbs(item) if verb in VERBS and item.code != UNSURE]

    def _decide(self, item: TodoItem, verb: str) -> str:
        if verb == "retry":
            (tried,) = retry_items(self._hub, [item], "li", kept=self._chance.random() < 0.5)
            return f"retry ({tried.outcome})"
        side = self._chance.choice(("hub", "remote")) if verb == "take" else "remote"
        before = self._load(item)
        self._note_seen(item, side, *before)
        if verb == "drop":
            drop_item(self._hub, item, "not wanted", "li")
            return "drop"
        take_item(self._hub, item, side, "li")
        if side == "hub":
            self._note_chosen(item, before[1], self._load(item)[1])
        return f"take {side}"

    def _load(self, item: TodoItem) -> tuple[Binding | None, Any]:
        with self._hub.store.read() as tx:
            binding = tx.get(Binding, id=item.binding_id) if item.binding_id else None
            return binding, None if binding is None else tx.get(find_kind(binding.kind), id=binding.hub_id)

    def _note_chosen(self, item: TodoItem, before: Any, after: Any) -> None:
        """Our side of an old conflict may be an older text."""
        if after is not None and getattr(before, "note", "") != getattr(after, "note", ""):
            self._notebook.note("hub", item.kind, str(after.id), before.note, after.note)

    def _note_seen(self, item: TodoItem, side: str, binding: Binding | None, record: Any) -> None:
        """Whoever decides has both values in front of him, and may end what ended there."""
        if binding is None or record is None:
            return
        if item.code in ENDED and side == "remote":
            self._notebook.ended |= {binding.remote_id or "", str(binding.hub_id)}
        stream = {"account": "partner", "product": "item", "order": "sale"}.get(binding.kind, binding.kind)
        there = [row for row in self._erp.documents(stream) if row["id"] == binding.remote_id]
        places = (("hub", binding.kind, str(binding.hub_id)), ("erp", binding.kind, binding.remote_id or ""))
        seen = (getattr(record, "note", ""), *(row["note"] for row in there))
        notes = {keep_text(text, self._erp.settings) for text in seen}
        for place in places:
            self._notebook.shown[place] |= notes
