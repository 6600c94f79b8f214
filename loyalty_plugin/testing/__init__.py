"""For authors of extensions: contract tests that say in words what is wrong. Needs hypothesis, and no database."""

from loyalty_plugin.testing.contracts import ContractBroken
from loyalty_plugin.testing.multipliers import check_multiplier
from loyalty_plugin.testing.perks import check_perk
from loyalty_plugin.testing.rules import check_earning_rule

__all__ = ["ContractBroken", "check_earning_rule", "check_multiplier", "check_perk"]
