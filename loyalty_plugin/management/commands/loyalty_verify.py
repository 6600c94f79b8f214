"""Proves the ledger and names the first thing that is wrong; exits with 1 if there is one, and mends nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from loyalty_plugin.queries.verifying import Checkpoint
from loyalty_plugin.registry import ports
from loyalty_plugin.services import sealing
from loyalty_plugin.services.verification import verify


class Command(BaseCommand):
    help = (
        "Recompute balances, lots and the chain from the postings, trace each entry to its source, and look "
        "whether the database still guards the ledger. Goes on where a killed run stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--anchor", type=Path, metavar="FILE", help="compare with roots kept outside")
        parser.add_argument(
            "--write-anchor",
            type=Path,
            metavar="FILE",
            help="when all is whole, append today's root to this file; keep it where nobody here can write",
        )
        parser.add_argument("--json", action="store_true", help="the report as JSON")
        parser.add_argument("--fresh", action="store_true", help="begin anew, whatever a killed run had done")

    def handle(self, *args: Any, **options: Any) -> None:
        anchor = options["anchor"].read_text().splitlines() if options["anchor"] else None

        def tell(at: Checkpoint) -> None:
            if not options["json"] and options["verbosity"] > 0:
                self.stderr.write(f"  {at.section}: {at.report.checked}")

        report = verify(anchor=anchor, fresh=options["fresh"], tell=tell)
        line = None
        if report.whole and options["write_anchor"]:
            line = sealing.write_anchor(options["write_anchor"], now=ports.clock.now())
        if options["json"]:
            self.stdout.write(json.dumps({**report.as_data(), "anchor_written": line}, indent=2))
        else:
            for warning in report.warnings:
                self.stdout.write(self.style.WARNING(f"warning: {warning}"))
            for difference in report.differences:
                self.stdout.write(self.style.ERROR(str(difference)))
            looked = ", ".join(f"{count} {what}" for what, count in report.checked.items())
            if report.whole:
                self.stdout.write(self.style.SUCCESS(f"The ledger is whole ({looked})."))
            else:
                self.stdout.write(
                    self.style.ERROR(f"The ledger is NOT whole. First: {report.differences[0]} ({looked}).")
                )
        if not report.whole:
            sys.exit(1)
