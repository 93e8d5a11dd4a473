"""The company as the vendor's servers keep it: departments, members, customers, tags, calendars, messages."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.wecom.simulator.settings import WecomSettings
from hub.sdk import Clock
from hub.sdk.simulator import WallClock

NORMAL, CANCELLED = 0, 1
"""``status`` of a schedule."""
Listener = Callable[[Mapping[str, str]], None]


class Refused(Exception):
    """The server says no; ``code`` is its errcode."""

    def __init__(self, code: int, words: str) -> None:
        self.code = code
        self.words = words
        super().__init__(f"{code} {words}")


@dataclass
class Department:
    id: int
    name: str
    parentid: int


@dataclass
class Member:
    userid: str
    name: str
    departments: list[int]
    position: str = ""
    status: int = 1
    """1 active, 2 disabled, 4 not yet active, 5 left."""
    sells: bool = False
    """Has the right of customer contact (客户联系)."""


@dataclass
class Follow:
    """One member's relation to a customer."""

    userid: str
    createtime: int
    remark: str = ""
    description: str = ""
    remark_corp_name: str = ""
    remark_mobiles: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    """Ids of tags of the company."""
    own_tags: list[str] = field(default_factory=list)
    """Names of tags that the member keeps for himself: no API writes them."""
    add_way: int = 1
    state: str = ""


@dataclass
class Customer:
    external_userid: str
    name: str
    type: int = 1
    """1 a user of WeChat, 2 one of WeCom."""
    gender: int = 0
    position: str = ""
    corp_name: str = ""
    corp_full_name: str = ""
    follows: dict[str, Follow] = field(default_factory=dict)


@dataclass
class TagGroup:
    id: str
    name: str
    tags: dict[str, str] = field(default_factory=dict)
    """Id → name."""


@dataclass
class Schedule:
    """``values`` is what was given last, in the vendor's shape."""

    id: str
    cal_id: str
    values: dict[str, Any]
    status: int = NORMAL
    answers: dict[str, int] = field(default_factory=dict)
    """Member → response_status: 0 open, 1 tentative, 2 accepted, 3 declined."""


class Corp:
    """Everything of one company. ``lock`` is held around every call; ``tell`` hears of what people do."""

    def __init__(self, settings: WecomSettings | None = None, clock: Clock | None = None, seed: int = 0) -> None:
        self.settings = settings or WecomSettings()
        self.clock: Clock = clock or WallClock()
        self.random = random.Random(f"corp/{seed}")
        self.lock = threading.RLock()
        self.departments: dict[int, Department] = {}
        self.members: dict[str, Member] = {}
        self.customers: dict[str, Customer] = {}
        self.groups: dict[str, TagGroup] = {}
        self.calendars: dict[str, dict[str, Any]] = {}
        self.schedules: dict[str, Schedule] = {}
        self.sent: list[Mapping[str, Any]] = []
        """Messages of the app that reached somebody, ``to`` added."""
        self.said: list[Mapping[str, Any]] = []
        """Messages of the robot."""
        self.tell: Listener = lambda event: None
        self._made = 0

    def now_s(self) -> int:
        return int(self.clock.now().timestamp())

    def make_id(self, prefix: str, length: int = 32) -> str:
        """An id that was never given before."""
        self._made += 1
        return f"{prefix}{self._made:0{length - len(prefix)}d}"

    # ---- finding -----------------------------------------------------------------------------------------------

    def member(self, userid: object) -> Member:
        """Ids are matched without regard to case."""
        found = self.members.get(str(userid).lower())
        if found is None:
            raise Refused(60111, "userid not found")
        return found

    def customer(self, external_userid: object) -> Customer:
        found = self.customers.get(str(external_userid))
        if found is None:
            raise Refused(40096, "invalid external userid")
        return found

    def follow(self, userid: object, external_userid: object) -> Follow:
        found = self.customer(external_userid).follows.get(self.member(userid).userid)
        if found is None:
            raise Refused(84061, "not exist external contact relationship")
        return found

    def find_tag(self, name: str) -> str | None:
        """The id of a tag of the company by its name."""
        return next((id for group in self.groups.values() for id, given in group.tags.items() if given == name), None)

    def name_tag(self, tag_id: str) -> tuple[str, str] | None:
        """Group and name of a tag."""
        return next(((group.name, group.tags[tag_id]) for group in self.groups.values() if tag_id in group.tags), None)

    def list_followed(self, userid: str) -> list[Customer]:
        return [customer for customer in self.customers.values() if userid in customer.follows]

    # ---- making ------------------------------------------------------------------------------------------------

    def add_department(self, id: int, name: str, parentid: int = 1) -> None:
        self.departments[id] = Department(id, name, parentid if id != 1 else 0)

    def add_member(self, userid: str, name: str, departments: list[int], position: str = "") -> Member:
        made = self.members[userid.lower()] = Member(userid, name, departments, position)
        return made

    def add_tag_group(self, name: str, *tags: str) -> TagGroup:
        group = TagGroup(self.make_id("et"), name)
        group.tags = {self.make_id("et"): tag for tag in tags}
        self.groups[group.id] = group
        return group
