"""Paper as PDF. Chinese is set in STSong-Light, which every reader of PDF substitutes by a font of its own, so that
nothing has to be installed where the hub runs; a TrueType file that is named is embedded instead."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from hub.crm.paper import Paper
from hub.errors import ConfigInvalid
from hub.locale import render

SONG = "STSong-Light"
MARGIN = 18 * mm
RULE = colors.HexColor("#444444")


def draw_pdf(paper: Paper, lang: str, font_file: Path | None = None) -> bytes:
    """The whole file; the same paper gives the same bytes. ``ConfigInvalid`` when the font cannot be embedded."""
    font = _load_font(font_file)
    text = ParagraphStyle("text", fontName=font, fontSize=9, leading=12.5, wordWrap="CJK")
    right = ParagraphStyle("right", parent=text, alignment=TA_RIGHT)
    title = ParagraphStyle("title", parent=text, fontSize=18, leading=24)
    out = BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN + 4 * mm,
        title=f"{paper.title} {paper.number}", author=paper.seller, invariant=1,
    )  # fmt: skip
    width = A4[0] - 2 * MARGIN
    story: list[Flowable] = [
        _set(paper.seller, text),
        _set(f"{paper.title} {paper.number}", title),
        Spacer(0, 4 * mm),
        _lay_facts(paper.facts, text, width),
        Spacer(0, 5 * mm),
        _lay_rows(paper, text, right, width),
        _lay_totals(paper.totals, right, width),
    ]
    if paper.closing:
        story += [Spacer(0, 6 * mm), *(_set(line, text) for line in paper.closing.splitlines())]
    document.build(story, canvasmaker=_make_canvas(paper.number, font, lang))
    return out.getvalue()


def _load_font(font_file: Path | None) -> str:
    if font_file is None:
        pdfmetrics.registerFont(UnicodeCIDFont(SONG))
        return SONG
    name = f"file-{font_file.stem}"
    try:
        pdfmetrics.registerFont(TTFont(name, str(font_file)))
    except (TTFError, OSError) as error:
        raise ConfigInvalid("runtime.font_unusable", file=font_file, what=str(error)) from error
    return name


def _set(words: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(words), style)


def _lay_facts(facts: Sequence[tuple[str, str]], text: ParagraphStyle, width: float) -> Table:
    """Two pairs in a row."""
    pairs: list[list[Any]] = []
    for start in range(0, len(facts), 2):
        cells = [_set(word, text) for fact in facts[start : start + 2] for word in fact]
        pairs.append([*cells, *[""] * (4 - len(cells))])
    table = Table(pairs or [[""] * 4], colWidths=[width * share for share in (0.14, 0.36, 0.14, 0.36)])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
    return table


def _lay_rows(paper: Paper, text: ParagraphStyle, right: ParagraphStyle, width: float) -> Table:
    """The head is repeated on every page."""
    styles = [right if column.numeric else text for column in paper.columns]
    rows = [
        [_set(word, style) for word, style in zip(row, styles, strict=True)]
        for row in ([column.head for column in paper.columns], *paper.rows)
    ]
    whole = sum(column.width for column in paper.columns)
    table = Table(rows, colWidths=[width * column.width / whole for column in paper.columns], repeatRows=1)
    lines = [("LINEBELOW", (0, 0), (-1, 0), 0.8, RULE), ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.lightgrey)]
    table.setStyle(TableStyle([*lines, ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _lay_totals(totals: Sequence[tuple[str, str]], right: ParagraphStyle, width: float) -> Table:
    rows = [["", _set(name, right), _set(amount, right)] for name, amount in totals]
    table = Table(rows or [["", "", ""]], colWidths=[width * share for share in (0.6, 0.18, 0.22)])
    table.setStyle(TableStyle([("LINEABOVE", (1, -1), (-1, -1), 0.8, RULE)]))
    return table


def _make_canvas(number: str, font: str, lang: str) -> type[Canvas]:
    """Writes the foot when all pages are known."""

    class Numbered(Canvas):
        def __init__(self, *words: Any, **more: Any) -> None:
            super().__init__(*words, **more)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self._pages.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]  # not in the stubs

        def save(self) -> None:
            for place, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                self.setFont(font, 8)
                foot = render("paper.page", lang, number=number, page=place, pages=len(self._pages))
                self.drawRightString(A4[0] - MARGIN, 10 * mm, foot)
                super().showPage()
            super().save()

    return Numbered
