"""Requests in the back office: what waits, what is asked and why, and the decision of another person."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, Case, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from loyalty_plugin.admin.access import Page, crumb
from loyalty_plugin.admin.listing import LinkColumn, Listing, OneOf, TimeColumn
from loyalty_plugin.admin.words import OPERATIONS, asked, chip, points, why_it_waits
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.requests import Request
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.balances import balances_of
from loyalty_plugin.queries.trail import requests
from loyalty_plugin.registry import ports
from loyalty_plugin.services import approvals, decided, granting
from loyalty_plugin.services.adjustments import REASONS


def state_of(request: Request) -> str:
    """Its state today: one that waits past its time has run out, though no job has noted it yet."""
    late = request.status == Request.Status.WAITING and request.expires_at <= ports.clock.now()
    return "expired" if late else str(request.status)


def described(request: Request) -> dict[str, Any]:
    """A request as its page shows it."""
    return {
        "asked": request,
        "state": state_of(request),
        "amount": asked(request.amount, request.unit),
        "reason": REASONS.get(request.reason, request.reason),
        "cause": why_it_waits(request.cause),
        "asked_by": request.requested_by or _("the programme itself"),
    }


class RequestFilters(WagtailFilterSet):
    """By state."""

    state = OneOf(field_name="status", label=gettext_lazy("State"), choices=Request.Status.choices)

    class Meta:
        model = Request
        fields: list[str] = []


class IndexView(Listing):
    """Requests, those that wait first."""

    operation = Operation.ADJUST_POINTS
    page_title = gettext_lazy("Requests")
    header_icon = "mail"
    model = Request
    verbose_name, verbose_name_plural = gettext_lazy("request"), gettext_lazy("requests")
    index_url_name = "loyalty_requests:index"
    index_results_url_name = "loyalty_requests:index_results"
    filterset_class = RequestFilters
    nothing = gettext_lazy(
        "Nothing waits. When somebody asks for more than their limit allows, it appears here."
    )
    no_match = gettext_lazy("There is none in this state.")

    def get_base_queryset(self) -> Any:
        settled = Case(
            When(status=Request.Status.WAITING, then=Value(False)),
            default=Value(True),
            output_field=BooleanField(),
        )
        return requests(self.actor).order_by(settled, "-pk")

    @cached_property
    def columns(self) -> list[Column]:  # type: ignore[override]
        return [
            LinkColumn(
                "member",
                label=_("Member"),
                accessor=lambda one: Truncator(str(one.member or _("no member"))).chars(80),
                url_name="loyalty_requests:request",
            ),
            Column(
                "what",
                label=_("What"),
                accessor=lambda one: OPERATIONS.get(one.operation, one.operation),
                classname="lp-wide",
            ),
            Column(
                "amount",
                label=_("Amount"),
                accessor=lambda one: asked(one.amount, one.unit),
                classname="lp-num",
            ),
            Column("state", label=_("State"), accessor=lambda one: chip(state_of(one))),
            Column(
                "asked_by",
                label=_("Asked by"),
                accessor=lambda one: one.requested_by or _("the programme itself"),
                classname="lp-wide",
            ),
            TimeColumn("created_at", label=_("Asked"), classname="lp-wide"),
        ]


class RequestView(Page):
    """One request with what it would do, and the decision."""

    operation = Operation.ADJUST_POINTS
    template_name = "loyalty_plugin/admin/request.html"
    header_icon = "mail"

    @cached_property
    def asked(self) -> Request:
        found = requests(self.actor).filter(pk=self.kwargs["request_id"]).first()
        if found is None:
            raise Http404
        return found

    def zone(self) -> tzinfo:
        return ZoneInfo(self.asked.programme.timezone)

    def get_page_title(self) -> str:
        return str(OPERATIONS.get(self.asked.operation, self.asked.operation))

    def trail(self) -> list[dict[str, Any]]:
        return [
            crumb(_("Requests"), reverse("loyalty_requests:index")),
            crumb(self.get_page_title()),
        ]

    def why_not(self) -> str:
        """Why this person may not decide, empty if they may."""
        if not self.may(Operation.DECIDE_REQUESTS):
            return _("Your role does not include deciding. A manager or an owner can.")
        if self.actor.person_id is None:
            return _(
                "Your account is not linked to a person yet, so it can't decide. Ask an owner to link it."
            )
        if self.asked.requested_by_id == self.actor.person_id:
            return _("You asked for this yourself. Another person has to decide.")
        if self.actor.member_id is not None and self.actor.member_id == self.asked.member_id:
            return _("This is about your own membership. Somebody else has to decide.")
        return ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        open_still = state_of(self.asked) == Request.Status.WAITING
        if open_still and self.asked.member_id is not None and self.asked.unit == "points":
            before = balances_of([self.asked.member_id])[self.asked.member_id].available
            kwargs |= {"before": points(before), "after": points(before + self.asked.amount)}
        return super().get_context_data(
            **kwargs,
            heading=self.get_page_title(),
            **described(self.asked),
            open=open_still,
            why_not=self.why_not(),
            records=self.asked.trail.select_related("person").order_by("pk"),
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        decide = approvals.approve if "approve" in request.POST else approvals.reject
        try:
            decide(self.actor, request_id=self.asked.pk, now=ports.clock.now())
        except LoyaltyError as error:
            self.refuse(error)
            return redirect("loyalty_requests:request", self.asked.pk)
        messages.success(request, self.decided("approve" in request.POST))
        return redirect("loyalty_requests:index")

    def decided(self, approved: bool) -> str:
        """What follows from the decision."""
        if not approved:
            return _("Rejected. Nothing was posted.")
        if self.asked.operation == decided.HAND_PAID:
            return _("Confirmed. The order earns as soon as it has been read anew.")
        if self.asked.operation == decided.PAST_POINTS:
            return _("Approved. The points are being issued.")
        if self.asked.operation == granting.REFUND:
            return _("Approved. The refund is being granted in Saleor; the incident says what became of it.")
        return _("Approved and posted.")
