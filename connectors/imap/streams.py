"""What can be read: the mails of the chosen folders, each once, by what each folder says has come since."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.imap.bodies import Body, BodyReader
from connectors.imap.choosing import Choice, choose_folders
from connectors.imap.client import Fetched, MailboxClient, Status
from connectors.imap.config import ImapConfig
from connectors.imap.headers import Head, read_head
from connectors.imap.listing import Listing
from connectors.imap.shapes import shape_mail
from connectors.imap.uids import extend_uids, list_uids, take_uids, write_uids
from hub.errors import ConfigInvalid, MappingError, Rejected
from hub.sdk import FollowUp, Page, Place, ReadSemantics, SourceRecord, Stage, Stream, Tools, Unreadable

_AT_ONCE_BYTES = 8 << 20
"""So much of several mails is asked for in one answer."""
_FIRST_BYTES = 96 << 10
"""So much of a mail is read at first: the whole of most."""
_PIECE_BYTES = 1 << 20
"""Of longer ones so much is asked for at a time."""
NO_BODY = Body()


@dataclass(frozen=True)
class Mark:
    """How far a folder is read: every mail up to ``last``; ``whole``: once to its end. ``following``, ``count`` and
    ``modseq``: what the folder said of itself then; ``uids``: which mails it had, where only that tells which are
    gone; ``gone``: those that are still to be told."""

    validity: int = 0
    last: int = 0
    following: int = 0
    count: int = 0
    modseq: int = 0
    uids: str = ""
    whole: bool = False
    gone: str = ""


@dataclass(frozen=True)
class Position:
    """``marks``: folder → mark; ``done``: folders that this reading has finished; ``unmarked``: folder → its validity
    and the mails of the last page, which get a flag once they are kept."""

    marks: Mapping[str, Mark] = field(default_factory=dict)
    done: Sequence[str] = ()
    unmarked: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    @staticmethod
    def read(position: Any) -> Position:
        if not position:
            return Position()
        marks = {name: Mark(**mark) for name, mark in position["marks"].items()}
        unmarked = {name: (validity, uids) for name, (validity, uids) in position.get("unmarked", {}).items()}
        return Position(marks, tuple(position["done"]), unmarked)

    def write(self) -> dict[str, Any]:
        marks = {name: vars(mark) for name, mark in self.marks.items()}
        unmarked = {name: list(told) for name, told in self.unmarked.items()}
        return {"marks": marks, "done": list(self.done), **({"unmarked": unmarked} if unmarked else {})}


class MailStream(Stream):
    """Mails. One that lies in several folders is read from each, and is one record of the hub by its Message-ID."""

    name = "message"
    kind = "activity"
    fetches = False  # a mail never changes: there is nothing to look at again
    deletes = False  # who tidies up a mailbox takes nothing back

    def __init__(self, client: MailboxClient, config: ImapConfig, tools: Tools) -> None:
        self._client = client
        self._config = config
        self._clock = tools.clock
        self._choice = Choice(config)
        self._chosen: list[str] | None = None
        self._listing: Listing | None = None

    @property
    def semantics(self) -> ReadSemantics:
        return ReadSemantics(cursor_field="UID", commit_ordered=True, deletion_voids=self._config.removed == "void")

    @property
    def folders(self) -> list[str]:
        """The folders that the admin named."""
        if self._chosen is None:
            self._chosen = choose_folders(self._client.list_folders(), self._config)
        return self._chosen

    # ------------------------------------------------------------ reading

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        """Folders in the order in which they are named, mails in the order of their UIDs. ``since`` counts for nothing:
        what came later has a higher UID, however old it is."""
        started = self._clock.now()
        place = replace(Position.read(position), unmarked={})
        records: list[SourceRecord] = []
        looked = 0
        while looked < limit:
            folder = next((name for name in self.folders if name not in place.done), None)
            if folder is None:
                marks = {name: place.marks[name] for name in self.folders if name in place.marks}
                return Page(records, None, started, Position(marks, unmarked=self._list_unmarked(records)).write())
            read, seen, place = self._read_some(folder, place, limit - looked, started)
            records += read
            looked += seen
        return Page(records, replace(place, unmarked=self._list_unmarked(records)).write(), started)

    def _read_some(
        self, folder: str, place: Position, limit: int, started: datetime
    ) -> tuple[list[SourceRecord], int, Position]:
        """At most ``limit`` mails of one folder, how many were looked at, and where to go on."""
        mark = place.marks.get(folder, Mark())
        listing = self._listing
        if not mark.gone and (listing is None or (listing.folder, listing.last) != (folder, mark.last)):
            status = self._client.read_status(folder)
            if status.validity != mark.validity:
                mark = Mark(status.validity, modseq=status.modseq)
            elif _is_same(status, mark):
                return [], 0, replace(place, done=[*place.done, folder])
            mark = self._find_gone(folder, mark, status)
            listing = Listing(self._client, folder, status, mark.last, None if mark.whole else self._config.since)
        if mark.gone or listing is None:
            return self._tell_gone(folder, place, mark, limit, started)
        page = listing.take(limit)
        records = self._read_mails(folder, mark.validity, page, started)
        mark = replace(mark, last=listing.last, uids=extend_uids(mark.uids, page) if self._compares else "")
        self._listing, done = listing, place.done
        if listing.ended:  # only now: a reading that is cut off before must not take the folder for read
            self._listing, status, done = None, listing.status, [*done, folder]
            mark = replace(mark, following=status.following, count=status.count, modseq=status.modseq, whole=True)
        return records, len(page), Position({**place.marks, folder: mark}, done)

    @property
    def _compares(self) -> bool:
        """Whether only the list of all mails tells which are gone."""
        return self._config.removed == "void" and not self._client.tells_vanished

    def _find_gone(self, folder: str, mark: Mark, status: Status) -> Mark:
        """With what was read before and is no longer in the folder."""
        if self._config.removed == "keep" or mark.last == 0:
            return mark
        if self._client.tells_vanished:
            gone = self._client.list_vanished(folder, mark.modseq, mark.last)
            return replace(mark, gone=gone, modseq=status.modseq)
        there = set(self._client.search(folder, ["ALL"]))
        known = list_uids(mark.uids)
        gone = write_uids(uid for uid in known if uid not in there)
        return replace(mark, gone=gone, uids=write_uids(uid for uid in known if uid in there))

    def _tell_gone(
        self, folder: str, place: Position, mark: Mark, limit: int, started: datetime
    ) -> tuple[list[SourceRecord], int, Position]:
        """Some of them; the folder is looked at again when all are told."""
        gone, rest = take_uids(mark.gone, limit)
        ids = [name_mail(folder, mark.validity, uid) for uid in gone]
        records = [SourceRecord(self.name, id_, {}, started, stage=Stage.GONE) for id_ in ids]
        return records, len(gone), replace(place, marks={**place.marks, folder: replace(mark, gone=rest)})

    def _list_unmarked(self, records: Sequence[SourceRecord]) -> dict[str, tuple[int, str]]:
        """What is left out is no record, and gets no flag."""
        found: dict[str, tuple[int, list[int]]] = {}
        for record in records if self._config.mark else ():
            folder, validity, uid = part_name(record.external_id)
            if record.payload and not record.unreadable:
                found.setdefault(folder, (validity, []))[1].append(uid)
        return {folder: (validity, write_uids(uids)) for folder, (validity, uids) in found.items()}

    def follow_up(self, position: Any, find_kept: Callable[[Sequence[str]], Container[str]]) -> FollowUp | None:
        place = Position.read(position)
        marked = unmarked = 0
        for folder, (validity, text) in place.unmarked.items() if self._config.mark else ():
            uids = list_uids(text)
            kept = find_kept([name_mail(folder, validity, uid) for uid in uids])
            held = [uid for uid in uids if name_mail(folder, validity, uid) in kept]
            if held and self._client.add_flag(folder, validity, held, self._config.mark):
                marked += len(held)
            else:
                unmarked += len(held)
        return FollowUp(replace(place, unmarked={}).write(), marked, unmarked) if place.unmarked else None

    def fetch(self, external_id: str) -> SourceRecord | None:
        started = self._clock.now()
        folder, validity, uid = part_name(external_id)
        try:
            if not uid or folder not in self.folders or self._client.read_status(folder).validity != validity:
                return None
        except ConfigInvalid:
            return None
        return next(iter(self._read_mails(folder, validity, [uid], started)), None)

    def list_ids(self) -> Sequence[str]:
        """Of the mails that count from the first run on."""
        since = ["SINCE", self._config.since] if self._config.since is not None else ["ALL"]
        found: list[str] = []
        for folder in self.folders:
            validity = self._client.read_status(folder).validity
            found += [name_mail(folder, validity, uid) for uid in self._client.search(folder, since)]
        return found

    # ------------------------------------------------------------ mails

    def _read_mails(self, folder: str, validity: int, uids: Sequence[int], started: datetime) -> list[SourceRecord]:
        if not uids:
            return []
        latest = started + timedelta(days=1)
        kept: list[tuple[Fetched, Head]] = []
        records: list[SourceRecord] = []
        for found in self._fetch_heads(folder, uids):
            if isinstance(found, int):
                records.append(self._put_aside(name_mail(folder, validity, found), folder, started))
                continue
            head = read_head(found.head, found.size, latest=latest)
            if not self._choice.leaves_out(head):
                kept.append((found, head))
        for found, head, body in self._read_bodies(folder, kept):
            records.append(self._make_record(name_mail(folder, validity, found.uid), found, head, body, started))
        return records

    def _fetch_heads(self, folder: str, uids: Sequence[int]) -> Iterator[Fetched | int]:
        """Heads; the bare UID of a mail that the server cannot show, which must not hold up the others."""
        try:
            yield from self._client.fetch_heads(folder, uids)
        except Rejected:
            if len(uids) == 1:
                yield uids[0]
                return
            half = len(uids) // 2
            yield from self._fetch_heads(folder, uids[:half])
            yield from self._fetch_heads(folder, uids[half:])

    def _read_bodies(self, folder: str, kept: Sequence[tuple[Fetched, Head]]) -> Iterator[tuple[Fetched, Head, Body]]:
        """In groups that fit into memory together."""
        if self._config.bodies == "none":
            yield from ((found, head, NO_BODY) for found, head in kept)
            return
        group: list[tuple[Fetched, Head]] = []
        weight = 0
        for found, head in kept:
            if group and weight + min(found.size, _FIRST_BYTES) > _AT_ONCE_BYTES:
                yield from self._read_group(folder, group)
                group, weight = [], 0
            group.append((found, head))
            weight += min(found.size, _FIRST_BYTES)
        if group:
            yield from self._read_group(folder, group)

    def _read_group(self, folder: str, group: Sequence[tuple[Fetched, Head]]) -> Iterator[tuple[Fetched, Head, Body]]:
        contents: dict[int, bytes] = {}
        try:
            contents = self._client.fetch_contents(folder, [found.uid for found, _ in group], 0, _FIRST_BYTES)
        except Rejected:
            if len(group) > 1:
                for one in group:
                    yield from self._read_group(folder, [one])
                return
        for found, head in group:
            content = contents.pop(found.uid, None)
            if content is None:
                yield found, head, Body(doubts=frozenset({"body"}))
            else:
                yield found, head, self._read_body(folder, found, content)

    def _read_body(self, folder: str, found: Fetched, content: bytes) -> Body:
        """To its end, a piece at a time: what is attached is counted, and kept nowhere."""
        reader = BodyReader(self._config.text_kb << 10, attached=self._config.bodies == "all")
        read, asked = 0, _FIRST_BYTES
        while content:
            reader.feed(content)
            read += len(content)
            if len(content) < asked and read >= found.size:
                break
            asked = _PIECE_BYTES
            try:
                pieces = self._client.fetch_contents(folder, [found.uid], read, asked)
            except Rejected:
                pieces = {}
            if found.uid not in pieces:  # refused, or removed meanwhile
                return reader.close(whole=False)
            content = pieces[found.uid]
        return reader.close(whole=True)

    # ------------------------------------------------------------ records

    def _make_record(self, external_id: str, found: Fetched, head: Head, body: Body, started: datetime) -> SourceRecord:
        payload = {"id": external_id, **shape_mail(head, body, found.received_at, self._choice)}
        return SourceRecord(stream=self.name, external_id=external_id, payload=payload, read_at=started, version=1)

    def _put_aside(self, external_id: str, folder: str, started: datetime) -> SourceRecord:
        """A mail that the server itself cannot read."""
        broken = MappingError("imap.mail_broken", folder=folder, mail=external_id)
        unreadable = (Unreadable(broken, Place(f"{folder}: {external_id.rpartition('/')[2]}", 0)),)
        return SourceRecord(
            stream=self.name, external_id=external_id, payload={"id": external_id}, read_at=started, version=1,
            unreadable=unreadable,
        )  # fmt: skip


def name_mail(folder: str, validity: int, uid: int) -> str:
    """What a copy of a mail is called: ``INBOX/1795338948/42``."""
    return f"{folder}/{validity}/{uid}"


def part_name(external_id: str) -> tuple[str, int, int]:
    """The other way; a UID of 0 for what is no such name."""
    rest, _, uid = external_id.rpartition("/")
    folder, _, validity = rest.rpartition("/")
    if folder and uid.isdigit() and validity.isdigit():
        return folder, int(validity), int(uid)
    return external_id, 0, 0


def _is_same(status: Status, mark: Mark) -> bool:
    """Whether nothing came and nothing went since. Without a count of changes one that came and one that went look the
    same only where what came has a higher UID."""
    same = (status.following, status.count) == (mark.following, mark.count)
    return same and status.modseq == mark.modseq and bool(status.following)
