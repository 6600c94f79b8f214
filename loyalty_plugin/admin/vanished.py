"""Orders that Saleor has no more, in the back office: what stands of them, and that somebody decided; takes nothing back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.admin import messages

from loyalty_plugin.admin.access import Page, crumb, whole_number
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.reconciling import vanished
from loyalty_plugin.registry import ports
from loyalty_plugin.services.history.vanished import settle


class IndexView(Page):
    """Those that wait for a person."""

    operation = Operation.VIEW_OPERATIONS
    template_name = "loyalty_plugin/admin/vanished.html"
    header_icon = "warning"

    def get_page_title(self) -> str:
        return _("Orders that are gone")

    def trail(self) -> list[dict[str, Any]]:
        return [crumb(_("Operations"), reverse("loyalty_operations:index")), crumb(self.get_page_title())]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = vanished(self.actor)
        return super().get_context_data(
            **kwargs,
            rows=found.rows,
            more=found.more,
            may_settle=self.may(Operation.RETRY_OPERATIONS),
            may_see_members=self.may(Operation.VIEW_MEMBERS),
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        number = whole_number(request.POST.get("gone", ""))
        try:
            settle(self.actor, gone_id=number or 0, now=ports.clock.now())
        except LoyaltyError as error:
            self.refuse(error)
        else:
            messages.success(request, _("Noted as settled. Its points stay as they are now."))
        return redirect("loyalty_operations:gone")
