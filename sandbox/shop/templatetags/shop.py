"""Small helpers of the templates: the mark, grouped numbers, a QR code; no queries."""

from __future__ import annotations

import io

import segno
from django import template
from django.utils import formats
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

MINUS = "\N{MINUS SIGN}"


@register.filter
def grouped(number: int) -> str:
    """A whole number in the reader's grouping, negative with a true minus sign."""
    text = formats.number_format(abs(number), decimal_pos=0, force_grouping=True)
    return f"{MINUS}{text}" if number < 0 else text


@register.filter
def signed(number: int) -> str:
    """As `grouped`, with a plus sign when points came in."""
    return f"+{grouped(number)}" if number > 0 else grouped(number)


@register.filter
def fours(number: str) -> str:
    """A card number in groups of four."""
    bare = number.replace(" ", "").replace("-", "")
    return "\N{NO-BREAK SPACE}".join(bare[i : i + 4] for i in range(0, len(bare), 4))


@register.simple_tag
def qr(payload: str) -> SafeString:
    """An inline SVG QR code, dark on white with its quiet zone."""
    out = io.BytesIO()
    code = segno.make(payload, error="m", micro=False)
    code.save(out, kind="svg", xmldecl=False, svgns=True, border=4, omitsize=True, dark="#111", light="#fff")
    return mark_safe(out.getvalue().decode())
