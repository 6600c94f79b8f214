"""Registers our own extensions, exactly as any other app's loyalty_extension.py does."""

from loyalty_plugin.builtin import multipliers
from loyalty_plugin.builtin.perks import bundles, discounts, gates, gifts, lists, sales, sending
from loyalty_plugin.builtin.rules import amount, bands, channel, check_in, lines, moments
from loyalty_plugin.cards.designs import classic

__all__ = [
    "amount",
    "bands",
    "bundles",
    "channel",
    "check_in",
    "classic",
    "discounts",
    "gates",
    "gifts",
    "lines",
    "lists",
    "moments",
    "multipliers",
    "sales",
    "sending",
]
