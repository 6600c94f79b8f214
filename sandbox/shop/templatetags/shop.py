"""Small helpers of the templates: grouped numbers, what a cart's lines say of their price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils import formats

from sandbox.shop import loyalty
from sandbox.shop.cart import Cart

register = template.Library()

MINUS = "\N{MINUS SIGN}"


@register.filter
def grouped(number: int) -> str:
    """A whole number in the reader's grouping, negative with a true minus sign."""
    text = formats.number_format(abs(number), decimal_pos=0, force_grouping=True)
    return f"{MINUS}{text}" if number < 0 else text


@register.simple_tag(takes_context=True)
def line_notes(context: Mapping[str, Any], cart: Cart | None) -> dict[str, str]:
    """Why lines of a member's cart have no member price, by the line's id."""
    request = context.get("request")
    return loyalty.line_notes(request, cart) if request is not None and cart is not None else {}


@register.filter
def of(notes: Mapping[str, str], key: str) -> str:
    """The note of this key, or nothing."""
    return notes.get(key, "")
