"""Pays checkouts with points and stored value: reserved with us, authorised by the shop, charged when the order exists.

Our ledger is the only truth: the shop's transaction is told what it says, and never asked what there is.
"""

from loyalty_plugin.services.paying.answering import Answer, Asked, answer
from loyalty_plugin.services.paying.ending import finish_release, release_overdue, stays, undo_charge
from loyalty_plugin.services.paying.reserving import Offer, Reserved, offer, remove, reserve
from loyalty_plugin.services.paying.settling import settle_orders

__all__ = [
    "Answer",
    "Asked",
    "Offer",
    "Reserved",
    "answer",
    "finish_release",
    "offer",
    "release_overdue",
    "remove",
    "reserve",
    "settle_orders",
    "stays",
    "undo_charge",
]
