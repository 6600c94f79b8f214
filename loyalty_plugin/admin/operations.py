"""Overview and machinery in the back office; shows what queries give and retries what failed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from loyalty_plugin.admin.access import Page, crumb, whole_number
from loyalty_plugin.admin.members import tier_names
from loyalty_plugin.admin.words import FAULTS
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.members import Member, TierEvent
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.balances import totals
from loyalty_plugin.queries.operations import JobView, machinery
from loyalty_plugin.queries.reconciling import gone_by_realm, reports
from loyalty_plugin.queries.trail import waiting
from loyalty_plugin.registry import ports
from loyalty_plugin.services import retries

JOBS = {
    "windows": gettext_lazy("End return windows"),
    "mature": gettext_lazy("Make points available"),
    "expire": gettext_lazy("Let points expire"),
    "inactivity": gettext_lazy("Let points of inactive members expire"),
    "tiers": gettext_lazy("Judge tiers anew"),
    "birthdays": gettext_lazy("Give birthday points"),
    "claims": gettext_lazy("Credit guest orders"),
    "previews": gettext_lazy("Work out what drafts would do"),
    "seal": gettext_lazy("Seal the ledger"),
    "verify": gettext_lazy("Prove the ledger"),
    "housekeeping": gettext_lazy("Tidy up"),
    "reconcile": gettext_lazy("Compare with Saleor"),
    "past_points": gettext_lazy("Points for past orders"),
    "backfill_customers": gettext_lazy("Bring in earlier customers"),
    "backfill_orders": gettext_lazy("Bring in earlier orders"),
}

#: What a job may count besides what it has done.
COUNTS = {
    "refused": gettext_lazy("refused"),
    "members": gettext_lazy("members"),
    "available": gettext_lazy("points available"),
    "pending": gettext_lazy("points on the way"),
    "entries": gettext_lazy("entries"),
    "blocks": gettext_lazy("blocks"),
    "posted": gettext_lazy("points posted"),
    "read": gettext_lazy("read"),
    "seen": gettext_lazy("seen"),
    "healed": gettext_lazy("healed"),
    "differing": gettext_lazy("differing"),
    "events": gettext_lazy("lost events taken in"),
    "past_order": gettext_lazy("from before the programme began"),
    "joined": gettext_lazy("joined"),
    "verified": gettext_lazy("verified"),
}

#: What an outgoing change was about.
KINDS_OUT = {
    "checkout_prices": gettext_lazy("Member prices of a checkout"),
    "webhooks": gettext_lazy("Webhooks of the App in Saleor"),
}

#: A running job gives a sign of life far more often than this.
_SILENT = timedelta(minutes=15)


class OverviewView(Page):
    """Is everything all right, and what should I do now?"""

    operation = Operation.VIEW_MEMBERS
    template_name = "loyalty_plugin/admin/overview.html"
    header_icon = "home"

    def get_page_title(self) -> str:
        return _("Membership")

    def trail(self) -> list[dict[str, Any]]:
        return [crumb(self.get_page_title())]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sums, names = totals(), tier_names()
        latest = list(
            TierEvent.objects.select_related("member").exclude(reason__code="joined").order_by("-pk")[:30]
        )
        # Who rises leaves the tier below on the same day; only the rise is news.
        risen = {(event.member_id, event.day) for event in latest if event.kind == "entered"}
        news = [e for e in latest if e.kind != "left" or (e.member_id, e.day) not in risen]
        events = sorted(news, key=lambda event: event.day, reverse=True)[:10]
        return super().get_context_data(
            **kwargs,
            waiting=waiting(self.actor),
            members=Member.objects.exclude(status=Member.Status.ERASED).count(),
            sums=sums,
            published=ProgrammeVersion.objects.filter(status=ProgrammeVersion.Status.PUBLISHED).exists(),
            events=[
                (event, names.get((event.member.programme_id, event.tier), event.tier)) for event in events
            ],
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
        return [crumb(self.get_page_title())]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = machinery(self.actor)
        return super().get_context_data(
            **kwargs,
            machinery=found,
            jobs=[_job(view) for view in found.jobs],
            failed=[*_failed("in", found.failed_in), *_failed("out", found.failed_out)],
            compared=reports(self.actor, limit=1),
            gone=sum(gone_by_realm().values()),
            may_retry=self.may(Operation.RETRY_OPERATIONS),
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kind, _sep, number = request.POST.get("item", "").partition(":")
        act = {"in": retries.retry_event, "out": retries.retry_change}.get(kind)
        item_id = whole_number(number)
        if act is not None and item_id is not None:
            try:
                act(self.actor, item_id=item_id, now=ports.clock.now())
            except LoyaltyError as error:
                self.refuse(error)
            else:
                messages.success(request, _("It will be tried again in a moment."))
        return redirect("loyalty_operations:index")


def _job(view: JobView) -> dict[str, Any]:
    """A run as the table shows it: what came out, and a failure's own words apart from the numbers."""
    result = dict(view.run.result)
    error = result.pop("error", "")
    # How much was done has a column of its own; what is zero is no news.
    numbers = [
        (COUNTS.get(key, str(key).replace("_", " ")), value)
        for key, value in result.items()
        if isinstance(value, int) and value and key != "done"
    ]
    kind = view.run.name.partition(":")[0]  # what follows names one Saleor of several
    late = view.run.status == JobRun.Status.RUNNING and ports.clock.now() - view.run.beat_at > _SILENT
    return {
        "run": view.run,
        "label": JOBS.get(kind, kind.replace("_", " ")),
        "percent": view.percent if view.run.status == JobRun.Status.RUNNING else None,
        "numbers": numbers,
        "error": error,
        "idle": view.run.status == JobRun.Status.DONE and not view.run.done and not numbers,
        "late": late,
    }


def _failed(way: str, rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Failed rows of one direction: what it was, why in words, and the code for whoever looks it up."""
    return [
        {
            "item": f"{way}:{row.pk}",
            "event": row.pk if way == "in" else None,
            "what": KINDS_OUT.get(row.kind, row.kind) if way == "out" else row.event,
            "code": code,
            "why": FAULTS.get(code, _("It was refused.")),
            "target": getattr(row, "target", ""),
            "at": row.created_at if way == "out" else row.received_at,
        }
        for row in rows
        for code in [row.error if way == "out" else row.outcome]
    ]
