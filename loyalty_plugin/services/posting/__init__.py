"""The only writer of the ledger: it locks balances and posts plans, and decides nothing."""

from loyalty_plugin.services.posting.locks import Locked, MemberUnit, lock, open_accounts
from loyalty_plugin.services.posting.writer import APPROVED, Posted, post, replay_of, with_note

__all__ = [
    "APPROVED",
    "Locked",
    "MemberUnit",
    "Posted",
    "lock",
    "open_accounts",
    "post",
    "replay_of",
    "with_note",
]
