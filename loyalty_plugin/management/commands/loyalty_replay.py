"""Does received events again, or says what that would change; decides nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.hints import named
from loyalty_plugin.services import replay
from loyalty_plugin.webhooks.processing import drain_inbox

#: Events put back and worked off in one go.
AT_ONCE = 500


class Command(BaseCommand):
    help = (
        "Do received events again: some by number, a range, or all that failed. An event only says where to look, so "
        "doing it twice is harmless."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", type=int, help="numbers of received events")
        parser.add_argument("--from", dest="first", type=int, metavar="ID", help="the first of a range")
        parser.add_argument("--to", dest="last", type=int, metavar="ID", help="the last of a range")
        parser.add_argument("--failed", action="store_true", help="all that failed")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change, and change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        rows = self._chosen(options)
        try:
            if options["dry_run"]:
                self._tell(rows)
            else:
                self._do(rows)
        except LoyaltyError as error:
            raise CommandError(f"{error.code} {error.details or ''}".strip()) from error

    def _chosen(self, options: dict[str, Any]) -> QuerySet[InboxItem]:
        rows = InboxItem.objects.order_by("pk")
        ranged = options["first"] is not None or options["last"] is not None
        if bool(options["ids"]) + ranged + options["failed"] != 1:
            raise CommandError("Say which: numbers, a range by --from and --to, or --failed.")
        if options["failed"]:
            return rows.filter(status=InboxItem.Status.FAILED)
        if options["ids"]:
            return rows.filter(pk__in=options["ids"])
        if options["first"] is not None:
            rows = rows.filter(pk__gte=options["first"])
        return rows.filter(pk__lte=options["last"]) if options["last"] is not None else rows

    def _tell(self, rows: QuerySet[InboxItem]) -> None:
        for row in rows.select_related("installation__realm").iterator(chunk_size=100):
            orders, customers = named(row.event, bytes(row.body)) if row.body else ([], [])
            changes = replay.preview(
                SYSTEM,
                realm=row.installation.realm.api_url,
                orders=orders,
                customers=customers,
                now=ports.clock.now(),
            )
            self.stdout.write(f"{row.pk} {row.event}{'' if row.body else ': its body is not kept any more'}")
            for one in changes:
                told = f"{_state(one.before)} -> {_state(one.after)}" if one.differs else "no change"
                self.stdout.write(
                    f"  {one.kind} {one.label}: {told if one.found else 'the shop does not have it'}"
                )

    def _do(self, rows: QuerySet[InboxItem]) -> None:
        ids = list(rows.values_list("pk", flat=True))
        done: list[int] = []
        for start in range(0, len(ids), AT_ONCE):
            done += replay.replay(SYSTEM, item_ids=ids[start : start + AT_ONCE], now=ports.clock.now())
            drain_inbox(AT_ONCE, ports.clock.now())
        for status, label in InboxItem.Status.choices:
            if count := InboxItem.objects.filter(pk__in=done, status=status).count():
                self.stdout.write(f"{count:>7,}  {label}")
        if missing := len(ids) - len(done):
            self.stdout.write(f"{missing:>7,}  left alone: their bodies are not kept any more")


def _state(state: replay.State) -> str:
    return ", ".join(part for part in (f"{state.points} points", state.tier, state.outcome) if part)
