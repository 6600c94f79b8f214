"""Small helpers of the back office's templates: chips, numbers and words; they decide nothing."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loyalty_plugin.admin import words

register = template.Library()


@register.simple_tag
def chip(state: str) -> SafeString:
    """A state as a word in a chip."""
    label, kind = words.CHIPS.get(state, (state, ""))
    return format_html('<span class="w-status{}">{}</span>', f" w-status--{kind}" if kind else "", label)


@register.filter
def number(value: int) -> str:
    """Grouped, with a true minus sign."""
    return words.signed(int(value or 0))


@register.filter
def signed_points(value: int) -> str:
    """ "−1,200 points"."""
    return words.points(int(value))


@register.filter
def operation(code: str) -> str:
    """What was done, in words."""
    return str(words.OPERATIONS.get(code, code))


@register.filter
def in_fours(value: str) -> str:
    """A card number in groups of four."""
    return " ".join(value[i : i + 4] for i in range(0, len(value), 4))
