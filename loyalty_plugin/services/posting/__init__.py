"""The only writer of the ledger: it locks balances, posts plans and rebuilds projections."""

from loyalty_plugin.services.posting.ending import InForce, end_lots
from loyalty_plugin.services.posting.locks import Locked, MemberUnit, lock, open_accounts
from loyalty_plugin.services.posting.rebuild import Rebuilt, rebuild
from loyalty_plugin.services.posting.settling import APPROVED, Posted
from loyalty_plugin.services.posting.writer import post, replay_of, with_note

__all__ = [
    "APPROVED",
    "InForce",
    "Locked",
    "MemberUnit",
    "Posted",
    "Rebuilt",
    "end_lots",
    "lock",
    "open_accounts",
    "post",
    "rebuild",
    "replay_of",
    "with_note",
]
