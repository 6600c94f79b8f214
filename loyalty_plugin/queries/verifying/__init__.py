"""Proves the ledger, or names the first thing that is wrong with it; reads in one snapshot, changes nothing."""

from loyalty_plugin.queries.verifying.findings import Finding, Report
from loyalty_plugin.queries.verifying.run import Checkpoint, verify

__all__ = ["Checkpoint", "Finding", "Report", "verify"]
