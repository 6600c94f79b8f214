"""Checks of the database: its kind, its age, and published versions whose extensions are gone; they mend nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.db import DatabaseError, connection, transaction

from loyalty_plugin.checks.messages import Message, message
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.queries.health import extension_troubles
from loyalty_plugin.registry import ports

OLDEST_POSTGRESQL: Final = 150_000
#: Why an extension can't be asked, in words.
_WHY: Final = {
    "missing_extension": "no installed app registers it",
    "params_refused": "it refuses its parameters",
    "unreadable": "the version can't be read",
}


def check_database_engine(app_configs: Any = None, **_: Any) -> list[Message]:
    """The kind of database, known without asking it."""
    return [] if connection.vendor == "postgresql" else [message("E001", engine=connection.vendor)]


def check_database(
    app_configs: Any = None, databases: Iterable[str] | None = None, **_: Any
) -> list[Message]:
    """The server's age. A server that does not answer is for Django to tell."""
    if "default" not in (databases or ()) or connection.vendor != "postgresql":
        return []
    try:
        connection.ensure_connection()
        number = connection.connection.info.server_version
    except DatabaseError:
        return []
    return [] if number >= OLDEST_POSTGRESQL else [message("E002", found=number // 10_000)]


def check_versions(
    app_configs: Any = None, databases: Iterable[str] | None = None, **_: Any
) -> list[Message]:
    """Published versions whose extensions are gone."""
    if "default" not in (databases or ()) or connection.vendor != "postgresql":
        return []
    try:
        with transaction.atomic():
            troubles = extension_troubles(SYSTEM, now=ports.clock.now())
    except DatabaseError:
        return []  # nothing is migrated yet
    return [
        message(
            "E016" if trouble.level == "error" else "W004",
            **{**trouble.facts, "why": _WHY[str(trouble.facts["why"])]},
        )
        for trouble in troubles
    ]
