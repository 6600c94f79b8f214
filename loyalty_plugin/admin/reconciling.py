"""Comparisons with Saleor in the back office: how many were equal, what was healed and what differs; compares nothing."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty_plugin.admin.access import Page, crumb
from loyalty_plugin.models.reconciling import Difference
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.explanations.numbers import money_text
from loyalty_plugin.queries.reconciling import Report, report, reports

#: Why something was not as Saleor had it; any other code is told as it is.
WHY = {
    "missed": gettext_lazy("No event of it had come."),
    "changed": gettext_lazy("It had changed without our hearing of it."),
    "ours_newer": gettext_lazy("We hold something newer than Saleor has: was Saleor restored from a backup?"),
    "gone": gettext_lazy("Saleor has it no more."),
    "joined": gettext_lazy("Became a member without our hearing of it."),
    "verified": gettext_lazy("Their e-mail was confirmed without our hearing of it."),
    "joined,verified": gettext_lazy("Became a member without our hearing of it."),
    "failed": gettext_lazy("It could not be applied. The log says why; it is tried again next time."),
    "insufficient": gettext_lazy("Points were to be taken back that are spent already."),
}
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
        return super().get_context_data(**kwargs, reports=reports(self.actor))


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
