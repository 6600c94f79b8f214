"""Comparisons with Saleor in the back office: asked for, how far, what was equal, healed and differs; compares nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from loyalty_plugin.admin.access import Page, crumb, whole_number
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.reconciling import Difference
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.explanations.numbers import money_text
from loyalty_plugin.queries.reconciling import Comparable, Report, comparable, report, reports
from loyalty_plugin.registry import ports
from loyalty_plugin.services.history.reconcile import ask

#: Why something was not as Saleor had it; any other code is told as it is.
WHY = {
    "missed": gettext_lazy("No event of it had come."),
    "changed": gettext_lazy("It had changed without our hearing of it."),
    "ours_newer": gettext_lazy("We hold something newer than Saleor has: was Saleor restored from a backup?"),
    "gone": gettext_lazy("Saleor has it no more. Nothing was taken back: a person decides."),
    "joined": gettext_lazy("Became a member without our hearing of it."),
    "verified": gettext_lazy("Their e-mail was confirmed without our hearing of it."),
    "joined,verified": gettext_lazy("Became a member without our hearing of it."),
    "failed": gettext_lazy("It could not be applied. The log says why; it is tried again next time."),
    "insufficient": gettext_lazy("Points were to be taken back that are spent already."),
}
#: What a comparison does, step by step.
STEPS = (
    gettext_lazy("Taking in events that Saleor gave up on"),
    gettext_lazy("Orders that changed"),
    gettext_lazy("Customers that changed"),
    gettext_lazy("Some of all orders"),
    gettext_lazy("Looking for orders that are gone"),
    gettext_lazy("Some of all members"),
)
#: What differed of an order.
NAMES = {
    "total": gettext_lazy("total"),
    "charged": gettext_lazy("paid"),
    "refunded": gettext_lazy("refunded"),
    "status": gettext_lazy("state"),
    "channel": gettext_lazy("channel"),
    "currency": gettext_lazy("currency"),
}
_MONEY = frozenset({"total", "charged", "refunded"})


class IndexView(Page):
    """Does what we hold agree with Saleor?"""

    operation = Operation.VIEW_OPERATIONS
    template_name = "loyalty_plugin/admin/reconciliations.html"
    header_icon = "check"

    def get_page_title(self) -> str:
        return _("Comparisons with Saleor")

    def trail(self) -> list[dict[str, Any]]:
        return [_operations(), crumb(self.get_page_title())]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        saleors = [_saleor(one) for one in comparable(self.actor, now=ports.clock.now())]
        return super().get_context_data(
            **kwargs,
            reports=reports(self.actor),
            saleors=saleors,
            moving=any(one["step"] or one["asked"] for one in saleors),
            may_compare=self.may(Operation.RETRY_OPERATIONS),
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        number = whole_number(request.POST.get("realm", ""))
        try:
            asked = ask(self.actor, realm_id=number or 0, now=ports.clock.now())
        except LoyaltyError as error:
            self.refuse(error)
        else:
            begun = _("It begins as soon as a worker is free.")
            messages.success(request, begun if asked else _("A comparison is under way already."))
        return redirect("loyalty_operations:reconciliations")


class ReportView(Page):
    """One comparison: what still differs first, then what was healed."""

    operation = Operation.VIEW_OPERATIONS
    template_name = "loyalty_plugin/admin/reconciliation.html"
    header_icon = "check"

    def get_page_title(self) -> str:
        return _("Comparison with Saleor")

    def trail(self) -> list[dict[str, Any]]:
        above = crumb(_("Comparisons with Saleor"), reverse("loyalty_operations:reconciliations"))
        return [
            _operations(),
            above,
            crumb(date_format(localtime(self.found.row.through), "DATE_FORMAT")),
        ]

    @cached_property
    def found(self) -> Report:
        return report(self.actor, report_id=self.kwargs["report_id"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            report=self.found.row,
            rows=[_row(one) for one in self.found.differences],
            more=self.found.more,
        )


def _saleor(one: Comparable) -> dict[str, Any]:
    """One Saleor with how far its comparison is, in words and as a part of all steps."""
    step = min(one.step, len(STEPS) - 1) if one.step is not None else None
    return {
        "realm": one.realm,
        "host": urlsplit(one.realm.api_url).netloc,
        "last": one.last,
        "asked": one.asked,
        "step": STEPS[step] if step is not None else "",
        "done": (step or 0) + 1,
        "steps": len(STEPS),
        "seen": one.last.seen if one.last is not None and step is not None else 0,
        "since": one.begun_at,
    }


def _operations() -> dict[str, Any]:
    return crumb(_("Operations"), reverse("loyalty_operations:index"))


def _row(one: Difference) -> dict[str, Any]:
    what = _("Order {number}") if one.kind == "order" else _("Customer {number}")
    currency = str(one.detail.get("in", ""))
    return {
        "what": what.format(number=one.number or one.target),
        "healed": one.healed,
        "why": WHY.get(one.why, ""),
        "code": one.why,
        "changes": [
            {
                "name": NAMES[name],
                "ours": _shown(name, pair[0], currency),
                "theirs": _shown(name, pair[1], currency),
            }
            for name, pair in one.detail.items()
            if name in NAMES
        ],
    }


def _shown(name: str, value: Any, currency: str) -> str:
    if value is None:
        return "–"
    return money_text(int(value), currency) if name in _MONEY and currency else str(value)
