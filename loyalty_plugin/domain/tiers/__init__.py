"""Tiers: their terms, and the standing of a member as a pure function of history, versions and a day."""
