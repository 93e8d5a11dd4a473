"""What the server sends as records: what the mapping files read. The list and the single answer differ in shape and
come out alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hub.sdk import digest_version

Payload = dict[str, Any]
Answer = Mapping[str, Any]
COMPANY_TAG = "1"
"""Type of a tag that belongs to the company; the others are a member's own or a rule's, and no API writes them."""


def make_version(payload: Mapping[str, Any]) -> int:
    """Tells contents apart: nothing there has a version."""
    return digest_version(json.dumps(payload, ensure_ascii=False, sort_keys=True))


def choose_keeper(follows: Sequence[Answer]) -> Answer | None:
    """The follower whose notes count here: who has known the customer longest."""
    return min(follows, key=lambda row: (int(row.get("createtime") or 0), str(row["userid"])), default=None)


def list_tag_ids(follow: Answer) -> list[str]:
    """Ids of the company's tags: ``tag_id`` in lists, ``tags`` in single answers."""
    if isinstance(follow.get("tag_id"), list):
        return [str(id) for id in follow["tag_id"]]
    rows = [row for row in follow.get("tags") or () if str(row.get("type", COMPANY_TAG)) == COMPANY_TAG]
    return [str(row["tag_id"]) for row in rows if row.get("tag_id")]


def list_mobiles(follow: Answer) -> list[str]:
    """Older samples have numbers where there are texts now."""
    return [str(mobile) for mobile in follow.get("remark_mobiles") or () if mobile]


def find_company(contact: Answer, follow: Answer) -> str:
    """The company by the name that it goes by in full: the customer's own where he uses WeCom, else as noted."""
    told = contact.get("corp_full_name") or contact.get("corp_name") or ""
    noted = follow.get("remark_corp_name") or follow.get("remark_company") or ""
    return " ".join(str(told or noted).split())


def shape_customer(contact: Answer, follows: Sequence[Answer], tag_names: Mapping[str, str]) -> Payload:
    """A customer with the notes of the keeper. ``tag_names``: id → name of the company's tags."""
    keeper = choose_keeper(follows) or {}
    nickname = str(contact.get("name") or "")
    company = find_company(contact, keeper)
    mobiles = list_mobiles(keeper)
    return {
        "id": str(contact["external_userid"]),
        "name": str(keeper.get("remark") or "") or nickname or str(contact["external_userid"]),
        "nickname": nickname,
        "note": str(keeper.get("description") or ""),
        "title": str(contact.get("position") or ""),
        "mobile": mobiles[0] if mobiles else "",
        "mobiles": mobiles,
        "company": company,
        "companies": [{"name": company}] if company else [],
        "app": "wecom" if str(contact.get("type")) == "2" else "wechat",
        "tags": sorted(tag_names[id] for id in list_tag_ids(keeper) if id in tag_names),
        "keeper": str(keeper.get("userid") or ""),
        "followers": "; ".join(sorted(str(row["userid"]) for row in follows)),
        "channel": str(keeper.get("state") or ""),
        "added_at": write_moment(keeper.get("createtime")),
    }


def write_moment(seconds: object) -> str | None:
    """Seconds since 1970 as ISO text, UTC."""
    if not isinstance(seconds, int | str) or not str(seconds).isdecimal():
        return None
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()
