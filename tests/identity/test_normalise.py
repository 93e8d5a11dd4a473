"""Names, numbers, mail, codes and addresses as people type them. Values are real forms; numbers belong to nobody."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.identity.address import parse_address
from hub.identity.codes import organisation_of, read_code
from hub.identity.company import clean_company_name, parse_by_all_rules, parse_company_name
from hub.identity.divisions import choose_place, clean_division, find_places, name_division
from hub.identity.mail import find_domain, parse_mail, parse_site
from hub.identity.person import parse_person_name
from hub.identity.phone import parse_phones
from hub.identity.profile import normalise_account, normalise_contact
from hub.identity.text import fold_text, spell
from hub.identity.traditional_table import TRADITIONAL

MIXED = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(
            "有限公司责任股份集团控股分公司办事处北京上海市县区省（）()【】VIP-*·& 　０１２路号转@.东陽廠門"
        ),
    ),
    max_size=40,
)


def test_what_is_plain_already_stays_as_it_is():
    """The short way of ``fold_text`` is for texts that the long one would not change."""
    plain = "".join(mark for mark in map(chr, range(0x4E00, 0xA000)) if mark not in TRADITIONAL) + "az09()"
    assert fold_text(plain) == plain
    assert fold_text(plain + "Ａ") == plain + "a"
    assert "".join(unicodedata.normalize("NFKC", mark).lower() for mark in plain) == plain


# ---------------------------------------------------------------- companies


@pytest.mark.parametrize(
    ("name", "core", "brand", "trade", "region", "form"),
    [
        ("北京华为技术有限公司", "华为技术", "华为", "技术", "北京", "llc"),
        ("華為技術（北京市）有限責任公司", "华为技术", "华为", "技术", "北京", "llc"),
        ("平安科技(深圳)有限公司", "平安科技", "平安", "科技", "深圳", "llc"),
        ("浙江省三门县格林建材股份有限公司", "格林建材", "格林", "建材", "三门", "stock"),
        ("献县洋洋物流合伙企业（有限合伙）", "洋洋物流", "洋洋", "物流", "献县", "partnership"),
        ("新龙县三友五金厂", "三友五金", "三友", "五金", "新龙", "factory"),
        ("友谊文化（白银）有限公司", "友谊文化", "友谊", "文化", "白银", "llc"),
        ("新宁", "新宁", "新宁", "", "", ""),
        ("Shanghai Liangchen Trading Co., Ltd.", "liangchen trading", "liangchen", "trading", "shanghai", "other"),
        ("Müller Maschinen GmbH & Co. KG", "müller maschinen", "müller maschinen", "", "", "other"),
    ],
)
def test_a_company_name_has_parts(name, core, brand, trade, region, form):
    parsed = parse_company_name(name)
    assert (parsed.core, parsed.brand, parsed.trade, parsed.region, parsed.form) == (core, brand, trade, region, form)


@pytest.mark.parametrize(
    "written",
    [
        "上海良辰贸易有限公司（已停用）", "【VIP】上海良辰贸易有限公司", "*上海良辰贸易有限公司",
        "上海良辰贸易有限公司-重复", "上海良辰 贸易有限公司 客户", "上海良辰贸易有限公司(张经理介绍)",
        "001-上海良辰贸易有限公司", "上海良辰貿易有限公司",
        "　上海良辰贸易　有限公司", "上海良辰贸易有限公司【老客户】",
    ],
)  # fmt: skip
def test_notes_and_width_are_no_part_of_a_name(written):
    assert clean_company_name(written) == "上海良辰贸易有限公司"


@pytest.mark.parametrize("slip", ["有限功司", "友限公司", "有限司", "有公司", "限公司", "限有公司", "有限工司"])
def test_a_mistyped_legal_form_is_one(slip):
    parsed = parse_company_name(f"合肥歌曼贸易{slip}")
    assert (parsed.core, parsed.complete) == ("歌曼贸易", True)


@pytest.mark.parametrize(
    ("name", "marker", "place", "core"),
    [
        ("上海良辰贸易有限公司武汉分公司", "分公司", "武汉", "良辰贸易"),
        ("上海良辰贸易有限公司湖口县第一分公司", "一分公司", "湖口", "良辰贸易"),
        ("良辰贸易有限公司青田县办事处(新)", "办事处", "青田", "良辰贸易"),
        ("良辰贸易有限公司贵定县分公私", "分公司", "贵定", "良辰贸易"),
        ("良辰贸易有限公司大分连公司", "分公司", "大连", "良辰贸易"),
        ("良辰贸易有限公司廊坊办事", "办事处", "廊坊", "良辰贸易"),
        ("良辰泰州分公司", "分公司", "泰州", "良辰"),
    ],
)
def test_a_branch_has_a_marker_a_place_and_a_parent(name, marker, place, core):
    parsed = parse_company_name(name)
    assert (parsed.branch, parsed.branch_place, parsed.core) == (marker, place, core)


@pytest.mark.parametrize(
    "name", ["三门格林集团有限公司", "格林（集团）有限公司", "三门县格林控股有限公司", "Green Holding Ltd"]
)
def test_groups_and_holdings_are_marked(name):
    assert parse_company_name(name).group


@given(MIXED)
def test_any_text_is_a_company_name_and_its_normal_form_gives_the_same(text):
    parsed = parse_company_name(text)
    assert parse_company_name(parsed.normal) == parsed


PIECES = (
    "上海", "（上海）", "(杭州市)", "（南区", "(老客户)", "云帆", "精密", "机械", "科技", "集团", "控股", "股份",
    "有限", "有限责任", "分公司", "乾县", "（乾县）", "臺", "已停用", "厂", "合作社", "（集团）", "1",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=5), st.sampled_from(["有限公司", "有限责任公司", "股份有限公司"]))
def test_the_quick_way_for_usual_names_says_what_all_rules_say(pieces, ending):
    text = "".join(pieces) + ending
    assert parse_company_name(text) == parse_by_all_rules(text)


@given(MIXED)
def test_folding_a_folded_text_changes_nothing(text):
    assert fold_text(fold_text(text)) == fold_text(text)


# ---------------------------------------------------------------- persons


@pytest.mark.parametrize(
    ("text", "normal", "sound", "partial"),
    [
        ("朱梓琳", "朱梓琳", "zhu zilin", False),
        ("Zilin Zhu", "zilin zhu", "zhu zilin", False),
        ("何剛", "何刚", "gang he", False),
        ("钟 佳娜经理", "钟佳娜", "jiana zhong", False),
        ("欧阳修", "欧阳修", "ouyang xiu", False),
        ("谢主任", "谢", "xie", True),
        ("程工", "程", "cheng", True),
        ("张一科", "张一科", "yike zhang", False),
        ("前台", "", "", False),
        ("未知", "", "", False),
        ("Mr. John Smith", "john smith", "john smith", False),
        ("Smith女士", "smith", "smith", True),
        ("客服总", "", "", False),
        ("某女士", "", "", False),
    ],
)
def test_a_person_has_a_surname_and_a_given_name(text, normal, sound, partial):
    parsed = parse_person_name(text)
    assert (parsed.normal, parsed.sound, parsed.partial) == (normal, sound, partial)


@given(MIXED)
def test_any_text_may_be_a_person(text):
    parsed = parse_person_name(text)
    assert parse_person_name(parsed.normal).normal == parsed.normal


# ---------------------------------------------------------------- telephone, mail, site


@pytest.mark.parametrize(
    ("text", "number", "extension", "kind"),
    [
        ("+86 197 1951 4761", "+8619719514761", "", "mobile"),
        ("１９３０８３４０６０２", "+8619308340602", "", "mobile"),
        ("172-5835-4062", "+8617258354062", "", "mobile"),
        ("008615217602511", "+8615217602511", "", "mobile"),
        ("（0777）27354863", "+8677727354863", "", "landline"),
        ("021-22943501转4331", "+862122943501", "4331", "landline"),
        ("021-22943501-4331", "+862122943501", "4331", "landline"),
        ("0987-33995357 ext 9136", "+8698733995357", "9136", "landline"),
        ("86-21-22943501", "+862122943501", "", "landline"),
        ("+86 (021) 2294 3501", "+862122943501", "", "landline"),
        ("400-800-1234", "+864008001234", "", "400"),
        ("+1 650 253 0000", "+16502530000", "", "foreign"),
        ("0049 89 1234567", "+49891234567", "", "foreign"),
        ("22943501", "", "", "local"),
    ],
)
def test_a_telephone_number_in_its_forms(text, number, extension, kind):
    (phone,) = parse_phones(text)
    assert (phone.number, phone.extension, phone.kind) == (number, extension, kind)


def test_two_numbers_in_one_cell_are_two():
    assert [phone.kind for phone in parse_phones("13800138000/021-22943501")] == ["mobile", "landline"]


@given(MIXED | st.from_regex(r"[+0-9 ()\-转x]{0,24}", fullmatch=True))
def test_any_text_may_be_a_telephone_number(text):
    for phone in parse_phones(text):
        if phone.number:
            assert [again.number for again in parse_phones(phone.number)] == [phone.number]


@pytest.mark.parametrize(
    ("text", "address", "domain", "generic", "role"),
    [
        ("Info@Liangchen.com.cn", "info@liangchen.com.cn", "liangchen.com.cn", False, True),
        ("mailto:zhang.san@mail.liangchen.cn", "zhang.san@mail.liangchen.cn", "liangchen.cn", False, False),
        ("4851628697@qq.com", "4851628697@qq.com", "qq.com", True, False),
        ("sales02@liangchen.cn", "sales02@liangchen.cn", "liangchen.cn", False, True),
        ("张三 <zhang＠liangchen．cn>", "zhang@liangchen.cn", "liangchen.cn", False, False),
    ],
)
def test_a_mail_address_says_whose_it_is(text, address, domain, generic, role):
    mail = parse_mail(text)
    assert mail is not None
    assert (mail.address, mail.domain, mail.generic, mail.role) == (address, domain, generic, role)


def test_a_site_is_known_by_its_registered_domain():
    assert parse_site("HTTP://www.Liangchen.com.cn/index.html") == "liangchen.com.cn"
    assert parse_site("shop.liangchen.co.uk:8080/x?y") == "liangchen.co.uk"
    assert parse_site("http://user.qq.com/") == ""
    assert parse_site("192.168.0.1") == ""


@given(MIXED)
def test_any_text_may_be_mail_or_a_site(text):
    mail = parse_mail(text)
    assert mail is None or parse_mail(mail.address) == mail
    assert find_domain(find_domain(text)) == find_domain(text)


# ---------------------------------------------------------------- codes


@pytest.mark.parametrize(
    ("text", "kind", "valid"),
    [
        ("914403001922038216", "uscc", True),  # pragma: allowlist secret
        ("9144030071526726XG", "uscc", True),  # pragma: allowlist secret
        ("91 310109 785165381k", "uscc", True),
        ("９１３１０１０９７８５１６５３８１Ｋ", "uscc", True),
        ("9131O1O978516538IK", "uscc", True),  # pragma: allowlist secret
        ("N2110108MA0000015A", "uscc", True),  # pragma: allowlist secret
        ("91110000600037341N", "uscc", False),  # pragma: allowlist secret
        ("A1110000600037341L", "uscc", False),  # pragma: allowlist secret
        ("441900503289261", "registration", True),
        ("441900503289262", "registration", False),
        ("78516538-1", "organisation", True),
        ("5493001KJTIIGC8Y1R12", "lei", True),  # pragma: allowlist secret
        ("DE 136 695 976", "vat", True),
        ("12345", "other", False),
    ],
)
def test_a_code_is_what_its_check_says(text, kind, valid):
    code = read_code(text)
    assert code is not None
    assert (code.kind, code.valid) == (kind, valid)


def test_a_code_holds_the_organisation_code_even_with_a_slip_before_it():
    code = read_code("91310108785165381K")  # pragma: allowlist secret
    assert code is not None
    assert not code.valid
    assert organisation_of(code) == "785165381"


@given(MIXED)
def test_any_text_may_be_a_code(text):
    code = read_code(text)
    assert code is None or read_code(code.value) == code


# ---------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("text", "code", "street"),
    [
        ("山东省枣庄市高新大道731号27楼30室", "3704", "高新大道731"),
        ("吉首市望江路738号", "433101", "望江路738"),
        ("广西壮族自治区宜州市学府路342号", "451281", "学府路342"),
        ("中国上海市浦东新区世纪大道100号", "310115", "世纪大道100"),
        ("北京市朝阳区建国路88号", "110105", "建国路88"),
        ("朝阳区建国路88号", "", "朝阳区建国路88"),
        ("南京路100号", "", "南京路100"),
    ],
)
def test_an_address_has_a_division_and_a_street(text, code, street):
    parsed = parse_address(text)
    assert (parsed.code, parsed.street) == (code, street)


def test_columns_for_province_and_city_say_where_a_street_is():
    assert parse_address("解放路620号", "上海", "上海市").code == "31"
    assert parse_address("朝阳区建国路88号", "北京市").code == "110105"


def test_places_are_known_by_their_short_and_older_names():
    assert {place.code for place in find_places("宁夏")} == {"64"}
    assert choose_place("宁乡县") == choose_place("宁乡市")
    assert choose_place("积石山") is not None
    assert name_division("4403") == "深圳市"
    assert clean_division("440300") == "4403"
    assert clean_division("999999") == ""
    assert parse_company_name("乾县宏达机械有限公司").codes == ("610424",)  # 乾 is folded as a traditional 干


@given(MIXED)
def test_any_text_may_be_an_address(text):
    parsed = parse_address(text)
    assert len(parsed.code) in (0, 2, 4, 6)


# ---------------------------------------------------------------- whole records


@given(MIXED, MIXED, MIXED, MIXED, MIXED, MIXED)
def test_any_texts_may_be_a_record(name, code, phone, mail, site, address):
    one = normalise_account(name=name, codes=[code], phones=[phone], mails=[mail], website=site, address=address)
    assert one == normalise_account(
        name=name, codes=[code], phones=[phone], mails=[mail], website=site, address=address
    )
    assert normalise_contact(name=name, phones=[phone], mails=[mail], company=code) is not None


def test_a_branch_that_carries_its_parents_code_has_none_of_its_own():
    code = "91310109785165381K"  # pragma: allowlist secret
    branch = normalise_account(name="上海良辰贸易有限公司武汉分公司", codes=[code])
    assert (branch.uscc, branch.parent_uscc) == ("", code)
    own = normalise_account(name="良辰贸易有限公司上海分公司", codes=[code])
    assert (own.uscc, own.parent_uscc) == (code, "")


def test_pinyin_has_neither_tones_nor_spaces():
    assert spell("华为ABC") == "huaweiABC"
