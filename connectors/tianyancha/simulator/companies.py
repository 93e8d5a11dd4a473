"""A register of companies that do not exist, as this vendor shows them."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # pragma: allowlist secret
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
INNER = (3, 7, 9, 10, 5, 8, 4, 2)
STATES = ("存续", "在业", "开业", "存续", "吊销", "注销", "迁出", "停业")
PLACES = (("上海", "sh", "310115"), ("杭州", "zj", "330106"), ("苏州", "js", "320506"))
FIRST, SECOND = "星河云帆景明嘉禾瑞泰", "辰远达源通润和丰盛昌"
TRADES = ("自动化设备", "供应链管理", "商贸", "软件", "医疗器械")
INDUSTRIES = ("专用设备制造业", "商务服务业", "批发业", "软件和信息技术服务业", "医药制造业")
PEOPLE = ("赵敏", "钱进", "孙丽", "周强", "吴静")


def make_uscc(rng: random.Random, region: str = "310115") -> str:
    """A valid 统一社会信用代码 (GB 32100-2015)."""
    inner = "".join(rng.choice("0123456789") for _ in range(8))
    total = sum(int(digit) * weight for digit, weight in zip(inner, INNER, strict=True))
    body = f"91{region}{inner}{'0123456789X'[-total % 11]}"
    return body + ALPHABET[-sum(ALPHABET.index(c) * w for c, w in zip(body, WEIGHTS, strict=True)) % 31]


def make_companies(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Base information by the vendor's names; every fifth company has a branch, every seventh former names, and the one
    behind a company with a branch belongs to that."""
    rng = random.Random(f"tyc/{seed}")
    found: list[dict[str, Any]] = []
    for place in range(count):
        city, base, region = rng.choice(PLACES)
        trade = rng.randrange(len(TRADES))
        name = f"{city}{FIRST[place % 10]}{SECOND[place // 10 % 10]}{TRADES[trade]}有限公司"
        company = make_company(rng, name, place, region, base)
        company["industry"] = INDUSTRIES[trade]
        company["shareHolderList"] = [make_holder(company["legalPersonName"], 1, "100%")]
        if place % 5 == 0 and place:
            shares = ((found[-2]["name"], 2, "66.5%"), (company["legalPersonName"], 1, "33.5%"))
            company["shareHolderList"] = [make_holder(*share) for share in shares]
        if place % 7 == 3:
            company["historyNames"] = f"{name}（筹）;\t；{name.replace('有限公司', '厂')};"
        found.append(company)
        if place % 5 == 4:
            branch = make_company(rng, f"{name}宁波分公司", place, "330212", "zj")
            found.append({**branch, "companyOrgType": "有限责任公司分公司", "regCapital": ""})
            company["branchList"] = [{"id": branch["id"], "name": branch["name"], "regStatus": branch["regStatus"]}]
    return found


def make_holder(name: str, sort: int, percent: str) -> dict[str, Any]:
    return {"name": name, "type": sort, "capital": [{"amomon": "", "time": "", "paymet": "货币", "percent": percent}]}


def make_company(rng: random.Random, name: str, place: int, region: str, base: str) -> dict[str, Any]:
    year = rng.randrange(1995, 2024)
    founded = int(datetime(year, 3, 14, 16, tzinfo=UTC).timestamp() * 1000)
    return {
        "id": rng.randrange(10**9), "name": name, "historyNames": "", "creditCode": make_uscc(rng, region),
        "regNumber": f"3100{rng.randrange(10**11):011d}", "legalPersonName": rng.choice(PEOPLE),
        "regStatus": STATES[place % len(STATES)], "regCapital": f"{rng.randrange(50, 90000)}.5万人民币",
        "companyOrgType": "有限责任公司", "estiblishTime": founded, "approvedTime": founded + 86_400_000_000,
        "regLocation": f"测试路{place + 1}号", "businessScope": "货物进出口", "phoneNumber": f"021-5555{place:04d}",
        "base": base, "isMicroEnt": 0,
    }  # fmt: skip
