"""Reserves points and stored value for an open checkout, and captures, releases, renews or gives back that; calls no Saleor.

Each step repeated with the same request gives the same answer, marked replayed; another request under the same key is
refused. Every step takes the member's row first and the balances after it, so that parallel ones queue up.
While nothing may be spent at a Saleor its holds stand still: none is placed, renewed, captured or released.
"""

from loyalty_plugin.services.holds.ending import BATCH, capture, release, release_overdue
from loyalty_plugin.services.holds.giving_back import GivenBack, give_back, portions_used
from loyalty_plugin.services.holds.parts import Held
from loyalty_plugin.services.holds.placing import place, renew

__all__ = [
    "BATCH",
    "GivenBack",
    "Held",
    "capture",
    "give_back",
    "place",
    "portions_used",
    "release",
    "release_overdue",
    "renew",
]
