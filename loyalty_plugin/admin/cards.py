"""Issues cards and hands out their PDF in the back office; drawing is the card room's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views import View

from loyalty_plugin.admin.access import actor_of
from loyalty_plugin.admin.words import sentence
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.policies import Operation, allows
from loyalty_plugin.queries.cards import card
from loyalty_plugin.registry import ports
from loyalty_plugin.services.cards import issue_card


class IssueView(View):
    """Issues a member's card, or finds the one there is."""

    def post(self, request: HttpRequest, member_id: int) -> HttpResponse:
        if not allows(actor_of(request), Operation.ISSUE_CARDS):
            raise Forbidden
        try:
            issue_card(actor_of(request), member_id=member_id, now=ports.clock.now())
        except LoyaltyError as error:
            messages.error(request, sentence(error))
        else:
            messages.success(request, _("The card is ready to print."))
        return redirect("loyalty_members:member", member_id)


class PdfView(View):
    """A card to print: front and back with bleed."""

    def get(self, request: HttpRequest, card_id: UUID, **_kwargs: Any) -> HttpResponse:
        from loyalty_plugin.cards.rendering import render_pdf

        actor = actor_of(request)
        if not allows(actor, Operation.VIEW_MEMBERS):
            raise Forbidden
        try:
            found = card(actor, card_id=card_id, now=ports.clock.now())
            pdf = render_pdf(found)
        except LoyaltyError as error:
            messages.error(request, sentence(error))
            return redirect("loyalty_members:index")
        response = HttpResponse(pdf, content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="card-{found.number}.pdf"'
        response["Cache-Control"] = "private, no-store"
        return response
