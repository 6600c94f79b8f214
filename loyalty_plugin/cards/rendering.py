"""Draws a card for print, as a picture, or as part of a page; it fetches only our own fonts."""

from __future__ import annotations

import base64
import io
from typing import Any, Final, Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from loyalty_plugin import registry
from loyalty_plugin.cards import fonts
from loyalty_plugin.cards.fields import fields_of
from loyalty_plugin.conf import settings
from loyalty_plugin.errors import CardsUnavailable, InvalidInput
from loyalty_plugin.queries.cards import CardView

Side = Literal["front", "back"]
WIDTH_MM: Final = 85.60
HEIGHT_MM: Final = 53.98
BLEED_MM: Final = 3
_CORNER_MM: Final = 3.18


def render_pdf(card: CardView) -> bytes:
    """The card for the printer: front and back page, CR80 with 3 mm of bleed, fonts embedded.

    Raises CardUnprintable where no font has a sign of it, UnknownExtension for a design whose app is gone,
    InvalidInput where a design asks for files that are not its own, CardsUnavailable without WeasyPrint.
    """
    design, params, fields = _prepared(card)
    return print_pdf(design.html(params, fields), fields["allowed"])


def render_png(card: CardView, *, side: Side = "front", width: int = 1012) -> bytes:
    """One side as a PNG for a screen, `width` pixels (1012: 300 dpi), cut to the card, with round corners."""
    try:
        import pypdfium2
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise CardsUnavailable(missing=error.name or "pypdfium2") from None
    document = pypdfium2.PdfDocument(render_pdf(card))
    try:
        page = document[0 if side == "front" else 1]
        edge = BLEED_MM * 72 / 25.4
        picture = page.render(scale=width / (WIDTH_MM * 72 / 25.4), crop=(edge,) * 4).to_pil()
    finally:
        document.close()
    # The corners are drawn four times as large and brought down, which smooths them.
    mask = Image.new("L", (picture.width * 4, picture.height * 4), 0)
    radius = round(picture.width * 4 * _CORNER_MM / WIDTH_MM)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), radius, fill=255)
    picture.putalpha(mask.resize(picture.size, Image.Resampling.LANCZOS))
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def render_html(card: CardView, *, side: Side = "front") -> SafeString:
    """One side as part of a page, as wide as its container, in the page's own fonts.

    A design that draws for print only (no method `face`) is shown as a picture.
    """
    # A screen has fonts of its own for what ours lack.
    design, params, fields = _prepared(card, check=False)
    if hasattr(design, "face"):
        return mark_safe(design.face(params, fields, side))  # escaped by the design's template
    picture = base64.b64encode(render_png(card, side=side)).decode()
    return format_html('<img src="data:image/png;base64,{}" alt="{}">', picture, fields["number_grouped"])


def _prepared(card: CardView, *, check: bool = True) -> tuple[Any, Any, dict[str, Any]]:
    design: Any = registry.card_designs.get(card.design or settings.CARD_DESIGN)
    stored = settings.CARD_DESIGN_PARAMS if design.code == settings.CARD_DESIGN else {}
    params = design.Params.model_validate(stored)
    fields: dict[str, Any] = fields_of(card)
    texts = design.texts(params, fields) if hasattr(design, "texts") else _printed(fields)
    for field, text in texts.items() if check else ():
        fonts.check(field, text)
    chosen = fonts.needed([*texts.values(), fields["number_grouped"], "…."])
    fields |= {
        "fonts_css": fonts.css(chosen),
        "family": fonts.family(chosen),
        "allowed": frozenset(face.path.as_uri() for face in chosen),
    }
    return design, params, fields


def _printed(fields: dict[str, Any]) -> dict[str, str]:
    return {key: fields[key] for key in ("name", "tier", "programme", "since", "prompt")}


def print_pdf(html: str, allowed: frozenset[str]) -> bytes:
    """A PDF of a page that reads no file but these. Raises InvalidInput where it tries, CardsUnavailable."""
    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:
        # OSError: the wheel is there, but pango or harfbuzz of the system is not.
        raise CardsUnavailable(missing=f"weasyprint ({error})") from error

    refused: list[str] = []

    class OwnFilesOnly(URLFetcher):  # type: ignore[misc]
        """Reads the fonts that were chosen and nothing else, whatever a design asks for."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url.startswith("data:") or url in allowed:
                return super().fetch(url, headers)
            refused.append(url[:200])
            raise ValueError("refused")

    pdf: bytes = weasyprint.HTML(string=html, url_fetcher=OwnFilesOnly(), base_url=None).write_pdf()
    if refused:
        raise InvalidInput(problem="foreign_file", urls=refused)
    return pdf
