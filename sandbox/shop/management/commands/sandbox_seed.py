"""Fills a new demonstration shop through the doors everybody uses: pages, goods, the App, people, half a year of orders."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.realms import Mode, Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.services.realms import set_mode
from sandbox.clock import set_time
from sandbox.seed import history, programme, site
from sandbox.seed.people import PEOPLE
from sandbox.seed.standin import SeedError, StandIn

MANIFEST = "/loyalty/saleor/manifest"
WAIT = 120
"""Seconds the worker may take for one fortnight before the seed gives up."""


class Command(BaseCommand):
    help = "Fill a new demonstration shop: pages, goods, the App, people and half a year of orders."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--without-history", action="store_true", help="no people and no orders")
        parser.add_argument("--only-history", action="store_true", help="only the people and their orders")
        parser.add_argument(
            "--foreign", metavar="FILE", help="pages, staff and terms only, for the Saleor that FILE tells of"
        )
        parser.add_argument("--only-staff", action="store_true", help="only the staff's accounts")
        parser.add_argument("--today", type=date.fromisoformat, default=None, help="last day of the history")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["only_staff"]:
            site.staff()
            return
        if options["foreign"]:
            self._foreign(json.loads(Path(options["foreign"]).read_text()))
            return
        today = options["today"] or datetime.now(UTC).date()
        standin = StandIn()
        progress = Progress(self.stdout)
        try:
            if not options["only_history"]:
                self._open(standin, today, progress)
            if not options["without_history"]:
                self._play(standin, today, progress)
        except SeedError as error:
            raise CommandError(str(error)) from error
        finally:
            set_time(None)
            standin.close()
        progress.done("half a year is played" if options["only_history"] else "the shop is filled")

    def _open(self, standin: StandIn, today: date, progress: Progress) -> None:
        """All that a shop has on its first morning."""
        progress.step("pages, pictures and staff", 0)
        site.staff()
        site.product_pictures()
        site.pages()
        progress.step("goods", 0.5)
        ids = standin.fill()
        progress.step("the membership App and its terms", 0.7)
        started = datetime.combine(today - timedelta(weeks=history.WEEKS + 1), clock_time(), UTC)
        # On the first day of the half year: orders from before a shop was connected bring no points.
        set_time(started)
        standin.install(f"{settings.SANDBOX_SHOP_URL}{MANIFEST}")
        set_time(None)
        programme.publish_circle(
            f"{settings.SANDBOX_SALEOR_URL}/graphql/", ids, now=datetime.now(UTC), starts_at=started
        )

        if settings.SANDBOX_ENFORCED:
            realm = Realm.objects.get(api_url=f"{settings.SANDBOX_SALEOR_URL}/graphql/")
            set_mode(SYSTEM, realm_id=realm.pk, mode=Mode.ENFORCED, now=datetime.now(UTC))
            standin.close_storefront()

    def _foreign(self, there: dict[str, Any]) -> None:
        """What is ours of a shop at a Saleor that is not: nothing is written there. The terms hold from now on."""
        site.staff()
        site.product_pictures()
        site.pages()
        now = datetime.now(UTC)
        programme.publish_circle(
            there["api_url"],
            there["ids"],
            now=now,
            starts_at=now,
            channel=there["channel"],
            currency=there["currency"],
        )

    def _play(self, standin: StandIn, today: date, progress: Progress) -> None:
        """Fortnight by fortnight: the clock moves, people register and buy, the worker books it, the nightly jobs run."""
        joined = {person.email: history.joined(person, today) for person in PEOPLE}
        on_the_way: list[tuple[history.Purchase, str]] = []
        for part in history.fortnights(today):
            progress.step(f"orders up to {part.last:%-d %B}", (part.number - 1) / history.FORTNIGHTS)
            set_time(datetime.combine(part.last, clock_time(21), UTC))
            newcomers = [p for p in PEOPLE if part.first <= joined[p.email] <= part.last]
            if newcomers:
                standin.register(newcomers, joined)
                settle(standin)
                programme.tell_birthdays(newcomers, now=ports.clock.now())
            placed = standin.place(part.purchases)
            settle(standin)
            on_the_way += [(p, o["id"]) for p, o in zip(part.purchases, placed, strict=True) if p.returned]
            # What was sent later than this evening comes back in the next fortnight, or its order would grow younger.
            evening = ports.clock.now()
            returned = [order_id for p, order_id in on_the_way if p.sent_by(evening)]
            on_the_way = [one for one in on_the_way if not one[0].sent_by(evening)]
            for order_id in returned:
                standin.send_back(order_id)
            if returned:
                settle(standin)
            call_command("loyalty_tick", verbosity=0)


def settle(standin: StandIn) -> None:
    """Waits until every webhook is delivered and the worker has booked what came in. Raises SeedError."""
    standin.settle()
    deadline = time.monotonic() + WAIT
    while (
        InboxItem.objects.filter(status=InboxItem.Status.NEW).exists()
        or OutboxItem.objects.filter(status=OutboxItem.Status.WAITING).exists()
    ):
        if time.monotonic() > deadline:
            raise SeedError("The worker does not book what comes in. See the worker's log.")
        time.sleep(0.05)


class Progress:
    """One line that grows on a terminal, a line a step elsewhere."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._live = sys.stdout.isatty()
        self._started = time.monotonic()
        self._next = 0.0

    def step(self, what: str, share: float) -> None:
        if self._live:
            bar = "━" * round(share * 24)
            self._out.write(f"\r\033[K  {bar:┈<24} {share:4.0%}  {what}", ending="")
            self._out.flush()
        elif share >= self._next or not share:
            self._next = share + 0.1
            self._out.write(f"  {share:4.0%}  {what}")
            self._out.flush()

    def done(self, what: str) -> None:
        took = time.monotonic() - self._started
        self._out.write(f"{chr(13) + chr(27) + '[K' if self._live else ''}  100%  {what}, {took:.0f} s")
