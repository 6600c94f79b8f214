"""Erases a member from the terminal: tells what would go, and does it only with --yes and a reason."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.members import Member
from loyalty_plugin.policies import Operation
from loyalty_plugin.registry import ports
from loyalty_plugin.services import erasure

TERMINAL = Actor(
    ActorKind.STAFF, "terminal", permissions=frozenset({Operation.ERASE_MEMBERS.value}), via="terminal"
)


class Command(BaseCommand):
    help = "Erase a member for good: personal data go, the ledger stays. Without --yes it only tells what would go."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="the member number")
        parser.add_argument(
            "--programme", default="", help="its code, where a number is in several programmes"
        )
        parser.add_argument(
            "--reason", choices=list(erasure.REASONS), default="asked", help="kept in the trail"
        )
        parser.add_argument("--yes", action="store_true", help="do it")

    def handle(self, *args: Any, **options: Any) -> None:
        member_id, now = self._find(options["number"], options["programme"]), ports.clock.now()
        try:
            if options["yes"]:
                done = erasure.erase(TERMINAL, member_id=member_id, reason=options["reason"], now=now)
            else:
                done = erasure.preview(TERMINAL, member_id=member_id, now=now)
        except LoyaltyError as error:
            facts = ", ".join(f"{name} {value}" for name, value in error.details.items())
            raise CommandError(f"Not erased: {error.code}{f' ({facts})' if facts else ''}.") from error
        for what, number in (
            ("points that end", done.available + done.pending),
            ("points owed", -done.owed),
            ("cards", done.cards),
            ("waiting requests", done.requests),
            ("notes", done.notes),
            ("events emptied", done.events),
        ):
            self.stdout.write(f"{what:<20}{number:>12,}")
        if options["yes"]:
            self.stdout.write(self.style.SUCCESS("Erased."))
        else:
            self.stdout.write("Nothing was changed. Add --yes to erase; there is no undo.")

    def _find(self, number: str, programme: str) -> int:
        found = Member.objects.filter(number=number).exclude(status=Member.Status.ERASED)
        if programme:
            found = found.filter(programme__code=programme)
        ids = list(found.values_list("pk", flat=True)[:2])
        if not ids:
            raise CommandError(f"There is no member {number}.")
        if len(ids) > 1:
            raise CommandError(f"{number} is in several programmes. Say which with --programme.")
        return ids[0]
