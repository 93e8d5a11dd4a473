"""Damage that the labelled lists do not have, put on top of them from a seed: no weight was ever fitted to it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from statistics import mean, stdev
from typing import Any

import polars as pl

Row = dict[str, str]
LOOK_ALIKE = dict(
    zip(
        "己未土日人大王田申末贝干目八", "已末士曰入太玉由甲未见千自入", strict=True
    )  # typed from paper or read by a scanner
)
NOTES = ("（张总介绍）", "#待开票", "【2023年】", "~~", "（原名未变）", " 联系人王工", "/月结30天")
SECOND_FORMS = {"有限公司": "有限公司（本部）", "股份有限公司": "股份公司", "有限责任公司": "有限责任公司."}


def insert_character(row: Row, rng: random.Random) -> None:
    name = row["name"]
    at = rng.randrange(1, max(len(name) - 4, 2))
    row["name"] = name[:at] + name[at - 1] + name[at:]


def look_alike(row: Row, rng: random.Random) -> None:
    row["name"] = "".join(LOOK_ALIKE.get(mark, mark) for mark in row["name"])


def add_note(row: Row, rng: random.Random) -> None:
    row["name"] += rng.choice(NOTES)


def write_form_otherwise(row: Row, rng: random.Random) -> None:
    for form, other in SECOND_FORMS.items():
        if row["name"].endswith(form):
            row["name"] = row["name"].removesuffix(form) + other
            return


def mistype_phone(row: Row, rng: random.Random) -> None:
    digits = [at for at, mark in enumerate(row["phone"]) if mark.isascii() and mark.isdigit()]
    if digits:
        at = rng.choice(digits[-7:])
        row["phone"] = row["phone"][:at] + str(rng.randrange(10)) + row["phone"][at + 1 :]


def write_phone_otherwise(row: Row, rng: random.Random) -> None:
    if row["phone"]:
        row["phone"] = rng.choice(("电话：{}", "{}（办）", "T {}", "{} / {}")).format(row["phone"], row["phone"])


def move(row: Row, rng: random.Random) -> None:
    """The company moved, or another building of it is meant."""
    if row["address"]:
        row["address"] = row["address"].split("路")[0][:6] + f"新街{rng.randrange(1, 999)}号"


def mistype_mail(row: Row, rng: random.Random) -> None:
    local, sign, domain = row["email"].partition("@")
    if sign and len(domain) > 5:
        at = rng.randrange(1, len(domain) - 4)
        row["email"] = f"{local}@{domain[:at]}{domain[at + 1 :]}"


def mistype_code(row: Row, rng: random.Random) -> None:
    code = row["uscc"]
    if len(code) == 18:
        at = rng.randrange(8, 16)
        row["uscc"] = code[:at] + code[at + 1] + code[at] + code[at + 2 :]


DAMAGE: Mapping[str, Callable[[Row, random.Random], None]] = {
    "character_doubled": insert_character, "look_alike": look_alike, "note": add_note, "form": write_form_otherwise,
    "phone_slip": mistype_phone, "phone_form": write_phone_otherwise, "moved": move, "mail_slip": mistype_mail,
    "code_swap": mistype_code,
}  # fmt: skip


def damage(frame: pl.DataFrame, seed: int, kinds: list[str], share: float) -> pl.DataFrame:
    """That share of the rows with one of these kinds of damage more."""
    rng = random.Random(f"{seed}/{'/'.join(kinds)}")
    rows = frame.fill_null("").to_dicts()
    for row in rows:
        if rng.random() < share:
            DAMAGE[rng.choice(kinds)](row, rng)
    return pl.DataFrame(rows, schema=dict.fromkeys(frame.columns, pl.String))


def tell_interval(values: list[float]) -> dict[str, Any]:
    """Mean and its 95 per cent interval over seeds (Student's t for five)."""
    half = 2.776 * stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return {"mean": round(mean(values), 4), "from": round(mean(values) - half, 4), "to": round(mean(values) + half, 4)}
