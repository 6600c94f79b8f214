"""Requests in the back office: what waits, what is asked and why, and the decision of another person."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from loyalty_plugin.admin.access import Page
from loyalty_plugin.admin.words import OPERATIONS, points, why_it_waits
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.requests import Request
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.trail import requests
from loyalty_plugin.registry import ports
from loyalty_plugin.services import approvals
from loyalty_plugin.services.adjustments import REASONS


def described(request: Request) -> dict[str, Any]:
    """A request as lists and pages show it."""
    return {
        "asked": request,
        "what": OPERATIONS.get(request.operation, request.operation),
        "amount": points(request.amount),
        "reason": REASONS.get(request.reason, request.reason),
        "cause": why_it_waits(request.cause),
        "asked_by": request.requested_by or _("the programme itself"),
    }


class IndexView(Page):
    """Requests, those that wait first."""

    operation = Operation.ADJUST_POINTS
    template_name = "loyalty_plugin/admin/requests.html"
    header_icon = "mail"

    def get_page_title(self) -> str:
        return _("Requests")

    def trail(self) -> list[dict[str, Any]]:
        return [{"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        state = self.request.GET.get("state", Request.Status.WAITING)
        found = requests(self.actor, status="" if state == "all" else state)
        page = Paginator(found, 50).get_page(self.request.GET.get("p"))
        return super().get_context_data(
            **kwargs,
            page=page,
            rows=[described(one) for one in page],
            state=state,
            states=[*Request.Status.choices, ("all", _("all"))],
        )


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

    def get_page_title(self) -> str:
        return str(OPERATIONS.get(self.asked.operation, self.asked.operation))

    def get_page_subtitle(self) -> str:
        return str(self.asked.member or "")

    def trail(self) -> list[dict[str, Any]]:
        return [
            {"url": reverse("loyalty_requests:index"), "label": _("Requests")},
            {"url": "", "label": self.get_page_title()},
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
        open_still = self.asked.status == Request.Status.WAITING and self.asked.expires_at > ports.clock.now()
        return super().get_context_data(
            **kwargs,
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
        words = _("Approved and posted.") if "approve" in request.POST else _("Rejected. Nothing was posted.")
        messages.success(request, words)
        return redirect("loyalty_requests:index")
