"""A received event in the back office: what it is about and what doing it again would change; the service does it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from wagtail.admin import messages

from loyalty_plugin.admin.access import Page, crumb
from loyalty_plugin.admin.members import tier_names
from loyalty_plugin.admin.words import FAULTS, points, sentence
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.operations import received
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.hints import named
from loyalty_plugin.services import replay


class EventView(Page):
    """What would change, then the act."""

    operation = Operation.VIEW_OPERATIONS
    template_name = "loyalty_plugin/admin/event.html"
    header_icon = "rotate"

    def get_page_title(self) -> str:
        return _("A received event")

    def get_page_subtitle(self) -> str:
        return f"{self.item.event} {self.item.pk}"

    def trail(self) -> list[dict[str, Any]]:
        above = crumb(_("Operations"), reverse("loyalty_operations:index"))
        return [above, crumb(self.get_page_subtitle())]

    @cached_property
    def item(self) -> InboxItem:
        return received(self.actor, item_id=self.kwargs["item_id"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        refused, changes = "", []
        orders, customers = named(self.item.event, bytes(self.item.body)) if self.item.body else ([], [])
        if orders or customers:
            try:
                changes = replay.preview(
                    self.actor,
                    realm=self.item.installation.realm.api_url,
                    orders=orders,
                    customers=customers,
                    now=ports.clock.now(),
                )
            except LoyaltyError as error:
                refused = sentence(error)
        names = {code: name for (_programme, code), name in tier_names().items()}
        return super().get_context_data(
            **kwargs,
            item=self.item,
            why=FAULTS.get(self.item.outcome, ""),
            kept=self.item.body is not None,
            names_nothing=not orders and not customers,
            rows=[_row(one, names) for one in changes],
            differs=any(one.differs for one in changes),
            refused=refused,
            may_replay=self.may(Operation.RETRY_OPERATIONS) and self.item.body is not None,
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            replay.replay(self.actor, item_ids=[self.item.pk], now=ports.clock.now())
        except LoyaltyError as error:
            self.refuse(error)
        else:
            messages.success(request, _("It will be done again in a moment."))
        return redirect("loyalty_operations:event", self.item.pk)


def _row(one: replay.Change, names: dict[str, str]) -> dict[str, Any]:
    kind = _("Order {number}") if one.kind == "order" else _("Member {number}")
    return {
        "what": kind.format(number=one.label),
        "found": one.found,
        "differs": one.differs,
        "before": _state(one.before, names),
        "after": _state(one.after, names),
    }


def _state(state: replay.State, names: dict[str, str]) -> str:
    tier = names.get(state.tier, state.tier)
    return ", ".join(str(part) for part in (points(state.points), tier, state.outcome) if part)
