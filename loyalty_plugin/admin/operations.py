"""Overview, machinery and trail in the back office; shows what queries give and retries what failed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty_plugin.admin.access import Page
from loyalty_plugin.admin.words import OPERATIONS, signed
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.members import Member, TierEvent
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.balances import totals
from loyalty_plugin.queries.operations import machinery
from loyalty_plugin.queries.trail import trail, waiting
from loyalty_plugin.registry import ports
from loyalty_plugin.services import retries

JOBS = {
    "windows": gettext_lazy("End return windows"),
    "mature": gettext_lazy("Make points available"),
    "expire": gettext_lazy("Let points expire"),
    "inactivity": gettext_lazy("Let points of inactive members expire"),
    "tiers": gettext_lazy("Judge tiers anew"),
    "birthdays": gettext_lazy("Give birthday points"),
    "seal": gettext_lazy("Seal the ledger"),
    "verify": gettext_lazy("Prove the ledger"),
    "housekeeping": gettext_lazy("Tidy up"),
}


class OverviewView(Page):
    """Is everything all right, and what should I do now?"""

    operation = Operation.VIEW_MEMBERS
    template_name = "loyalty_plugin/admin/overview.html"
    header_icon = "home"

    def get_page_title(self) -> str:
        return _("Membership")

    def trail(self) -> list[dict[str, Any]]:
        return [{"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sums = totals()
        return super().get_context_data(
            **kwargs,
            waiting=waiting(self.actor),
            members=signed(Member.objects.exclude(status=Member.Status.ERASED).count()),
            available=signed(sums.available),
            pending=signed(sums.pending),
            owed=signed(sums.owed),
            published=ProgrammeVersion.objects.filter(status=ProgrammeVersion.Status.PUBLISHED).exists(),
            events=TierEvent.objects.select_related("member")
            .exclude(reason__code="joined")
            .order_by("-pk")[:10],
            may_start=self.may(Operation.EDIT_PROGRAMME),
            may_see_operations=self.may(Operation.VIEW_OPERATIONS),
        )


class OperationsView(Page):
    """Jobs with their progress, and what failed with its reason."""

    operation = Operation.VIEW_OPERATIONS
    template_name = "loyalty_plugin/admin/operations.html"
    header_icon = "cogs"

    def get_page_title(self) -> str:
        return _("Operations")

    def trail(self) -> list[dict[str, Any]]:
        return [{"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = machinery(self.actor)
        return super().get_context_data(
            **kwargs, machinery=found, jobs=[(JOBS.get(j.run.name, j.run.name), j) for j in found.jobs]
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kind, _sep, number = request.POST.get("item", "").partition(":")
        act = {"in": retries.retry_event, "out": retries.retry_change}.get(kind)
        if act is not None and number.isdigit():
            try:
                act(self.actor, item_id=int(number), now=ports.clock.now())
            except LoyaltyError as error:
                self.refuse(error)
            else:
                messages.success(request, _("It will be tried again in a moment."))
        return redirect("loyalty_operations:index")


class TrailView(Page):
    """Who did what, by which door."""

    operation = Operation.VIEW_TRAIL
    template_name = "loyalty_plugin/admin/trail.html"
    header_icon = "history"

    def get_page_title(self) -> str:
        return _("Trail")

    def trail(self) -> list[dict[str, Any]]:
        return [{"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        operation = self.request.GET.get("what", "")
        page = Paginator(trail(self.actor, operation=operation), 50).get_page(self.request.GET.get("p"))
        rows = [(record, OPERATIONS.get(record.operation, record.operation)) for record in page]
        return super().get_context_data(
            **kwargs, page=page, rows=rows, what=operation, operations=OPERATIONS.items()
        )
