"""Django system checks: tells a host in numbered sentences what is missing, each with a hint; mends nothing.

The numbers are public: they are listed in docs/install.md (a test keeps the two equal) and never change meaning.
"""

from __future__ import annotations

from django.core import checks

from loyalty_plugin.checks import database, host, values


def register() -> None:
    """Make the checks known to Django; called once, at start."""
    for check in (host.check_apps, database.check_database_engine, host.check_urls, values.check_settings):
        checks.register(check, "loyalty")
    checks.register(values.check_keys, checks.Tags.security, deploy=True)
    for check in (database.check_database, database.check_versions):
        checks.register(check, checks.Tags.database)
