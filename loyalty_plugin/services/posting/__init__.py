"""The only writer of the ledger: it locks balances and posts plans, and decides nothing."""

from loyalty_plugin.services.posting.locks import Locked, MemberUnit, lock
from loyalty_plugin.services.posting.writer import APPROVED, Posted, post

__all__ = ["APPROVED", "Locked", "MemberUnit", "Posted", "lock", "post"]
