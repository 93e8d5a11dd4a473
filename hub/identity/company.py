"""What a company name consists of: region, brand (字号), trade, legal form, markers of groups and branches."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from hub.identity.divisions import choose_place, find_places, is_long_name, match_place, spelled_places
from hub.identity.text import fold_text, has_han, is_plain_han, spell
from hub.identity.trades import split_trade
from hub.identity.words import ENGLISH_FILLERS, ENGLISH_FORMS, ENGLISH_GROUPS, ENGLISH_TRADES, NOTES

LLC, STOCK, COMPANY, PARTNERSHIP, FACTORY, OTHER, NONE = (
    "llc",
    "stock",
    "company",
    "partnership",
    "factory",
    "other",
    "",
)
_FORMS = (
    ("有限责任公司", LLC), ("股份有限公司", STOCK), ("有限公司", LLC), ("无限公司", OTHER), ("股份公司", STOCK),
    ("有限合伙企业", PARTNERSHIP), ("普通合伙企业", PARTNERSHIP), ("合伙企业", PARTNERSHIP),
    ("(特殊普通合伙)", PARTNERSHIP), ("(有限合伙)", PARTNERSHIP), ("(普通合伙)", PARTNERSHIP),
    ("专业合作社联合社", OTHER), ("专业合作社", OTHER), ("合作社", OTHER), ("个人独资企业", OTHER),
    ("个体工商户", OTHER),
    ("个体户", OTHER), ("总公司", COMPANY), ("公司", COMPANY), ("加工厂", FACTORY), ("总厂", FACTORY),
    ("厂", FACTORY),
    ("经营部", OTHER), ("服务部", OTHER), ("门市部", OTHER), ("商行", OTHER), ("商店", OTHER), ("工作室", OTHER),
    ("事务所", OTHER), ("研究院", OTHER), ("研究所", OTHER), ("设计院", OTHER), ("店", OTHER),
)  # fmt: skip
_FORMS_ENDING = {
    last: tuple(row for row in _FORMS if row[0].endswith(last)) for last in {ending[-1] for ending, _ in _FORMS}
}
_GROUP = re.compile(r"\(?(?:集团|控股)\)?$")
_GROUP_INSIDE = re.compile(r"\((?:集团|控股)\)")
_BRANCH = re.compile(
    r"(?:第?([一二三四五六七八九十0-9]{1,3}))?(分公司|办事处|营业部|分支机构|代表处|联络处|分店|分厂|分行|支行|分部|分院|分所|分社)$"
)
_BRANCH_WORDS = (
    "分公司", "办事处", "营业部", "分支机构", "代表处", "联络处", "分店", "分厂", "分行", "支行", "分部", "分院",
    "分所", "分社",
)  # fmt: skip
_BROKEN_BRANCH = {
    "分公": "分公司", "分司": "分公司", "公司": "分公司", "办事": "办事处", "事处": "办事处", "办处": "办事处",
    "营业": "营业部", "营部": "营业部", "业部": "营业部",
}  # fmt: skip
_BRANCH_SPOKEN = frozenset({"fengongsi", "banshichu", "yingyebu"})
_ENGLISH_BRANCH = re.compile(r"\b(?:branch(?: office)?|representative office|rep office)\b")
_LIMITED_SPOKEN = "youxiangongsi"
_LIMITED = "有限公司"
_LIMITED_BROKEN = frozenset(
    {"有限司", "有公司", "限公司", "有限公", "有限公司司", "有有限公司", "有限限公司", "有限公公司"}
)
_END_FORM = re.compile(
    r"(?:有限责任公司|有限公司|股份公司|合伙企业(?:\((?:有限|普通|特殊普通)合伙\))?|\((?:有限|普通|特殊普通)合伙\)|公司|合作社|事务所)"
)
_NOTE_WORDS = "|".join(sorted(map(re.escape, NOTES), key=len, reverse=True))
_NOTE = re.compile(rf"(?:{_NOTE_WORDS})(?:[,\s/-]*(?:{_NOTE_WORDS}))*[0-9]{{0,8}}")
_NOTES_ENDING = {last: tuple(word for word in NOTES if word.endswith(last)) for last in {word[-1] for word in NOTES}}
_ONLY_HAN = re.compile(r"[\u4e00-\u9fff]+")
_NOTE_BRACKET = re.compile(rf"\(\s*(?:{_NOTE_WORDS})(?:[,\s/-]*(?:{_NOTE_WORDS}))*[0-9]{{0,8}}\s*\)")
_NOTE_END = re.compile(
    rf"(?:[\s\-_/,;:*#]+|(?<=公司)|(?<=\)))(?:{_NOTE_WORDS})(?:[,\s/-]*(?:{_NOTE_WORDS}))*[0-9]{{0,8}}$"
)
_NOTE_START = re.compile(rf"^(?:{_NOTE_WORDS})[\s\-_/,;:*#]+|^[0-9a-z]{{1,8}}[\-_:#*]+(?=[\u3400-\u9fff])")
_LAST_BRACKET = re.compile(r"\(([^()]*)\)?$")
_FIRST_BRACKET = re.compile(r"^\(([^()]*)\)")
_EDGES = " \t-_*#@!?~^=+|\\/,.;:'\"`$%&·。…★☆●○◆◇■□▲△※√×→←↑↓¥€£§"
_NO_WORD = re.compile(r"[^\w()&]+")
_LATIN_WORD = re.compile(r"[^\W_]+")
_GAP = re.compile(r"\s+")


class CompanyName(NamedTuple):
    """``normal``: without noise, folded; to parse it again gives the same. ``core``: brand and trade, without region,
    form and brackets: what two names are compared by. ``alternate``: the core together with what may be a region and
    may be a part of the brand; empty where there is no doubt. ``sound``: the core in pinyin.

    ``region``: the short name of the place, ``codes`` what it may mean. ``branch``: the marker with its number, for a
    branch; ``branch_place``; the other parts are then those of the parent. ``complete``: it has a legal form.
    ``latin``: no Chinese character in it.
    """

    normal: str = ""
    core: str = ""
    alternate: str = ""
    brand: str = ""
    trade: str = ""
    region: str = ""
    codes: tuple[str, ...] = ()
    form: str = NONE
    group: bool = False
    branch: str = ""
    branch_place: str = ""
    branch_codes: tuple[str, ...] = ()
    sound: str = ""
    brand_sound: str = ""
    latin: bool = False
    complete: bool = False


EMPTY = CompanyName()


def clean_company_name(text: str) -> str:
    """Folded, without notes that people write beside names, without spaces and marks between Chinese characters."""
    folded = fold_text(text)
    for _ in range(8):
        cleaned = _clean_once(folded)
        if cleaned == folded:
            break
        folded = fold_text(cleaned)
    return folded


def _clean_once(text: str) -> str:
    if not has_han(text):
        return " ".join(_LATIN_WORD.findall(text.replace("&", " and ")))
    if _ONLY_HAN.fullmatch(text) and not text.endswith(_NOTES_ENDING.get(text[-1], ())):
        return text
    text = text.strip(_EDGES)
    if "(" in text:
        text = _NOTE_BRACKET.sub("", text)
    text = _NOTE_START.sub("", text)
    text = _drop_end(_NOTE_END.sub("", text))
    text = _GAP.sub("", text)
    kept = _NO_WORD.sub("", text)
    return kept.strip(_EDGES) or text


def _drop_end(text: str) -> str:
    """Without a bracket before the name or behind its legal form, whatever somebody has noted in it."""
    first = _FIRST_BRACKET.match(text)
    if first and len(text) - first.end() >= 4 and not find_places(first[1]):
        text = text[first.end() :]
    last = _LAST_BRACKET.search(text)
    if last and "合伙" not in last[1] and "集团" not in last[1] and "控股" not in last[1]:
        before = _GAP.sub("", text[: last.start()]).rstrip("-*")
        if (_END_FORM.search(before[-10:]) or before.endswith(_BRANCH_WORDS)) and not has_branch_word(last[1]):
            return text[: last.start()].rstrip(_EDGES)
    return text


def has_branch_word(text: str) -> bool:
    return any(word in text for word in _BRANCH_WORDS)


@lru_cache(maxsize=2_048)
def parse_company_name(text: str) -> CompanyName:
    """The parts of a name. Never raises; an empty text gives an empty name."""
    if text.endswith(_LIMITED_ENDINGS):
        plain = text.replace("（", "(").replace("）", ")")
        if is_plain_han(plain) or _has_plain_bracket(plain):
            rest, form = _take_limited(plain)
            if len(rest) > 1 and not rest.endswith(_NO_STEM) and "集团" not in rest and "控股" not in rest:
                return _describe(plain, rest, form)
    return parse_by_all_rules(text)


def parse_by_all_rules(text: str) -> CompanyName:
    """The same for names that hold notes, markers, slips or letters."""
    normal = clean_company_name(text)
    if not normal:
        return EMPTY
    return _parse_chinese(normal) if has_han(normal) else _parse_latin(normal)


_LIMITED_ENDINGS = ("有限公司", "有限责任公司")
_NO_STEM = ("股份", "有限", "责任")


def _has_plain_bracket(text: str) -> bool:
    """Whether it is characters with a place in brackets between them: 云帆(上海)科技有限公司."""
    before, opened, rest = text.partition("(")
    inside, closed, after = rest.partition(")")
    return bool(opened and closed and find_places(inside)) and all(map(is_plain_han, (before, inside, after)))


def _take_limited(text: str) -> tuple[str, str]:
    """The same as ``_take_form``, of the most usual names: they hold nothing but simplified characters, no note and no
    marker, and end in what most companies end in."""
    if text.endswith("有限责任公司"):
        return text[:-6], LLC
    return (text[:-6], STOCK) if text.endswith("股份有限公司") else (text[:-4], LLC)


def _parse_chinese(normal: str) -> CompanyName:
    rest, branch, place = _take_branch(normal)
    rest, form, group = _take_form(rest)
    rest = _GROUP_INSIDE.sub("", rest) if "(" in rest else rest
    return _describe(normal, rest, form, group, branch, place)


def _describe(normal: str, rest: str, form: str, group: bool = False, branch: str = "", place: str = "") -> CompanyName:
    """``rest``: the name without form and markers."""
    core, region, certain = _take_region(rest)
    brand, trade = split_trade(core)
    if region and not certain and (not brand or len(core) < 2):
        core, region = rest_of(rest), ""
        brand, trade = split_trade(core)
    short, codes = _describe_place(region) if region else _NO_PLACE
    seat, seat_codes = _describe_place(place) if place else _NO_PLACE
    brand_sound = spell(brand or core)
    sound = brand_sound + spell(trade) if brand else brand_sound
    return CompanyName(
        normal, core, region + core if region and not certain else "", brand or core, trade if brand else "", short,
        codes, form, group, branch, seat or place, seat_codes, sound, brand_sound, False, form != NONE,
    )  # fmt: skip


_NO_PLACE: tuple[str, tuple[str, ...]] = ("", ())


@lru_cache(maxsize=2_048)
def _describe_place(name: str) -> tuple[str, tuple[str, ...]]:
    """(its short name, the codes that it may mean)."""
    places = find_places(name)
    return places[0].name if places else "", tuple(place.code for place in places[:2])


def rest_of(text: str) -> str:
    """Without brackets and what marks stand between the characters."""
    return text.replace("(", "").replace(")", "") if "(" in text or ")" in text else text


def _take_branch(text: str) -> tuple[str, str, str]:
    """(the parent, the marker with its number, the place). Without a marker: (the text, "", "")."""
    tail = text.removesuffix(")")
    found = _BRANCH.search(tail) if tail.endswith(_BRANCH_WORDS) else None
    if found is None:
        broken = _take_broken_branch(tail)
        if broken is not None:
            return broken
        if len(tail) < 9 or tail.endswith("限公司") or spell(tail[-3:]) not in _BRANCH_SPOKEN:
            return text, "", ""
        head, number, marker = tail[:-3], "", "分公司" if spell(tail[-3:]) == "fengongsi" else tail[-3:]
    else:
        head, number, marker = tail[: found.start()], found[1] or "", found[2]
    parent, place = _split_parent(head)
    if len(parent) < 2:
        return text, "", ""
    return parent, f"{number}{marker}", place


def _take_broken_branch(text: str) -> tuple[str, str, str] | None:
    """Behind a whole name something that ends like the marker of a branch with a slip: 大分连公司, 青田办事."""
    if text.endswith(("有限公司", "责任公司")):
        return None
    forms = list(_END_FORM.finditer(text))
    cut = next((form.end() for form in forms if form[0] != "公司" and len(text) - form.end() >= 3), 0)
    tail = text[cut:]
    marker = next((word for ending, word in _BROKEN_BRANCH.items() if tail.endswith(ending)), "") if cut else ""
    if not marker:
        return None
    return text[:cut], marker, "".join(mark for mark in tail if mark not in marker)


def _split_parent(head: str) -> tuple[str, str]:
    """The parent's name and the place of the branch, which stands behind its legal form or at the end."""
    forms = list(_END_FORM.finditer(head))
    if forms:
        cut = forms[-1].end()
        if cut < len(head):
            return head[:cut], rest_of(head[cut:])
        return head, ""
    spoken = _find_broken_form(head)
    if spoken:
        return head[:spoken], rest_of(head[spoken:])
    for length in range(min(12, len(head) - 2), 1, -1):
        if find_places(head[-length:]):
            return head[:-length].rstrip("("), head[-length:]
    return head.rstrip("("), ""


