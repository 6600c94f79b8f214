"""Registers our own rules, multipliers and perks, exactly as any other app's loyalty_extension.py does."""

from loyalty_plugin.builtin import multipliers, perks
from loyalty_plugin.builtin.rules import amount, bands, channel, check_in, lines, moments

__all__ = ["amount", "bands", "channel", "check_in", "lines", "moments", "multipliers", "perks"]
