"""Points for past orders in the back office: what they cost, for whom, and accepting it; reckons and issues nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from wagtail.admin import messages
from wagtail.admin.ui.tables import Column
from wagtail.admin.widgets.button import Button

from loyalty_plugin.admin.access import BackOfficeMixin, Page, crumb, whole_number
from loyalty_plugin.admin.downloads import csv_file
from loyalty_plugin.admin.listing import LinkColumn, Listing, PointsColumn
from loyalty_plugin.admin.members import SEARCHED
from loyalty_plugin.admin.progress import progress
from loyalty_plugin.admin.words import over_limit, sentence
from loyalty_plugin.errors import LimitExceeded, LoyaltyError, PermissionDenied
from loyalty_plugin.models.past import PastCost, PastCostLine, PastPoints
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.explanations.numbers import money_text
from loyalty_plugin.queries.paging import in_pages
from loyalty_plugin.queries.past import TOP, Past, liability, lines, past, realms_with_past
from loyalty_plugin.queries.trail import trail_of
from loyalty_plugin.registry import ports
from loyalty_plugin.services.history import accepting, costing


class WorthForm(forms.Form):
    """What a point is worth to the shop: only to show the liability, it is kept nowhere."""

    worth = forms.DecimalField(
        label=gettext_lazy("What a point is worth"),
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=6,
    )


class _OfRealm:
    """One Saleor's past orders."""

    actor: Any
    kwargs: dict[str, Any]

    @cached_property
    def past(self) -> Past:
        return past(self.actor, realm_id=self.kwargs["realm_id"])

    def ready(self) -> PastCost:
        """What was reckoned to its end. Raises Http404 where that is not so."""
        if self.past.cost is None or self.past.cost.status != PastCost.Status.READY:
            raise Http404
        return self.past.cost


class IndexView(Page):
    """Which Saleor; where there is one, that one."""

    operation = Operation.VIEW_OPERATIONS
    template_name = "loyalty_plugin/admin/past_index.html"
    header_icon = "history"

    def get_page_title(self) -> str:
        return _("Past orders")

    def trail(self) -> list[dict[str, Any]]:
        return [crumb(self.get_page_title())]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = realms_with_past(self.actor)
        if len(found) == 1:
            return redirect("loyalty_past:realm", found[0].realm.pk)
        rows = [{"past": one, "host": urlsplit(one.realm.api_url).netloc} for one in found]
        return self.render_to_response(self.get_context_data(rows=rows))


