"""Applies what was read of orders: earns, takes back, counts for tiers; see `apply`."""
