"""Compares Saleor with our books now and says what was healed and what still differs; decides nothing itself."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.management.progress import Bar
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.models.reconciling import Reconciliation
from loyalty_plugin.services.history.reconcile import reconcile

#: Differences told here; the back office has them all.
TOLD = 20


class Command(BaseCommand):
    help = (
        "Read what changed in Saleor since the last time, and some of all the rest, and compare it with the plugin's "
        "books. What differs is healed through the ordinary path. The worker does this by itself once a day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", nargs="?", help="the Saleor's API URL; every Saleor without it")
        parser.add_argument("--since", type=date.fromisoformat, help="look back to this day (UTC)")
        parser.add_argument(
            "--full", action="store_true", help="compare everything there is, not only what changed"
        )
        parser.add_argument("--json", action="store_true", help="the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        since = datetime.combine(options["since"], time(), UTC) if options["since"] else None
        live = Realm.objects.filter(live=True).order_by("pk")
        urls = [options["url"]] if options["url"] else list(live.values_list("api_url", flat=True))
        reports = []
        for url in urls:
            bar = Bar(url)

            def tell(report: Reconciliation, bar: Bar = bar) -> None:
                bar.show(report.seen, None, report.seen)

            try:
                reports.append(
                    (url, reconcile(SYSTEM, realm=url, since=since, full=options["full"], tell=tell))
                )
            except LoyaltyError as error:
                raise CommandError(f"{url}: {error.code} {error.details or ''}".strip()) from error
            finally:
                bar.end()
        if options["json"]:
            self.stdout.write(json.dumps([_data(url, report) for url, report in reports], indent=2))
        else:
            for url, report in reports:
                self._tell(url, report)
        if any(report.differing for _, report in reports):
            sys.exit(1)

    def _tell(self, url: str, report: Reconciliation) -> None:
        self.stdout.write(
            f"{url}: {report.seen:,} seen, {report.equal:,} equal, {report.healed:,} healed, "
            f"{report.differing:,} differing, {report.events:,} lost events taken in"
        )
        for one in report.differences.filter(healed=False).order_by("pk")[:TOLD]:
            self.stdout.write(self.style.ERROR(f"  {one}"))


def _data(url: str, report: Reconciliation) -> dict[str, Any]:
    names = ("seen", "equal", "healed", "differing", "events")
    differing = report.differences.filter(healed=False).order_by("pk")
    return {
        "saleor": url,
        **{name: getattr(report, name) for name in names},
        "differences": [
            {"kind": one.kind, "id": one.target, "number": one.number, "why": one.why, "detail": one.detail}
            for one in differing
        ],
    }
