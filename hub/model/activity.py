"""What happened, or is to happen, with a customer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from hub.model.base import Entity, Line
from hub.model.values import AnyRef, Instant, Ref


class ActivityType(StrEnum):
    MEETING = "meeting"
    """会议, 拜访."""
    CALL = "call"
    """电话."""
    MAIL = "mail"
    """邮件."""
    NOTE = "note"
    """记录."""
    FOLLOW_UP = "follow_up"
    """跟进."""


class ActivityState(StrEnum):
    PLANNED = "planned"
    DONE = "done"
    VOID = "void"
    """Cancelled (已取消)."""


class Part(StrEnum):
    """What somebody has to do with it."""

    ORGANISER = "organiser"
    """Who called the meeting (组织者), made the call or wrote the mail."""
    ATTENDEE = "attendee"
    OPTIONAL = "optional"
    """Need not come; has a copy of the mail."""


class Answer(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"


class Participant(Line):
    """Somebody who takes part (参与人). Contact and user follow from the address where they are not given."""

    INDEX: ClassVar[tuple[tuple[str, ...], ...]] = (("address",),)

    address: str = ""
    """Mail address in small letters."""
    name: str = ""
    part: Part = Part.ATTENDEE
    answer: Answer = Answer.OPEN
    contact_id: Annotated[UUID | None, Ref("contact")] = None
    user_id: Annotated[UUID | None, Ref("user")] = None


class Way(StrEnum):
    """Which way a mail or a call went, seen from us."""

    IN = "in"
    OUT = "out"


class Topic(Line):
    """A record that it is about: an order, a contract, a ticket (关联单据)."""

    INDEX: ClassVar[tuple[tuple[str, ...], ...]] = (("record_id",),)
    EXAMPLE: ClassVar[Mapping[str, Any]] = {"kind": "account", "record_id": lambda number: UUID(int=number)}

    kind: str
    record_id: Annotated[UUID, AnyRef("kind")]


class Mention(Line):
    """A number that was read in it (提到的单号); it becomes a topic when the hub has such a record."""

    INDEX: ClassVar[tuple[tuple[str, ...], ...]] = (("number",),)
    EXAMPLE: ClassVar[Mapping[str, Any]] = {"kind": "order"}

    kind: str
    number: str
    """In small letters."""


class Attachment(Line):
    """A file that came with it (附件). The file itself stays where it is."""

    name: str = ""
    media_type: str = ""
    """Such as ``application/pdf``."""
    size: int = 0
    """In bytes, after decoding where that was done."""
    digest: str = ""
    """SHA-256 of the file in hexadecimal; empty where it was not read."""


class Bounce(Line):
    """An address to which a mail could not be delivered, as the returned mail tells it (退信)."""

    INDEX: ClassVar[tuple[tuple[str, ...], ...]] = (("contact_id",), ("address",))

    address: str
    """In small letters."""
    status: str = ""
    """As RFC 3463 counts them, such as ``5.1.1``."""
    reason: str = ""
    """The words of the server that refused."""
    contact_id: Annotated[UUID | None, Ref("contact")] = None


class Activity(Entity):
    """A meeting, call, mail, note or follow-up (跟进记录, 日程).

    It has times (``starts_at``, ``ends_at``), or days (``starts_on``, ``ends_on``: the last one), or neither.
    """

    KIND: ClassVar[str] = "activity"
    TRANSACTIONAL: ClassVar[bool] = True
    PREFIX: ClassVar[str] = "AC-"
    CHOSEN: ClassVar[bool] = True
    WORLD_ID: ClassVar[str] = "message_id"

    number: str = ""
    """Given to those that are made here."""
    type: ActivityType = ActivityType.FOLLOW_UP
    subject: str = ""
    text: str = ""
    state: ActivityState = ActivityState.PLANNED
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    zone: str = ""
    """Name of the time zone in which the times were given, such as ``Asia/Shanghai``; empty: that of the connection."""
    location: str = ""
    recurrence: str = ""
    """Rule of a series (重复规则), as iCalendar writes it; the series is one record and its instances are none."""
    account_id: Annotated[UUID | None, Ref("account")] = None
    """Follows from the participants where it is not given and they speak for one account."""
    owner_id: Annotated[UUID | None, Ref("user")] = None
    """Follows from the organiser where it is not given."""
    people: tuple[Participant, ...] = ()
    topics: tuple[Topic, ...] = ()
    """Follow from the mentions, and from what it answers, where they are not given."""
    mentions: tuple[Mention, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    html: str = ""
    """The same as ``text`` for mails that are sent in both forms; empty: the text is put into paragraphs."""
    bulk: bool = False
    """Sent to many alike (群发), so that it tells how to receive no more."""
    bounces: tuple[Bounce, ...] = ()
    """Whom a mail did not reach for good, where this one reports that."""
    way: Way | None = None
    thread_id: str = ""
    """What all messages of one conversation share."""
    message_id: str = ""
    """The id that the world knows it by: that of a mail, or of a calendar event."""
    reply_to: str = ""
    """``message_id`` of the one that it answers."""
