"""海岳精密 on WeCom: who works there, and whom they know."""

from __future__ import annotations

import random
from typing import Any

from connectors.wecom.simulator.corp import Corp
from connectors.wecom.simulator.people import Person

MEMBERS = (
    ("zhang.san", "张三", (2,), "销售经理"),
    ("li.si", "李四", (2, 4), "销售"),
    ("wang.wu", "王五", (3,), "客服"),
    ("zhao.liu", "赵六", (4,), "销售"),
)
TAGS = ("A类", "B类", "经销商", "终端用户")
SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周", ("伟", "芳", "娜", "敏", "静", "磊", "洋", "艳", "勇", "军")
COMPANIES = (
    "远山轴承有限公司", "宁波启明机械有限公司", "苏州恒力传动有限公司", "青岛海川设备有限公司", "",
)  # fmt: skip


def seed_company(corp: Corp, customers: int = 12, seed: int = 0) -> None:
    """Departments, members, tags, and customers whom they met; some are known to two colleagues. Nobody is called
    back."""
    draw = random.Random(f"company/{seed}")
    for id, name, parent in ((1, "海岳精密", 0), (2, "销售部", 1), (3, "客服部", 1), (4, "华东区", 2)):
        corp.add_department(id, name, parent)
    for userid, name, departments, position in MEMBERS:
        corp.add_member(userid, name, list(departments), position).sells = True
    corp.add_tag_group("客户等级", *TAGS[:2])
    corp.add_tag_group("客户类型", *TAGS[2:])
    person, tell = Person(corp), corp.tell
    corp.tell = lambda event: None
    for number in range(customers):
        first, second = draw.sample([userid for userid, *_ in MEMBERS], 2)
        name = draw.choice(SURNAMES) + draw.choice(GIVEN)
        company = COMPANIES[number % len(COMPANIES)]
        joined = corp.now_s() - draw.randrange(1, 300) * 86_400
        works: dict[str, Any] = {"type": 2, "corp_name": company[:2], "corp_full_name": company, "position": "采购"}
        met = person.meet(
            first, name, createtime=joined, tags=draw.sample(TAGS, draw.randrange(3)), state="spring-fair",
            remark=f"{name}-{number + 1}", **(works if company and number % 3 == 0 else {}),
        )  # fmt: skip
        if met.type == 1:
            met.follows[first].remark_corp_name = company
            met.follows[first].remark_mobiles = [f"1380000{number:04}"]
        if number % 4 == 3:
            person.meet(second, name, met.external_userid, createtime=joined + 60)
    corp.tell = tell
