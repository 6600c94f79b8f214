"""Examines the host and the running plugin: one line for each finding with its next step.

It mends nothing of itself; with --mend it does what can be done from here about the connection to each Saleor.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core import checks
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import NoReverseMatch, reverse

from loyalty_plugin.admin.advice import told
from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.management import reaching
from loyalty_plugin.management.lines import LINES
from loyalty_plugin.queries.health import health
from loyalty_plugin.queries.realms import standings
from loyalty_plugin.queries.troubles import Level
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.connections import LOCKED
from loyalty_plugin.saleor.manifest import wanted

#: Where these are found there is nothing to look into.
_NO_TABLES = ("database_away", "not_migrated")


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: a stable id (a check's number or the doctor's own code), in words, with its next step."""

    id: str
    level: Level
    what: str
    next: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Command(BaseCommand):
    help = (
        "Examine settings, database, connection, jobs and ledger, one line for each finding with its next step. "
        "Exits with 1 if something is broken, with 0 if there are only warnings."
    )
    #: It runs them itself, so that a failing one is a finding among others.
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # Django has an option of this name; with a value it keeps its meaning.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--settings",
            nargs="?",
            const=True,
            dest="lines",
            help="print the lines a host project needs, and do nothing else",
        )
        parser.set_defaults(settings=None)
        parser.add_argument("--json", action="store_true", help="the findings as JSON")
        parser.add_argument(
            "--offline", action="store_true", help="ask no Saleor, and do not knock at the public address"
        )
        parser.add_argument(
            "--mend",
            action="store_true",
            help="first bring the App's webhooks to what they are to be, and accept keys that have changed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["lines"] is True:
            self.stdout.write(LINES, ending="")
            return
        findings = list(_findings(online=not options["offline"], mend=options["mend"]))
        broken = sum(one.level == "error" for one in findings)
        states = [] if any(one.id in _NO_TABLES for one in findings) else _states()
        if options["json"]:
            report = {"ok": not broken, "saleors": states, "findings": [asdict(one) for one in findings]}
            self.stdout.write(json.dumps(report, indent=2))
        else:
            # One that has a trouble is told below, by that.
            for one in states:
                if one["state"] == "active":
                    self.stdout.write(f"{self.style.SUCCESS('✓ active')}  {one['saleor']}")
            self._tell(findings, broken)
        if broken:
            sys.exit(1)

    def _tell(self, findings: list[Finding], broken: int) -> None:
        for one in findings:
            mark, style = {
                "error": ("✗", self.style.ERROR),
                "warning": ("!", self.style.WARNING),
                "info": ("·", self.style.NOTICE),
            }[one.level]
            self.stdout.write(f"{style(f'{mark} {one.id}')}  {one.what}  → {one.next}")
        if not findings:
            self.stdout.write(self.style.SUCCESS("Everything is in order."))
        elif broken:
            self.stdout.write(self.style.ERROR(f"{broken} of {len(findings)} findings must be mended."))
        else:
            self.stdout.write(self.style.SUCCESS(f"Nothing is broken; {len(findings)} things to think of."))


def _findings(*, online: bool, mend: bool) -> Iterator[Finding]:
    yield from _checked()
    trouble = _database_trouble()
    if trouble is not None:
        yield trouble
        return
    if online or mend:
        yield from _look(mend=mend)
    manifest = _public("loyalty:saleor:manifest")
    for one in health(SYSTEM, now=ports.clock.now(), permissions=wanted().keys()):
        # The checks tell of extensions already, under their own numbers.
        if one.code != "extension":
            yield _found(one.code, one.level, {"manifest": manifest, **one.facts})
    if online and settings.PUBLIC_URL and manifest:
        for code, facts in reaching.obstacles(_public("loyalty:saleor:events"), manifest):
            yield _found(code, "error", facts)


def _states() -> list[dict[str, str | None]]:
    """Each Saleor by its name, the name of its state, and when it was last heard."""
    found = standings(SYSTEM, now=ports.clock.now(), permissions=wanted().keys())
    return [
        {
            "saleor": one.api_url,
            "state": one.name,
            "heard_at": one.heard_at.isoformat() if one.heard_at else None,
        }
        for one in found
    ]


def _look(*, mend: bool) -> Iterator[Finding]:
    """See how we stand at each Saleor at this moment; what comes of it is in rows, and told with the rest."""
    now = ports.clock.now()
    for url in settings.SALEOR_API_URLS:
        try:
            if mend:
                ports.connection.mend(url, now=now)
            else:
                ports.connection.review(url, now=now)
        except LoyaltyError as error:
            # A Saleor that is away is written down as away; any other refusal stands in the outgoing changes.
            if error.details.get("reason") == LOCKED:
                yield _found(LOCKED, "error", {"saleor": url})


def _found(code: str, level: Level, facts: Mapping[str, Any]) -> Finding:
    return Finding(code, level, *told(code, facts), facts=facts)


def _checked() -> Iterator[Finding]:
    try:
        messages = checks.run_checks(include_deployment_checks=True, databases=["default"])
    except DatabaseError:
        # Others' checks may need the database; it is a finding of its own.
        messages = checks.run_checks(include_deployment_checks=True)
    for one in messages:
        if str(one.id).startswith("loyalty_plugin."):
            level: Level = "error" if one.level >= checks.ERROR else "warning"
            yield Finding(str(one.id), level, str(one.msg), str(one.hint))


def _database_trouble() -> Finding | None:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        first_line = str(error).strip().partition("\n")[0]
        return _found("database_away", "error", {"error": first_line})
    if plan:
        first, _backwards = plan[0]
        return _found("not_migrated", "error", {"count": len(plan), "first": str(first)})
    return None


def _public(name: str) -> str:
    """The address as Saleor knows it, empty where it is not mounted."""
    try:
        return settings.PUBLIC_URL + reverse(name)
    except NoReverseMatch:
        return ""
