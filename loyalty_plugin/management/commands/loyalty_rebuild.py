"""Recomputes balances and lots from the postings; with --write it mends rows that differ, else it only tells."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from loyalty_plugin.services.posting import rebuild


class Command(BaseCommand):
    help = "Recompute balances and lots from the postings and compare them bit by bit; --write mends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="set rows right that differ")

    def handle(self, *args: Any, **options: Any) -> None:
        result = rebuild(write=options["write"])
        if result.equal:
            self.stdout.write(self.style.SUCCESS("Balances and lots are what the postings say."))
            return
        what = f"{result.balances} balances and {result.lots} lots differed from the postings"
        if result.mended:
            self.stdout.write(self.style.WARNING(f"{what} and were set right. Find out why: loyalty_verify."))
            return
        self.stdout.write(self.style.ERROR(f"{what}. Run with --write to set them right."))
        sys.exit(1)
