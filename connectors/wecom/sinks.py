"""What can be written, and what is declared about it: notes and tags at customers, and appointments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from connectors.wecom.client import WecomClient
from connectors.wecom.config import WecomConfig
from connectors.wecom.customers import CUSTOMER_STREAM, CustomerStream, TagNames
from connectors.wecom.schedules import CANCELLED, SCHEDULE_STREAM, ScheduleStream, mark_text
from connectors.wecom.shapes import Answer, choose_keeper, list_mobiles, list_tag_ids, make_version, shape_customer
from hub.errors import IsthmusError, Locked, OutcomeUnknown, Rejected, Stale
from hub.sdk import (
    Amend,
    Confirm,
    Draft,
    Evidence,
    Sink,
    SourceRecord,
    Stage,
    Tier,
    WriteSemantics,
    Written,
)

Payload = Mapping[str, Any]
NOTED = frozenset({"name", "note", "mobile", "tags", "attributes.company"})
WRITTEN = frozenset({"subject", "text", "location", "starts_at", "ends_at", "owner_id"})
REMIND_S = 900
"""People are reminded so long before an appointment."""


class CustomerSink(Sink):
    """What the keeper of a customer has noted: remark, description, mobile, company, and the company's tags. Customers
    themselves come into being when a member adds them, and in no other way."""

    kind: ClassVar[str] = "contact"
    stream: ClassVar[str] = CUSTOMER_STREAM

    def __init__(self, client: WecomClient, stream: CustomerStream, tags: TagNames, config: WecomConfig) -> None:
        self._client = client
        self._stream = stream
        self._tags = tags
        self._config = config

    @property
    def semantics(self) -> WriteSemantics:
        return WriteSemantics(
            tier=Tier.BLIND,
            creates=False,
            amend=Amend.REFUSE,
            editable={Stage.EFFECTIVE: NOTED},
            versioned=False,
            d_max_s=self._config.server_timeout_s,
            evidence=Evidence.RECALLED,
        )

    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        """Refused, each of them: never called where ``creates`` is heeded."""
        return [Rejected("wecom.cannot_create") for _ in drafts]

    def patch(self, external_id: str, payload: Payload, *, if_version: int | None) -> Written:
        contact, follows = self._look_up(external_id, if_version)
        keeper = choose_keeper(follows)
        if keeper is None:
            raise Rejected("wecom.gone", vendor=external_id)
        noted = _choose_notes(payload, contact, keeper)
        add, remove = self._choose_tags(payload, keeper)
        userid = str(keeper["userid"])
        if noted:
            self._client.note(userid, external_id, noted)
        if add or remove:
            try:
                self._client.mark(userid, external_id, add, remove)
            except IsthmusError as failed:
                if noted:  # one half is there already, so nobody may say that nothing was done
                    raise OutcomeUnknown("wecom.half_written", vendor=failed.vendor, id=external_id) from failed
                raise
        return Written(external_id)

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        raise Locked("wecom.cannot_void", id=external_id)

    def find(self, ref_prefix: str) -> Sequence[SourceRecord]:
        """A customer carries no reference."""
        return ()

    def _look_up(self, external_id: str, if_version: int | None) -> tuple[Answer, Sequence[Answer]]:
        found = self._stream.read_whole(external_id)
        if found is None:
            raise Rejected("wecom.gone", vendor=external_id)
        if if_version is not None and make_version(shape_customer(*found, self._tags.names())) != if_version:
            raise Stale("wecom.stale")
        return found

    def _choose_tags(self, payload: Payload, keeper: Answer) -> tuple[list[str], list[str]]:
        """Ids to add and to remove. A name that the company does not have is made where the admin allows it."""
        if "tags" not in payload:
            return [], []
        wanted = list(dict.fromkeys(payload["tags"] or ()))
        names = self._tags.load()
        if missing := [name for name in wanted if name not in names.values()]:
            if not self._config.tag_group:
                raise Rejected("wecom.tag_unknown", tags=", ".join(missing))
            self._client.add_tags(self._config.tag_group, missing)
            names = self._tags.load()
        ids = [id for id, name in names.items() if name in wanted]
        current = list_tag_ids(keeper)
        return [id for id in ids if id not in current], [id for id in current if id in names and id not in ids]


def _choose_notes(payload: Payload, contact: Answer, keeper: Answer) -> dict[str, Any]:
    """The parts of a remark that a patch names and that differ."""
    noted: dict[str, Any] = {}
    if "name" in payload:
        if not payload["name"]:
            raise Rejected("wecom.name_empty")
        noted["remark"] = str(payload["name"])
    if "note" in payload:
        noted["description"] = str(payload["note"] or "")
    if "company" in payload:
        if str(contact.get("type")) == "2":
            raise Rejected("wecom.company_their_own", company=contact.get("corp_name") or "—")
        noted["remark_company"] = str(payload["company"] or "")
    if "mobile" in payload:
        first, others = str(payload["mobile"] or ""), list_mobiles(keeper)[1:]
        if not first and others:  # the next one would be the first, and be taken away in its turn
            raise Rejected("wecom.mobiles_left", mobiles=", ".join(others))
        noted["remark_mobiles"] = list(dict.fromkeys(filter(None, [first, *others])))
    return noted


class ScheduleSink(Sink):
    """Appointments in the app's calendar. The server takes the whole of one each time: what is not named is read just
    before and sent along."""

    kind: ClassVar[str] = "activity"
    stream: ClassVar[str] = SCHEDULE_STREAM

    def __init__(self, client: WecomClient, stream: ScheduleStream, config: WecomConfig) -> None:
        self._client = client
        self._stream = stream
        self._config = config

    @property
    def semantics(self) -> WriteSemantics:
        return WriteSemantics(
            tier=Tier.PLAIN,
            reference_field="description",
            confirms=frozenset({Confirm.SAVE}),
            amend=Amend.REFUSE,
            editable={Stage.EFFECTIVE: WRITTEN},
            voidable=frozenset({Stage.EFFECTIVE}),
            cancels_cleanly=True,
            versioned=False,
            d_max_s=self._config.server_timeout_s,
            evidence=Evidence.RECALLED,
        )

    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        results: list[Written | IsthmusError] = []
        for draft in drafts:
            try:
                results.append(Written(self._client.add_schedule(self._make(draft))))
            except IsthmusError as failed:
                results.append(failed)
        return results

    def patch(self, external_id: str, payload: Payload, *, if_version: int | None) -> Written:
        row, record = self._look_up(external_id, if_version)
        if record.stage is Stage.VOID:
            raise Locked("wecom.cancelled", id=external_id)
        self._client.update_schedule({**_keep(row), **self._change(payload, row, record.reference or "")})
        return Written(external_id)

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        row, _ = self._look_up(external_id, None)
        if str(row.get("status") or "") == CANCELLED:
            return Written(external_id)
        self._look_up(external_id, if_version)
        self._client.cancel_schedule(external_id)
        return Written(external_id)

    def find(self, ref_prefix: str) -> Sequence[SourceRecord]:
        return self._stream.search(ref_prefix)

    def _make(self, draft: Draft) -> dict[str, Any]:
        payload = draft.payload
        if not self._config.cal_id or not self._config.organiser:
            raise Rejected("wecom.no_calendar_named")
        if not payload.get("starts_at"):
            raise Rejected("wecom.time_missing", subject=payload.get("summary") or "—")
        given = {"ends_at": payload["starts_at"], "description": "", **payload}
        reminders = {"is_remind": 1, "remind_before_event_secs": REMIND_S, "is_repeat": 0}
        made = self._change(given, {}, draft.ref)
        return {"organizer": self._config.organiser, "cal_id": self._config.cal_id, "reminders": reminders, **made}

    def _change(self, payload: Payload, row: Answer, reference: str) -> dict[str, Any]:
        """What a patch names, in the server's words."""
        changed: dict[str, Any] = {}
        if "summary" in payload:
            if not payload["summary"]:
                raise Rejected("wecom.subject_empty")
            changed["summary"] = str(payload["summary"]).strip()
        if "description" in payload:
            changed["description"] = mark_text(str(payload["description"] or ""), reference)
        if "location" in payload:
            changed["location"] = str(payload["location"] or "").strip()
        for name, target in (("starts_at", "start_time"), ("ends_at", "end_time")):
            if payload.get(name):
                changed[target] = _read_seconds(payload[name])
            elif name in payload and name == "starts_at":
                raise Rejected("wecom.time_missing", subject=row.get("summary") or "—")
        has_none = row.get("end_time") == row.get("start_time")
        if not payload["ends_at"] if "ends_at" in payload else has_none:
            changed["end_time"] = changed.get("start_time", row.get("start_time"))
        if "owner" in payload:
            changed["attendees"] = _invite(str(payload["owner"] or ""), row)
        return changed

    def _look_up(self, external_id: str, if_version: int | None) -> tuple[Answer, SourceRecord]:
        found = self._stream.look(external_id)
        if found is None:
            raise Rejected("wecom.gone", vendor=external_id)
        row, record = found
        if if_version is not None and record.version != if_version:
            raise Stale("wecom.stale")
        return row, record


def _keep(row: Answer) -> dict[str, Any]:
    """All of an appointment but what the server says of itself."""
    kept = {name: value for name, value in row.items() if name not in ("status", "attendees")}
    return {**kept, "attendees": [{"userid": person["userid"]} for person in row.get("attendees") or ()]}


def _invite(owner: str, row: Answer) -> list[dict[str, str]]:
    """The owner first, in place of the one before; the others stay invited."""
    others = [str(person["userid"]) for person in row.get("attendees") or ()][1:]
    return [{"userid": userid} for userid in dict.fromkeys(filter(None, [owner, *others]))]


def _read_seconds(value: object) -> int:
    """Whole seconds since 1970 of an ISO time."""
    return int(datetime.fromisoformat(str(value)).timestamp())
