"""A register of companies that do not exist, as this vendor shows them."""

from __future__ import annotations

import random
from typing import Any

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # pragma: allowlist secret
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
INNER = (3, 7, 9, 10, 5, 8, 4, 2)
STATES = ("存续", "存续", "在业", "开业", "存续（在营、开业、在册）", "吊销，未注销", "注销", "迁出", "停业", "清算")
PLACES = (("上海市", "上海", "310115"), ("浙江省", "杭州市", "330106"), ("江苏省", "苏州市", "320506"))
FIRST, SECOND = "岱川澄岩曜沧峥泓垣晖", "海岭石溪原汀野帆林屿"
TRADES = ("精密机械", "电子科技", "包装材料", "仪器仪表", "新能源")
INDUSTRIES = (
    "通用设备制造业",
    "计算机、通信和其他电子设备制造业",
    "橡胶和塑料制品业",
    "仪器仪表制造业",
    "研究和试验发展",
)
PEOPLE = ("王芳", "李伟", "张敏", "刘洋", "陈静")


def make_uscc(rng: random.Random, region: str = "310115") -> str:
    """A valid 统一社会信用代码 (GB 32100-2015)."""
    inner = "".join(rng.choice("0123456789") for _ in range(8))
    total = sum(int(digit) * weight for digit, weight in zip(inner, INNER, strict=True))
    body = f"91{region}{inner}{'0123456789X'[-total % 11]}"
    return body + ALPHABET[-sum(ALPHABET.index(c) * w for c, w in zip(body, WEIGHTS, strict=True)) % 31]


def make_companies(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Details by the vendor's names; every fifth company has a branch, every seventh a former name, and the one behind
    a company with a branch belongs to that."""
    rng = random.Random(f"qcc/{seed}")
    found: list[dict[str, Any]] = []
    for place in range(count):
        province, city, region = rng.choice(PLACES)
        trade = rng.randrange(len(TRADES))
        name = f"{city.removesuffix('市')}{FIRST[place % 10]}{SECOND[place // 10 % 10]}{TRADES[trade]}有限公司"
        company = make_company(rng, name, place, region, f"{province}{city}测试路{place + 1}号")
        company["Province"], company["Industry"] = province, {"Industry": INDUSTRIES[trade]}
        company["Partners"] = [{"StockName": company["OperName"], "StockType": "自然人股东", "StockPercent": "100%"}]
        if place % 5 == 0 and place:
            owner = {"StockName": found[-2]["Name"], "StockType": "企业法人", "StockPercent": "66.5%"}
            company["Partners"] = [owner, {**company["Partners"][0], "StockPercent": "33.5%"}]
        if place % 7 == 3:
            company["OriginalName"] = [{"Name": name.replace("有限公司", "厂"), "ChangeDate": "2015-06-01 00:00:00"}]
        found.append(company)
        if place % 5 == 4:
            branch = make_company(rng, f"{name}宁波分公司", place, "330212", f"浙江省宁波市分路{place + 1}号")
            found.append({**branch, "EconKind": "有限责任公司分公司", "RegistCapi": ""})
            company["Branches"] = [{"Name": branch["Name"], "RegNo": branch["No"], "BelongOrg": ""}]
    return found


def make_company(rng: random.Random, name: str, place: int, region: str, address: str) -> dict[str, Any]:
    year = rng.randrange(1995, 2024)
    return {
        "KeyNo": f"{rng.getrandbits(128):032x}", "Name": name, "No": f"3100{rng.randrange(10**11):011d}",
        "CreditCode": make_uscc(rng, region), "OperName": rng.choice(PEOPLE), "StartDate": f"{year}-03-15 00:00:00",
        "EndDate": "", "Status": STATES[place % len(STATES)], "UpdatedDate": "2026-11-01 00:00:00",
        "RegistCapi": f"{rng.randrange(50, 90000)}万元人民币", "EconKind": "有限责任公司(自然人投资或控股)",
        "Address": address, "Scope": "货物进出口", "CheckDate": f"{year + 1}-05-20 00:00:00", "OriginalName": [],
    }  # fmt: skip
