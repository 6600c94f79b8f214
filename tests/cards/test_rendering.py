"""Cards as drawn: every PDF is read back — its boxes, fonts and text, and the code from the raster."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import pypdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from loyalty_plugin import registry
from loyalty_plugin.cards import codes, colours, fonts, rendering
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.cards.tokens import verify
from loyalty_plugin.errors import CardsUnavailable, CardUnprintable, InvalidInput, UnknownExtension
from tests.cards.samples import CARD, DESIGN, PUBLIC, card

POINTS_PER_MM = 72 / 25.4
NAMES = {
    "Latin with marks": ("Ágnes Szűcs-Öztürk", "en"),
    "Chinese": ("王小明", "zh-hans"),
    "Japanese": ("佐藤 さくら", "ja"),
    "Korean": ("김민준", "ko"),
    "Arabic with digits": ("محمد العربي 3", "ar"),
    "Hebrew": ("דניאל כהן", "he"),
    "Thai": ("ศิริพร พงศ์สวัสดิ์", "th"),
    "Devanagari": ("प्रियंका चतुर्वेदी", "hi"),
    "Cyrillic": ("Наталья Щербакова", "ru"),
    "Greek": ("Ελένη Παπαδοπούλου", "el"),
    "long": ("Wolfeschlegelsteinhausenbergerdorff, Hubert Blaine Maximilian von und zu Hohenlohe", "de"),
    "500 signs": ("W" * 500, "en"),
    "none": ("", "en"),
}


@pytest.fixture(autouse=True)
def _design(settings: Any) -> None:
    settings.LOYALTY = {**settings.LOYALTY, "CARD_DESIGN_PARAMS": DESIGN}


def pages(pdf: bytes) -> list[pypdf.PageObject]:
    return list(pypdf.PdfReader(io.BytesIO(pdf)).pages)


def raster(pdf: bytes, page: int, dpi: int = 300) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[page].render(scale=dpi / 72).to_pil()
    finally:
        document.close()


def millimetres(box: pypdf.generic.RectangleObject) -> tuple[float, ...]:
    return tuple(float(edge) / POINTS_PER_MM for edge in box)


@pytest.mark.parametrize("kind", NAMES)
def test_a_card_in_any_script(kind: str) -> None:
    name, language = NAMES[kind]
    pdf = rendering.render_pdf(card(name=name, language=language, rank=1))
    front, back = pages(pdf)
    for page in (front, back):
        assert millimetres(page.trimbox) == pytest.approx((0, 0, 85.60, 53.98), abs=0.1)
        assert millimetres(page.bleedbox) == pytest.approx((-3, -3, 88.60, 56.98), abs=0.1)
        assert page.mediabox == page.bleedbox
        for font in page["/Resources"]["/Font"].values():
            _assert_embedded(font.get_object())
    assert card().number[:4] in front.extract_text()
    assert "Lindenstraße 14" in back.extract_text()
    _assert_inside(pdf)
    [code] = zxingcpp.read_barcodes(raster(pdf, 1))
    assert code.ec_level == "M"
    assert verify(code.text, PUBLIC).card == CARD


def _assert_embedded(font: Mapping[str, Any]) -> None:
    descendants = font.get("/DescendantFonts", [font])
    for one in descendants:
        descriptor = one.get_object()["/FontDescriptor"].get_object()
        assert any(f"/FontFile{n}" in descriptor for n in ("", "2", "3")), font["/BaseFont"]


def _assert_inside(pdf: bytes) -> None:
    """No letter nearer than 4 mm to the edge."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            text = page.get_textpage()
            signs = text.get_text_range()
            for i in range(text.count_chars()):
                left, bottom, right, top = (edge / POINTS_PER_MM for edge in text.get_charbox(i))
                if right > left and signs[i : i + 1].strip():
                    assert left >= 4, signs[i]
                    assert right <= 85.60 - 4, signs[i]
                    assert bottom >= 4, signs[i]
                    assert top <= 53.98 - 4, signs[i]
    finally:
        document.close()


def test_the_name_is_text_and_the_second_size_is_the_only_other() -> None:
    front, _ = pages(rendering.render_pdf(card()))
    text = front.extract_text()
    for expected in ("Kiln & Leaf", "Leaf", "Ágnes Szűcs-Öztürk", "Member since 2024"):
        assert expected in text
    assert card().number == "".join(s for s in text if s.isdigit())[:16]


def test_the_code_is_large_enough_and_has_its_quiet_zone() -> None:
    picture = raster(rendering.render_pdf(card()), 1)
    [code] = zxingcpp.read_barcodes(picture)
    p = code.position
    side = (p.top_right.x - p.top_left.x) / 300 * 25.4
    assert side >= 18
    module = side / 41
    edge = round(3.9 * module / 25.4 * 300)
    left, top = p.top_left.x, p.top_left.y
    quiet = picture.convert("L").crop((left - edge, top - edge, left - 2, p.bottom_left.y + edge))
    assert quiet.getextrema()[0] == 255


