"""Brings in a Saleor's earlier customers and orders; shows what it would do, and how far it is; decides nothing."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.management import past_points
from loyalty_plugin.management.progress import Bar
from loyalty_plugin.models.past import PastPoints
from loyalty_plugin.services.history import backfill


class Command(BaseCommand):
    help = (
        "Read a Saleor's customers and orders from before it was connected. Past orders count for tiers and bring no "
        "points by themselves. May be killed and called again: it goes on where it stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", help="the Saleor's API URL")
        parser.add_argument(
            "--since", type=date.fromisoformat, help="only what was created since this day (UTC)"
        )
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--customers", action="store_true", help="only customers, no orders")
        only.add_argument("--orders", action="store_true", help="only orders, no customers")
        parser.add_argument(
            "--dry-run", action="store_true", help="read everything, store nothing, say what would be"
        )
        parser.add_argument(
            "--points",
            action="store_true",
            help="points for past orders that were brought in: what they cost",
        )
        parser.add_argument(
            "--accept", type=int, metavar="TOTAL", help="with --points: post them, if they still cost so many"
        )
        parser.add_argument(
            "--as", dest="username", default="", help="the staff account that accepts the cost"
        )
        parser.add_argument("--csv", type=Path, metavar="FILE", help="with --points: a row for each member")
        parser.add_argument(
            "--point-value", type=Decimal, metavar="AMOUNT", help="what a point is worth, as 0.01"
        )
        parser.add_argument("--json", action="store_true", help="the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["points"]:
            self._points(options)
            return
        since = datetime.combine(options["since"], time(), UTC) if options["since"] else None
        report: dict[str, dict[str, Any]] = {}
        for what in backfill.KINDS:
            if options["customers" if what == "orders" else "orders"]:
                continue
            bar = Bar(what)

            def tell(progress: backfill.Progress, bar: Bar = bar) -> None:
                bar.show(progress.done, progress.total, progress.fresh)

            try:
                found = backfill.backfill(
                    SYSTEM,
                    realm=options["url"],
                    what=what,
                    since=since,
                    dry_run=options["dry_run"],
                    tell=tell,
                )
            except LoyaltyError as error:
                raise CommandError(f"{what}: {error.code} {error.details or ''}".strip()) from error
            finally:
                bar.end()
            report[what] = {"read": found.done, "outcomes": dict(sorted(found.outcomes.items()))}
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=2))
            return
        for name, found_here in report.items():
            self.stdout.write(f"{name}: {found_here['read']:,} read")
            for code, count in found_here["outcomes"].items():
                self.stdout.write(f"  {count:>9,}  {code}")
        if options["dry_run"]:
            self.stdout.write("Nothing was stored.")

    def _points(self, options: dict[str, Any]) -> None:
        """Show what points for the past cost, and post them once somebody has accepted exactly that."""
        url, total = options["url"], options["accept"]
        try:
            if total is None:
                cost = past_points.reckon(url, options["csv"])
                if options["json"]:
                    self.stdout.write(json.dumps(asdict(cost), indent=2))
                else:
                    self.stdout.write("\n".join(past_points.lines(url, cost, options["point_value"])))
                if options["dry_run"] or not sys.stdin.isatty():
                    self.stdout.write(
                        f"Nothing was posted. To accept it: --points --accept {cost.points} --as YOU"
                    )
                    return
                answer = input("Type the number of points to accept the cost, or nothing: ")
                if not answer.strip():
                    return
                total = int(answer) if answer.strip().isdecimal() else -1
            posted = past_points.accept(url, total, options["username"], None)
        except LoyaltyError as error:
            raise CommandError(f"{error.code} {error.details or ''}".strip()) from error
        if posted.status == PastPoints.Status.WAITING:
            self.stdout.write(
                f"{posted.points:,} points are more than this account may accept alone: request {posted.request_id} "
                "waits for another person, and nothing was posted."
            )
            return
        self.stdout.write(f"{posted.posted:,} points were posted.")
