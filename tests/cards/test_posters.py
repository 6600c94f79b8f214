"""The poster as printed: its code is read back from the raster and opens the page to join by; the page that prints it."""

from __future__ import annotations

import io
from typing import Any

import pypdf
import pypdfium2
import pytest
import zxingcpp

from loyalty_plugin.cards.posters import render_poster
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import InvalidInput, UnknownChannel
from loyalty_plugin.queries.posters import poster
from tests.doors.test_admin import staff
from tests.factories import CHANNEL, NOW, document, programme

pytestmark = pytest.mark.django_db
BASE = "https://shop.example"


def made(**more: Any) -> Any:
    return poster(SYSTEM, **{"channel": CHANNEL, "base": BASE, "now": NOW, **more})


@pytest.mark.parametrize(("size", "millimetres"), [("A4", (210, 297)), ("A6", (105, 148))])
def test_the_code_of_a_printed_poster_opens_the_page_to_join_by(
    size: Any, millimetres: tuple[int, int]
) -> None:
    programme({**document(), "title": {"en": "Kiln & Leaf Circle 会员"}})
    view = made(ref="till 2")
    pdf = render_poster(view, size=size)
    (page,) = pypdf.PdfReader(io.BytesIO(pdf)).pages
    assert [round(float(edge) / 72 * 25.4) for edge in page.mediabox[2:]] == list(millimetres)
    told = " ".join(page.extract_text().split())
    assert "Join Kiln & Leaf Circle 会员" in told
    assert "shop.example/loyalty/join" in told
    document_ = pypdfium2.PdfDocument(pdf)
    (code,) = zxingcpp.read_barcodes(document_[0].render(scale=150 / 72).to_pil())
    document_.close()
    assert code.text == f"{BASE}/loyalty/join/?channel={CHANNEL}&via=counter&ref=till+2" == view.address


def test_a_poster_is_for_a_channel_that_is_served() -> None:
    with pytest.raises(UnknownChannel):
        made()
    programme()
    with pytest.raises(InvalidInput):
        made(ref="x" * 51)


def test_staff_choose_and_print_it() -> None:
    clerk = staff("clerk")
    index = "/admin/membership/posters/"
    assert "No programme serves a channel yet" in clerk.get(index).content.decode()
    programme()
    page = clerk.get(f"{index}?channel={CHANNEL}&ref=till+2").content.decode()
    assert "via=counter" in page
    answer = clerk.get(f"{index}poster.pdf?channel={CHANNEL}&ref=till+2&size=A6")
    assert answer["Content-Type"] == "application/pdf"
    assert clerk.get(f"{index}poster.pdf?channel=moon").status_code == 302