def _find_broken_form(text: str) -> int:
    """Where 有限公司 ends that somebody has mistyped with characters of the same sound; 0 for nowhere."""
    for at in range(len(text) - 4, 1, -1):
        window = text[at : at + 4]
        if sum(one == other for one, other in zip(window, _LIMITED, strict=True)) >= 2 and is_limited(window):
            return at + 4
    return 0


def is_limited(window: str) -> bool:
    """Whether four characters are 有限公司 with a slip: the same sounds, or two neighbours changed."""
    return window == _LIMITED or spell(window) == _LIMITED_SPOKEN or sorted(window) == sorted(_LIMITED)


def _take_form(text: str) -> tuple[str, str, bool]:
    """(what stands before it, the class of the form, whether it is a group)."""
    form = NONE
    while True:
        for ending, kind in _FORMS_ENDING.get(text[-1:], ()):
            if text.endswith(ending) and len(text) > len(ending) + 1:
                text, form = text[: -len(ending)].removesuffix("("), form or kind
                break
        else:
            break
        if form != PARTNERSHIP or not text.endswith("企业"):
            break
    if form in (NONE, COMPANY):
        text, form = _take_broken_form(text, form)
    for word in ("股份", "有限责任", "有限"):
        if form and text.endswith(word) and len(text) > len(word) + 1:
            text, form = text[: -len(word)], STOCK if word == "股份" else form
    group = False
    if "集团" not in text and "控股" not in text:
        return text, form, group
    while (found := _GROUP.search(text)) is not None and found.start() > 1:
        text, group = text[: found.start()], True
    return text, form, group or _GROUP_INSIDE.search(text) is not None


