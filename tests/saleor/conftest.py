"""Makes the fixtures of this folder known to its tests; decides nothing."""

from tests.saleor.roomkit import forgetful, installed, wire
from tests.saleor.standinkit import receiver, saleor_facts, shop

__all__ = ["forgetful", "installed", "receiver", "saleor_facts", "shop", "wire"]