@pytest.mark.parametrize("rank", range(3))
def test_ink_is_legible_on_every_tier(rank: int) -> None:
    for colour in (None, "#e4572e", "#FFFF00", "#808080", "#2e6fb7"):
        palette = colours.palette(rank, 3, colour)
        for ground in (palette.field, palette.tone):
            assert colours.contrast(palette.ink, ground) >= 3.8
        assert colours.contrast(palette.ink, palette.field) >= 4.5


def test_signs_that_no_font_has_are_named() -> None:
    with pytest.raises(CardUnprintable) as refused:
        rendering.render_pdf(card(name="Ann 🦊ཀ"))
    assert refused.value.details["field"] == "name"
    assert refused.value.details["names"] == ["TIBETAN LETTER KA", "FOX FACE"]


def test_html_in_a_name_is_only_text() -> None:
    name = '<img src="file:///etc/passwd"><b>Ann</b>'
    assert "<img" not in rendering.render_html(card(name=name))
    front, _ = pages(rendering.render_pdf(card(name=name)))
    assert "<b>" in front.extract_text()


def test_words_that_do_not_fit_are_refused_rather_than_printed_over_each_other(settings: Any) -> None:
    long = {**DESIGN, "contact": ["很长的地址" * 8] * 4}
    settings.LOYALTY = {**settings.LOYALTY, "CARD_DESIGN_PARAMS": long}
    with pytest.raises(InvalidInput) as refused:
        rendering.render_pdf(card())
    assert refused.value.details["problem"] == "does_not_fit"


def test_the_picture_for_a_phone_is_cut_to_the_card_and_its_code_reads() -> None:
    picture = Image.open(io.BytesIO(rendering.render_png(card(), side="back", width=1012)))
    assert picture.format == "PNG"
    assert abs(picture.width - 1012) <= 1
    assert picture.width / picture.height == pytest.approx(85.60 / 53.98, abs=0.01)
    assert picture.getpixel((0, 0))[3] == 0
    assert picture.getpixel((picture.width // 2, 2))[3] == 255
    [code] = zxingcpp.read_barcodes(picture.convert("RGB"))
    assert verify(code.text, PUBLIC).card == CARD


def test_a_part_of_a_page_brings_no_fonts_and_reads_aloud() -> None:
    front = rendering.render_html(card())
    assert "@font-face" not in front
    assert "Ágnes Szűcs-Öztürk" in front
    assert "<svg" in rendering.render_html(card(), side="back")
    assert "🦊" in rendering.render_html(card(name="Ann 🦊"))  # a screen has fonts of its own


class _Fetching:
    """A design that asks for files that are not its own."""

    code = "fetching"
    label = "Fetching"

    class Params(extensions.Params):
        pass

    asks: ClassVar[str] = ""

    def html(self, params: Params, card: Mapping[str, str]) -> str:
        return f"<html><style>{self.asks}</style><body>{self.asks}</body></html>"


@pytest.mark.parametrize(
    "asks",
    [
        "<img src='file:///etc/hostname'>",
        "<img src='http://127.0.0.1:9/x.png'>",
        "@import url('http://127.0.0.1:9/x.css');",
        "<link rel=stylesheet href='file:///etc/hostname'>",
        "<img src=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' "
        "xmlns:x='http://www.w3.org/1999/xlink'%3E%3Cimage x:href='file:///etc/hostname' "
        "width='9' height='9'/%3E%3C/svg%3E\">",
        "@font-face{font-family:x;src:url('file:///etc/hostname')}",
    ],
)
def test_nothing_but_our_own_files_is_read(asks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Fetching, "asks", asks)
    registry.card_designs.register(_Fetching)
    try:
        with pytest.raises(InvalidInput) as refused:
            rendering.render_pdf(card(design="fetching"))
    finally:
        registry.card_designs.withdraw("fetching")
    assert refused.value.details["problem"] == "foreign_file"


def test_a_design_whose_app_is_gone_is_named() -> None:
    with pytest.raises(UnknownExtension) as refused:
        rendering.render_pdf(card(design="gone"))
    assert refused.value.details["code"] == "gone"


@pytest.mark.parametrize("module", ["weasyprint", "segno"])
def test_what_is_not_installed_is_named(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CardsUnavailable) as refused:
        rendering.render_pdf(card())
    assert module in refused.value.details["missing"]


def test_only_the_fonts_a_card_needs_are_loaded() -> None:
    assert [face.family for face in fonts.needed(["Ann Lee 12"])] == ["card inter"]
    assert [face.family for face in fonts.needed(["Ann", "王"])] == ["card inter", "card cjk"]


def test_a_code_is_one_outline() -> None:
    assert codes.qr_svg(card().token).count("<path") == 2  # white ground, dark modules