def _take_broken_form(text: str, form: str) -> tuple[str, str]:
    if form == COMPANY:  # 友限公司: 公司 is gone already
        if len(text) > 3 and (spell(text[-2:]) == "youxian" or text.endswith("限有")):
            return text[:-2], LLC
        if len(text) > 3 and text[-1:] in ("有", "限"):
            return text[:-1], LLC
        return text, form
    if len(text) > 5 and is_limited(text[-4:]):
        return text[:-4], LLC
    for ending in _LIMITED_BROKEN:
        if len(text) > len(ending) + 1 and text.endswith(ending):
            return text[: -len(ending)], LLC
    return text, form


def _take_region(text: str) -> tuple[str, str, bool]:
    """(the rest without brackets, the place or "", whether it certainly is one). Province and city before a county are
    dropped."""
    region, certain = "", False
    if "(" in text:
        for found in re.finditer(r"\(([^()]*)\)?", text):
            name = found[1]
            if name and find_places(name) and len(text) - len(found[0]) >= 2:
                region, certain = name, True
                text = text[: found.start()] + text[found.end() :]
                break
            if name in ("中国", "全国"):
                text = text[: found.start()] + text[found.end() :]
                break
        text = rest_of(text)
    inside = ""
    start = 0
    bracketed = bool(region)
    while True:
        name = match_place(text, start)
        if not name or len(text) - start - len(name) < 2:
            break
        place = choose_place(name, inside) or (None if inside else find_places(name)[0])
        if place is None or (bracketed and not _fits(name, region)):
            break
        if start and not is_long_name(name) and len(text) - start - len(name) < 2:
            break
        sure = is_long_name(name) or len(place.code) < 6
        start += len(name)
        if not bracketed:
            region, certain = name, sure or certain
        inside = place.code
    return text[start:], region, certain


