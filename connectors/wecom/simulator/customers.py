"""客户联系: who follows whom, the customers in pages, remarks and tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.wecom.simulator.corp import Corp, Customer, Follow, Refused, TagGroup

Body = Mapping[str, Any]
Answer = dict[str, Any]
MOST_MEMBERS, MOST_ROWS, USUAL_ROWS = 100, 100, 50
LONGEST = {"remark": 20, "remark_company": 20, "description": 150}
MOST_FOLLOWERS = 500
MOST_TAGS = 3000


class CustomerContact:
    """The calls below ``externalcontact/``."""

    def __init__(self, corp: Corp) -> None:
        self._corp = corp

    def get_follow_user_list(self, body: Body) -> Answer:
        """Members with the right of customer contact, as far as the app sees them."""
        if not self._corp.settings.followers_visible:
            return {"follow_user": []}
        return {"follow_user": [member.userid for member in self._corp.members.values() if member.sells]}

    def list(self, body: Body) -> Answer:
        followed = self._corp.list_followed(self._corp.member(body.get("userid")).userid)
        if not followed:
            raise Refused(84061, "not exist external contact relationship")
        return {"external_userid": [customer.external_userid for customer in followed]}

    def get(self, body: Body) -> Answer:
        """A customer with everybody who follows; ``cursor`` goes on where there are too many."""
        customer = self._corp.customer(body.get("external_userid"))
        if not customer.follows:
            raise Refused(84061, "not exist external contact relationship")
        start = _read_cursor(body.get("cursor"))
        rows = list(customer.follows.values())
        answer: Answer = {
            "external_contact": write_customer(customer),
            "follow_user": [self._write_follow(follow) for follow in rows[start : start + MOST_FOLLOWERS]],
        }
        if start + MOST_FOLLOWERS < len(rows):
            answer["next_cursor"] = f"c{start + MOST_FOLLOWERS}"
        return answer

    def get_by_user(self, body: Body) -> Answer:
        """Customers of up to 100 members, one row for each relation. Tags are ids here."""
        given = body["userid_list"] if "userid_list" in body else [body.get("userid")]
        if not isinstance(given, list) or not 0 < len(given) <= MOST_MEMBERS:
            raise Refused(40058, "userid_list: array size should be between 1 and 100")
        size = int(body.get("limit") or USUAL_ROWS)
        if not 0 < size <= MOST_ROWS:
            raise Refused(40058, "limit: value should be between 1 and 100")
        rows = [
            (customer, customer.follows[member.userid])
            for member in map(self._corp.member, given)
            for customer in self._corp.list_followed(member.userid)
        ]
        start = _read_cursor(body.get("cursor"))
        page = rows[start : start + size]
        following = f"c{start + size}" if start + size < len(rows) else ""
        listed = [
            {"external_contact": write_customer(customer), "follow_info": write_follow_info(follow)}
            for customer, follow in page
        ]
        return {"external_contact_list": listed, "next_cursor": following}

    def remark(self, body: Body) -> Answer:
        """What one member notes about a customer. Nobody is called back about it."""
        follow = self._corp.follow(body.get("userid"), body.get("external_userid"))
        named = {name: body[name] for name in (*LONGEST, "remark_mobiles") if body.get(name) is not None}
        if not named and "remark_pic_mediaid" not in body:
            raise Refused(40058, "at least one of remark, description, remark_company, remark_mobiles is needed")
        for name, longest in LONGEST.items():
            if len(str(named.get(name, ""))) > longest:
                raise Refused(40058, f"{name}: exceed max length {longest}")
        customer = self._corp.customer(body.get("external_userid"))
        if "remark_company" in named:
            if customer.type != 1:
                raise Refused(40058, "remark_company: only for customers who use WeChat")
            follow.remark_corp_name = str(named["remark_company"])
        if "remark_mobiles" in named:
            follow.remark_mobiles = [str(mobile) for mobile in named["remark_mobiles"] if mobile]
        follow.remark = str(named.get("remark", follow.remark))
        follow.description = str(named.get("description", follow.description))
        return {}

    # ---- tags --------------------------------------------------------------------------------------------------

    def get_corp_tag_list(self, body: Body) -> Answer:
        wanted = {str(id) for id in body.get("tag_id") or ()}
        groups = [group for group in self._corp.groups.values() if not wanted or wanted & group.tags.keys()]
        return {"tag_group": [self._write_group(group, wanted) for group in groups]}

    def add_corp_tag(self, body: Body) -> Answer:
        """Into a group by id or by name; a name that nobody has makes a new one."""
        tags = [str(row.get("name") or "") for row in body.get("tag") or ()]
        if not tags or not all(tags):
            raise Refused(40058, "tag: missing")
        if sum(len(group.tags) for group in self._corp.groups.values()) + len(tags) > MOST_TAGS:
            raise Refused(41063, "too many tags")
        group = self._find_group(body)
        for name in tags:
            if name in group.tags.values():
                raise Refused(40071, f"tag {name} exists")
        made = {self._corp.make_id("et"): name for name in tags}
        group.tags |= made
        return {"tag_group": self._write_group(group, set(made))}

    def mark_tag(self, body: Body) -> Answer:
        follow = self._corp.follow(body.get("userid"), body.get("external_userid"))
        add, remove = ([str(id) for id in body.get(name) or ()] for name in ("add_tag", "remove_tag"))
        if not add and not remove:
            raise Refused(40058, "add_tag and remove_tag are both empty")
        for id in add:
            if self._corp.name_tag(id) is None:
                raise Refused(40068, "invalid tagid")
        follow.tags = [id for id in dict.fromkeys([*follow.tags, *add]) if id not in remove]
        return {}

    def _find_group(self, body: Body) -> TagGroup:
        if body.get("group_id"):
            found = self._corp.groups.get(str(body["group_id"]))
            if found is None:
                raise Refused(40068, "invalid group_id")
            return found
        name = str(body.get("group_name") or "")
        if not name:
            raise Refused(40058, "group_id and group_name are both missing")
        known = next((group for group in self._corp.groups.values() if group.name == name), None)
        return known or self._corp.add_tag_group(name)

    def _write_group(self, group: TagGroup, wanted: Iterable[str]) -> Answer:
        chosen = set(wanted)
        tags = [
            {"id": id, "name": name, "create_time": 1700000000, "order": 0}
            for id, name in group.tags.items()
            if not chosen or id in chosen
        ]
        return {"group_id": group.id, "group_name": group.name, "create_time": 1700000000, "order": 0, "tag": tags}

    def _write_follow(self, follow: Follow) -> Answer:
        """In the answer about one customer tags have names, and those of the member himself are there as well."""
        tags: list[Answer] = []
        for id in follow.tags:
            named = self._corp.name_tag(id)
            if named is not None:
                tags.append({"group_name": named[0], "tag_name": named[1], "tag_id": id, "type": 1})
        tags += [{"group_name": "", "tag_name": name, "type": 2} for name in follow.own_tags]
        return {**write_relation(follow), "tags": tags}


def write_customer(customer: Customer) -> Answer:
    told: Answer = {
        "external_userid": customer.external_userid,
        "name": customer.name,
        "avatar": "http://wx.qlogo.cn/mmhead/0",
        "type": customer.type,
        "gender": customer.gender,
    }
    if customer.type == 2:
        told |= {"position": customer.position, "corp_name": customer.corp_name,
                 "corp_full_name": customer.corp_full_name}  # fmt: skip
    return told


def write_relation(follow: Follow) -> Answer:
    return {
        "userid": follow.userid, "remark": follow.remark, "description": follow.description,
        "createtime": follow.createtime, "remark_corp_name": follow.remark_corp_name,
        "remark_mobiles": list(follow.remark_mobiles), "oper_userid": follow.userid, "add_way": follow.add_way,
        "state": follow.state,
    }  # fmt: skip


def write_follow_info(follow: Follow) -> Answer:
    return {**write_relation(follow), "tag_id": list(follow.tags)}


def _read_cursor(given: object) -> int:
    text = str(given or "c0")
    if not text.startswith("c") or not text[1:].isdecimal():
        raise Refused(40058, "invalid cursor")
    return int(text[1:])
