"""Seals what is committed into the chain, and writes the day's root to a file kept elsewhere; nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from loyalty_plugin.registry import ports
from loyalty_plugin.services import sealing


class Command(BaseCommand):
    help = "Seal committed ledger entries into hash-chained blocks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchor",
            type=Path,
            metavar="FILE",
            help="append the newest root to this file, once a day; keep it where nobody here can write",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = ports.clock.now()
        sealed = sealing.seal(now=now)
        if sealed.busy:
            self.stdout.write("Another process is sealing already.")
        self.stdout.write(f"{sealed.entries} entries sealed in {sealed.blocks} blocks.")
        if options["anchor"]:
            line = sealing.write_anchor(options["anchor"], now=now)
            self.stdout.write(line or "Today's root is in the file already.")
