"""Takes the callbacks: proves them, answers the address check, and says which records changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connectors.wecom.config import WecomConfig, decode_aes_key, is_callback_token, read_secret
from connectors.wecom.crypto import check_signature, decrypt
from connectors.wecom.customers import CUSTOMER_STREAM
from connectors.wecom.members import MEMBER_STREAM
from connectors.wecom.schedules import SCHEDULE_STREAM
from hub.errors import MappingError, Unauthentic
from hub.sdk.webhooks import TOLERANCE_S, Answer, Call, Notice, Received, Receiver

MAX_BODY = 256 * 1024
_SEALED = re.compile(rb"<Encrypt>\s*(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)(?:\]\]>)?\s*</Encrypt>")
_KEY_FIELDS = (
    "Event", "ChangeType", "UserID", "NewUserID", "ExternalUserID", "ScheduleId", "CalId", "ChatId", "TagType", "Id",
    "CreateTime",
)  # fmt: skip
"""What tells one event from another; the same when it is sent again."""
CUSTOMER_EVENT, MEMBER_EVENT = "change_external_contact", "change_contact"
MEMBER_CHANGES = ("create_user", "update_user", "delete_user")
SCHEDULE_EVENTS = ("add_schedule", "modify_schedule", "delete_schedule")
NO_RECORD = frozenset({
    "change_external_chat", "change_external_tag", "modify_calendar", "delete_calendar", "enter_agent", "subscribe",
    "unsubscribe", "LOCATION", "click", "view", "template_card_event",
})  # fmt: skip
"""Events that are about none of the records that the hub reads."""


class WecomReceiver(Receiver):
    """One for each connection."""

    max_body = MAX_BODY

    def __init__(self, config: WecomConfig) -> None:
        self._corp_id = config.corp_id
        self._ignore = frozenset(config.ignore)
        self._token = read_secret(config.callback_token)
        self._aes_key = read_secret(config.aes_key)

    def receive(self, call: Call) -> Received:
        query = call.query
        if call.method == "GET":
            plain = self._open(call, query.get("echostr", ""))
            return Received(answer=Answer(body=plain), keep=False)
        if call.method != "POST":
            raise Unauthentic("wecom.call_signature")
        told = read_event(self._open(call, find_sealed(call.body)))
        key = told.get("MsgId") or " ".join(filter(None, (told.get(name, "") for name in _KEY_FIELDS)))
        return Received(key or None)

    def _open(self, call: Call, sealed: str) -> bytes:
        query = call.query
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        check_signature(query.get("msg_signature", ""), self._token, timestamp, nonce, sealed)
        if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
            raise Unauthentic("wecom.call_signature")
        if abs(call.received_at.timestamp() - int(timestamp)) > TOLERANCE_S:
            raise Unauthentic("wecom.call_old")
        return self._decrypt(sealed)

    def _decrypt(self, sealed: str) -> bytes:
        """With a key that cannot be one nobody proves anything; ``connection check`` says what is wrong with it."""
        key = decode_aes_key(self._aes_key)
        if key is None or not is_callback_token(self._token):
            raise Unauthentic("wecom.callback_settings")
        return decrypt(key, sealed, self._corp_id)

    def read(self, call: Call) -> Sequence[Notice]:
        """Hints: the record is read there."""
        try:
            told = read_event(self._decrypt(find_sealed(call.body)))
        except Unauthentic as changed:  # the key was changed after the call came
            raise MappingError("wecom.callback_unreadable") from changed
        event, change = told.get("Event", ""), told.get("ChangeType", "")
        if told.get("MsgType") != "event" or event in NO_RECORD or {event, change} & self._ignore:
            return ()
        if event == CUSTOMER_EVENT and told.get("ExternalUserID"):
            return [Notice(CUSTOMER_STREAM, told["ExternalUserID"])]
        if event == MEMBER_EVENT:
            return [Notice(MEMBER_STREAM, id) for id in _list_members(told, change)]
        if event in SCHEDULE_EVENTS and told.get("ScheduleId"):
            return [Notice(SCHEDULE_STREAM, told["ScheduleId"])]
        raise MappingError("wecom.event_unknown", event=event or "—", change=change or "—")


def _list_members(told: Mapping[str, str], change: str) -> list[str]:
    """Departments are read with the members that stand in them. A member who got another id is two to us."""
    if change not in MEMBER_CHANGES:
        return []
    return [told[name] for name in ("UserID", "NewUserID") if told.get(name)]


def find_sealed(body: bytes) -> str:
    """The encrypted part of a call, taken from the raw bytes: nothing is parsed before it is proved."""
    found = _SEALED.search(body)
    return found[1].decode("ascii") if found else ""


def read_event(plain: bytes) -> Mapping[str, str]:
    """The fields of an event that was proved."""
    try:
        root = fromstring(plain)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unauthentic("wecom.call_cipher") from error
    return {child.tag: (child.text or "").strip() for child in root}
