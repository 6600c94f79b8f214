"""All dated cases of tiers, one noun a file; data only."""

from tests.domain.tier_cases import changes, counting, keeping, windows

CASES = [*windows.CASES, *counting.CASES, *keeping.CASES, *changes.CASES]