def _fits(name: str, region: str) -> bool:
    """Whether a place before the name and one in brackets are one within the other, or the same."""
    codes = [place.code for place in find_places(region)]
    return any(
        code.startswith(place.code) or place.code.startswith(code) for place in find_places(name) for code in codes
    )


# ---------------------------------------------------------------- Western names


def _parse_latin(normal: str) -> CompanyName:
    branch = "branch" if _ENGLISH_BRANCH.search(normal) else ""
    words = [word for word in _ENGLISH_BRANCH.sub(" ", normal).split() if word not in ENGLISH_FILLERS]
    form = OTHER if any(word in ENGLISH_FORMS for word in words[1:]) else NONE
    group = any(word in ENGLISH_GROUPS for word in words[1:])
    left = [
        word for at, word in enumerate(words) if at == 0 or (word not in ENGLISH_FORMS and word not in ENGLISH_GROUPS)
    ]
    region = ""
    if len(left) > 1 and left[0] in spelled_places() and left[1] not in ENGLISH_TRADES:
        region, left = left[0], left[1:]
    cut = next((at for at, word in enumerate(left) if at and word in ENGLISH_TRADES), len(left))
    core = " ".join(left)
    return CompanyName(
        normal=normal, core=core, brand=" ".join(left[:cut]), trade=" ".join(left[cut:]), region=region, form=form,
        group=group, branch=branch, sound="".join(left), brand_sound="".join(left[:cut]), latin=True,
        alternate=f"{region} {core}" if region else "", complete=form != NONE,
    )  # fmt: skip
