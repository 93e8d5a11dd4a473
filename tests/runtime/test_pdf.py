"""Documents on paper: what stands on them is read back from the file."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from reportlab import __file__ as reportlab_file

from hub.crm.paper import Column, Paper
from hub.errors import ConfigInvalid
from hub.runtime.pdf import draw_pdf

COLUMNS = (Column("序号", 5), Column("品名", 40), Column("价税合计", 20, numeric=True))
VERA = Path(reportlab_file).parent / "fonts" / "Vera.ttf"


def make_paper(count: int = 2, name: str = "滚珠轴承", **more: object) -> Paper:
    values = {
        "title": "报价单",
        "number": "QU-0001",
        "seller": "宁波示例有限公司",
        "facts": [("客户", "海岳精密机械有限公司"), ("有效期至", "2026-12-01"), ("币种", "CNY")],
        "columns": COLUMNS,
        "rows": [(str(place), f"{name} {place}", f"¥{place}.00") for place in range(1, count + 1)],
        "totals": [("未税金额", "¥100.00"), ("价税合计", "¥113.00")],
        "closing": "付款：30 天\n质保：一年",
        **more,
    }
    return Paper(**values)  # type: ignore[arg-type]  # a table of values


def read(body: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(body)).pages]


def test_chinese_is_text_that_can_be_read_back():
    (page,) = read(draw_pdf(make_paper(), "zh"))
    for words in ("报价单 QU-0001", "海岳精密机械有限公司", "滚珠轴承 2", "¥113.00", "付款：30 天", "质保：一年"):
        assert words in page, words
    assert "第 1 页，共 1 页" in page


def test_a_long_table_goes_on_with_its_head_on_every_page():
    pages = read(draw_pdf(make_paper(200), "zh"))
    assert len(pages) == 6
    assert all("品名" in page and f"第 {place} 页，共 6 页" in page for place, page in enumerate(pages, 1))
    whole = "\n".join(pages)
    assert [whole.count(f"滚珠轴承 {place}\n") for place in range(1, 201)] == [1] * 200
    assert "¥113.00" in pages[-1]


def test_the_same_paper_gives_the_same_file():
    assert draw_pdf(make_paper(), "zh") == draw_pdf(make_paper(), "zh")


def test_a_long_name_is_folded_and_stays_inside_its_cell():
    (page,) = read(draw_pdf(make_paper(1, name="特种高精度" * 30), "zh"))
    assert page.replace("\n", "").count("特种高精度") == 30


@settings(max_examples=40)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=40))
def test_no_text_breaks_the_paper(words: str):
    assert draw_pdf(make_paper(1, name=words, closing=words, seller=words), "en").startswith(b"%PDF")


def test_a_font_that_is_named_is_embedded():
    body = draw_pdf(make_paper(1, name="bearing", title="Quotation"), "en", VERA)
    (page,) = PdfReader(BytesIO(body)).pages
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]  # a dictionary of fonts
    embedded = [font for font in fonts if "/FontFile2" in font.get("/FontDescriptor", {})]
    assert embedded
    assert "Quotation QU-0001" in page.extract_text()


def test_a_file_that_is_no_font_is_refused(tmp_path: Path):
    for path in (tmp_path / "none.ttf", tmp_path / "text.ttf"):
        (tmp_path / "text.ttf").write_text("not a font")
        with pytest.raises(ConfigInvalid) as caught:
            draw_pdf(make_paper(), "en", path)
        assert caught.value.code == "runtime.font_unusable"