class PastView(_OfRealm, Page):
    """What points for past orders would cost, for whom, and what became of it."""

    operation = Operation.VIEW_OPERATIONS
    template_name = "loyalty_plugin/admin/past.html"
    header_icon = "history"

    def get_page_title(self) -> str:
        return _("Points for past orders")

    def trail(self) -> list[dict[str, Any]]:
        return [crumb(_("Past orders"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        cost, accepted = self.past.cost, self.past.accepted
        now = ports.clock.now()
        worth = WorthForm(self.request.GET or None)
        if cost is not None and cost.status == PastCost.Status.RUNNING:
            kwargs |= progress(cost.done, cost.total, cost.created_at, now)
        issuing = accepted is not None and accepted.status == PastPoints.Status.RUNNING
        if issuing and accepted is not None:
            kwargs |= progress(accepted.posted, accepted.points, accepted.accepted_at, now)
        ready = cost is not None and cost.status == PastCost.Status.READY
        if ready and cost is not None:
            kwargs |= self._shown(cost, worth)
        return super().get_context_data(
            **kwargs,
            past=self.past,
            cost=cost,
            accepted=accepted,
            issuing=issuing,
            ready=ready and not issuing,
            open=accepted is not None and accepted.status in accepting.OPEN,
            worth=worth,
            may_reckon=self.may(Operation.RETRY_OPERATIONS),
            may_accept=self.may(Operation.PUBLISH_PROGRAMME),
            records=[
                one for one in trail_of(f"realm:{self.past.realm.pk}") if one.operation == "points.past"
            ],
        )

    def _shown(self, cost: PastCost, worth: WorthForm) -> dict[str, Any]:
        value: Decimal | None = worth.cleaned_data["worth"] if worth.is_valid() else None
        currency = self.past.currency
        money = liability(cost.points, cost.over, value, currency) if value is not None and currency else None
        named = lines(self.actor, cost)[:TOP] if self.may(Operation.VIEW_MEMBERS) else []
        return {
            "liability": money_text(money.amount, money.currency) if money is not None else "",
            "top": named,
            "stale": cost.total != self.past.orders,
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        costing.begin(self.actor, realm_id=self.past.realm.pk)
        return redirect("loyalty_past:realm", self.past.realm.pk)


class AcceptView(_OfRealm, Page):
    """What accepting does, in numbers, then the act."""

    operation = Operation.PUBLISH_PROGRAMME
    template_name = "loyalty_plugin/admin/past_accept.html"
    header_icon = "history"

    def get_page_title(self) -> str:
        return _("Accept the cost")

    def trail(self) -> list[dict[str, Any]]:
        above = crumb(_("Past orders"), reverse("loyalty_past:realm", args=[self.past.realm.pk]))
        return [above, crumb(self.get_page_title())]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        cost = self.ready()
        found, refused = None, ""
        try:
            found = accepting.over_limit(self.actor, cost.points)
        except (LimitExceeded, PermissionDenied) as error:
            refused = sentence(error)
        return super().get_context_data(
            **kwargs,
            past=self.past,
            cost=cost,
            excess=over_limit("past", found.limit, 0) if found else "",
            refused=refused,
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        total = whole_number(request.POST.get("total", ""))
        try:
            done = accepting.accept_cost(
                self.actor, cost_id=self.ready().pk, total=-1 if total is None else total
            )
        except LoyaltyError as error:
            self.refuse(error)
        else:
            waits = done.row.status == PastPoints.Status.WAITING
            told = _("Asked. Nothing is issued until another person agrees.")
            messages.success(request, told if waits else _("Accepted. The points are being issued."))
        return redirect("loyalty_past:realm", self.past.realm.pk)


class MembersView(_OfRealm, Listing):
    """Who would get how much."""

    operation = Operation.VIEW_OPERATIONS
    page_title = gettext_lazy("Points for past orders by member")
    header_icon = "group"
    model = PastCostLine
    verbose_name = gettext_lazy("member")
    verbose_name_plural = gettext_lazy("members with past orders")
    is_searchable = True
    search_placeholder = SEARCHED
    nothing = gettext_lazy("No member would get points for past orders.")
    no_match = gettext_lazy("Nobody matches. Try fewer words, or part of the name.")

    def get_index_url(self) -> str:
        return reverse("loyalty_past:members", args=[self.past.realm.pk])

    def get_index_results_url(self) -> str:
        return reverse("loyalty_past:members_results", args=[self.past.realm.pk])

    def trail(self) -> list[dict[str, Any]]:
        above = crumb(_("Past orders"), reverse("loyalty_past:realm", args=[self.past.realm.pk]))
        return [above, crumb(_("By member"))]

    @cached_property
    def header_more_buttons(self) -> list[Button]:  # type: ignore[override]
        url = reverse("loyalty_past:csv", args=[self.past.realm.pk])
        return [Button(_("Download as CSV"), url=url, icon_name="download", priority=10)]

    def get_base_queryset(self) -> Any:
        return lines(self.actor, self.ready(), self.search_query)

    @cached_property
    def columns(self) -> list[Column]:  # type: ignore[override]
        return [
            LinkColumn(
                "member",
                label=_("Member"),
                accessor=lambda line: Truncator(str(line.member)).chars(80),
                get_url=lambda line: reverse("loyalty_members:member", args=[line.member_id]),
            ),
            PointsColumn("points", label=_("Points"), number=lambda line: line.points),
            PointsColumn("orders", label=_("Orders"), number=lambda line: line.orders),
            PointsColumn(
                "over", label=_("Expire at once"), number=lambda line: line.over, classname="lp-wide"
            ),
            PointsColumn(
                "waiting",
                label=_("Orders that wait for a person"),
                number=lambda line: line.waiting,
                classname="lp-wide",
            ),
        ]


class DownloadView(_OfRealm, BackOfficeMixin, View):
    """The whole list as CSV."""

    operation = Operation.VIEW_OPERATIONS

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rows = lines(self.actor, self.ready())
        costing.note_download(self.actor, realm_id=self.past.realm.pk)
        name = f"points-for-past-orders-{self.past.realm.pk}.csv"
        return csv_file(name, _headings, in_pages(rows), _cells)


def _headings() -> list[str]:
    return [
        _("Number"),
        _("Name"),
        _("Points"),
        _("Orders"),
        _("Expire at once"),
        _("Orders that wait for a person"),
    ]


def _cells(line: PastCostLine) -> list[Any]:
    member = line.member
    return [member.number, member.name, line.points, line.orders, line.over, line.waiting]
