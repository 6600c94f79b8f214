"""Small helpers of the back office's templates: chips, numbers and words; they decide nothing."""

from __future__ import annotations

from django import template

from loyalty_plugin.admin import words
from loyalty_plugin.services.adjustments import REASONS

register = template.Library()


register.simple_tag(words.chip)


@register.filter
def number(value: int) -> str:
    """Grouped, with a true minus sign."""
    return words.signed(int(value or 0))


@register.filter
def signed_points(value: int) -> str:
    """ "−1,200 points"."""
    return words.points(int(value))


@register.filter
def asked(amount: int, unit: str) -> str:
    """What a request is about: points, or money."""
    return words.asked(amount, unit)


@register.filter
def operation(code: str) -> str:
    """What was done, in words."""
    return str(words.OPERATIONS.get(code, code))


@register.filter
def in_fours(value: str) -> str:
    """A card number in groups of four."""
    return " ".join(value[i : i + 4] for i in range(0, len(value), 4))


@register.filter
def outcome(code: str) -> str:
    """How it ended, in words."""
    return str(words.OUTCOMES.get(code, code))


@register.filter
def reason(code: str) -> str:
    """A reason of an adjustment, in words."""
    return str(REASONS.get(code, code))
