"""Customers (外部联系人) with the notes and tags of whoever has known them longest, and the companies they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from connectors.wecom.client import AT_ONCE, Answer, WecomClient
from connectors.wecom.outcomes import is_gone
from connectors.wecom.shapes import choose_keeper, list_tag_ids, make_version, shape_customer
from hub.errors import Rejected
from hub.sdk import Page, ReadSemantics, SourceRecord, Stream, Tools

CUSTOMER_STREAM = "external_contact"
COMPANY_STREAM = "company"


class TagNames:
    """The company's tags: id → name, with the group before it where two groups have one of that name."""

    def __init__(self, client: WecomClient) -> None:
        self._client = client
        self._names: dict[str, str] | None = None
        self._unknown: set[str] = set()
        """Ids that relations still carry and no list shows: asked about once."""

    def load(self) -> dict[str, str]:
        """As they are now."""
        rows = [
            (str(tag["id"]), str(tag.get("name") or ""), str(group.get("group_name") or ""))
            for group in self._client.list_tag_groups()
            for tag in group.get("tag") or ()
            if not tag.get("deleted")
        ]
        known = [name for _, name, _ in rows]
        self._names = {id: name if known.count(name) == 1 else f"{group}/{name}" for id, name, group in rows}
        return self._names

    def names(self, wanted: Sequence[str] = ()) -> Mapping[str, str]:
        """As they were when last asked for; anew when one of the ``wanted`` ids is not among them."""
        if self._names is None or set(wanted) - self._names.keys() - self._unknown:
            self._unknown |= set(wanted) - self.load().keys()
        return self._names or {}


class CustomerStream(Stream):
    """Nothing there says what was changed: a pull reads all, in pages of many members' customers at once. Only a
    customer with several followers is asked for alone."""

    name: ClassVar[str] = CUSTOMER_STREAM
    kind: ClassVar[str] = "contact"

    def __init__(self, client: WecomClient, tags: TagNames, tools: Tools) -> None:
        self._client = client
        self._tags = tags
        self._clock = tools.clock
        self._followers: dict[str, list[str]] | None = None
        self.named: dict[str, dict[str, tuple[int, str]]] = {}
        """Company → customers who named it when last read → since when their keeper knows them, and who that is."""
        self.knows_all = False
        """Every customer has been read once, so that nobody has known a company longer than it seems."""
        self._company_of: dict[str, str] = {}

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        started = self._clock.now()
        if position is None or self._followers is None:
            self._followers = self._list_followers()
            self._tags.load()
        if position is None:
            self.named, self._company_of, self.knows_all = {}, {}, False
        members = sorted(self._client.list_followers())
        first, cursor = (str(position[0]), str(position[1])) if position else ("", "")
        group = [userid for userid in members if userid >= first][:AT_ONCE]
        if not group:
            self.knows_all = True
            return Page((), None, started)
        rows, following = self._client.read_customers(group, cursor, limit)
        records = [record for row in rows if (record := self._read_row(row, started)) is not None]
        if following:
            return Page(records, [group[0], following], started)
        later = next((userid for userid in members if userid > group[-1]), None)
        self.knows_all = later is None
        return Page(records, [later, ""] if later is not None else None, started)

    def fetch(self, external_id: str) -> SourceRecord | None:
        started = self._clock.now()
        found = self.read_whole(external_id)
        return None if found is None else self._make_record(*found, started)

    def list_ids(self) -> Sequence[str]:
        return sorted(self._list_followers())

    def read_whole(self, external_id: str) -> tuple[Answer, Sequence[Answer]] | None:
        """A customer and everybody who follows; None where nobody does."""
        try:
            contact, follows = self._client.get_customer(external_id)
        except Rejected as refused:
            if is_gone(refused):
                return None
            raise
        return (contact, follows) if follows else None

    def _list_followers(self) -> dict[str, list[str]]:
        """Customer → who follows, in the order of their ids."""
        found: dict[str, list[str]] = {}
        for userid in sorted(self._client.list_followers()):
            for external_id in self._client.list_customers(userid):
                found.setdefault(external_id, []).append(userid)
        return found

    def _read_row(self, row: Answer, started: datetime) -> SourceRecord | None:
        """A customer whom several follow is told once, with the first of them."""
        contact, follow = row["external_contact"], row["follow_info"]
        id, userid = str(contact["external_userid"]), str(follow["userid"])
        followers = (self._followers or {}).get(id, [])
        if followers == [userid]:
            return self._make_record(contact, [follow], started)
        if followers and userid != followers[0] and userid in followers:
            return None
        whole = self.read_whole(id)
        return None if whole is None else self._make_record(*whole, started)

    def _make_record(self, contact: Answer, follows: Sequence[Answer], started: datetime) -> SourceRecord:
        keeper = choose_keeper(follows) or {}
        payload = shape_customer(contact, follows, self._tags.names(list_tag_ids(keeper)))
        self._note_company(payload["id"], payload["company"], keeper)
        return SourceRecord(self.name, payload["id"], payload, started, version=make_version(payload))

    def _note_company(self, id: str, company: str, keeper: Answer) -> None:
        """A customer names one company at a time."""
        before = self.named.get(self._company_of.pop(id, ""), {})
        before.pop(id, None)
        if company:
            since = int(keeper.get("createtime") or 0), str(keeper.get("userid") or "")
            self.named.setdefault(company, {})[id] = since
            self._company_of[id] = company


class CompanyStream(Stream):
    """Companies as customers name them. There is no such list there: a company is there as long as a customer names
    it. It belongs to the keeper who has known one of them longest; only whoever has read all can tell who that is."""

    name: ClassVar[str] = COMPANY_STREAM
    kind: ClassVar[str] = "account"
    deletes = False

    def __init__(self, customers: CustomerStream, tools: Tools) -> None:
        self._customers = customers
        self._clock = tools.clock

    @property
    def semantics(self) -> ReadSemantics:
        return ReadSemantics(versioned=False)

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        started = self._clock.now()
        known = self._scan() if position is None or not self._customers.named else self._customers.named
        names = [name for name in sorted(known) if known[name] and (position is None or name > str(position))]
        records = [self._make_record(name, started) for name in names[:limit]]
        return Page(records, names[limit - 1] if len(names) > limit else None, started)

    def fetch(self, external_id: str) -> SourceRecord | None:
        started = self._clock.now()
        there = self._is_named(external_id) or self._scan().get(external_id)
        return self._make_record(external_id, started) if there else None

    def list_ids(self) -> Sequence[str]:
        return sorted(name for name, known in self._scan().items() if known)

    def _is_named(self, name: str) -> bool:
        """Whether the customer who named it still does."""
        known = self._customers.named.get(name)
        if not known:
            return False
        record = self._customers.fetch(min(known, key=lambda id: known[id]))
        return record is not None and record.payload["company"] == name

    def _scan(self) -> Mapping[str, Mapping[str, tuple[int, str]]]:
        """Read every customer for it."""
        position: Any = None
        while True:
            position = self._customers.read_page(None, position, AT_ONCE).position
            if position is None:
                return self._customers.named

    def _make_record(self, name: str, started: datetime) -> SourceRecord:
        known = self._customers.named.get(name, {})
        owner = {"owner": min(known.values())[1]} if self._customers.knows_all and known else {}
        payload = {"name": name, **owner}
        return SourceRecord(self.name, name, payload, started, version=make_version(payload))
