"""Incidents in the back office: what differs in plain words, what may be done about it, and closing; it decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import BooleanField, Case, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from loyalty_plugin.admin.access import Page, crumb
from loyalty_plugin.admin.listing import LinkColumn, Listing, OneOf, TimeColumn
from loyalty_plugin.admin.words import FAULTS, chip
from loyalty_plugin.domain.values import Money
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.explanations.numbers import money_text
from loyalty_plugin.queries.incidents import incidents
from loyalty_plugin.registry import ports
from loyalty_plugin.services.incidents import Acted, act, close

#: Differences whose `promised` and `charged` are units, not amounts.
IN_UNITS: Final = frozenset({"more_units", "over_limit"})
#: What each difference means, in a sentence.
DIFFERENCES: Final[dict[str, Any]] = {
    "unknown_promise": gettext_lazy("A line names a member price that was never promised here."),
    "withdrawn_promise": gettext_lazy("A line has a member price that had been taken back before."),
    "another_customer": gettext_lazy("What was charged, %(charged)s, had been promised to another customer."),
    "more_units": gettext_lazy("The price was promised for %(promised)s units; %(charged)s were bought."),
    "over_limit": gettext_lazy(
        "A price with a limit: %(promised)s units were allowed; %(charged)s were bought."
    ),
    "charged_more": gettext_lazy("Promised %(promised)s, charged %(charged)s: the customer paid too much."),
    "charged_less": gettext_lazy("Promised %(promised)s, charged only %(charged)s."),
    "not_quantity_times_price": gettext_lazy(
        "Quantity times price is %(promised)s, and %(charged)s was charged."
    ),
    "barred": gettext_lazy("Bought by somebody who may not buy it, for %(charged)s: it is kept for members."),
    "below_floor": gettext_lazy(
        "Charged %(charged)s, below the programme's floor of %(promised)s: the shop's own reductions took it there."
    ),
    "paid_by_another": gettext_lazy(
        "%(promised)s that a member had reserved were used for another's order: they were released, the order lacks them."
    ),
    "paid_for_excluded": gettext_lazy(
        "%(promised)s were reserved for goods that may not be paid so: they were released, the order lacks them."
    ),
    "not_covered": gettext_lazy("The order costs %(promised)s; only %(charged)s is paid or reserved."),
}

#: What each act does, said before it is done.
ACTS: Final[dict[str, tuple[Any, Any]]] = {
    Incident.Action.CONTACT: (
        gettext_lazy("The customer was contacted"),
        gettext_lazy("Only noted here; nothing changes in Saleor."),
    ),
    Incident.Action.HOLD: (
        gettext_lazy("Hold back"),
        gettext_lazy(
            "Writes a note on the order in Saleor. Saleor itself does not keep anybody from sending it."
        ),
    ),
    Incident.Action.REFUND: (
        gettext_lazy("Grant the refund"),
        gettext_lazy("Grants it in Saleor. The money goes when it is sent there, by the payment App."),
    ),
    Incident.Action.CONFIRM: (
        gettext_lazy("Confirm all the same"),
        gettext_lazy("Confirms an order that waits unconfirmed, as it is."),
    ),
    Incident.Action.CANCEL: (
        gettext_lazy("Cancel the order"),
        gettext_lazy("Cancels it in Saleor. No money goes back by that: refund it there."),
    ),
}


def sentence_of(one: Mapping[str, Any], currency: str) -> str:
    """A difference in words; a code we do not know is shown as it is."""
    words = DIFFERENCES.get(one["code"], one["code"])
    plain = str if one["code"] in IN_UNITS else lambda minor: money(minor, currency)
    return str(words) % {"promised": plain(one["promised"]), "charged": plain(one["charged"])}


def money(minor: int, currency: str) -> str:
    """An amount with its currency."""
    return money_text(minor, currency)


def at_stake(incident: Incident) -> str:
    """Who lost how much."""
    if incident.lost > 0:
        return _("%(amount)s lost by the shop") % {"amount": money(incident.lost, incident.currency)}
    if incident.lost < 0:
        return _("%(amount)s too much from the customer") % {
            "amount": money(-incident.lost, incident.currency)
        }
    return _("no money")


class IncidentFilters(WagtailFilterSet):
    """By state."""

    state = OneOf(field_name="status", label=gettext_lazy("State"), choices=Incident.Status.choices)

    class Meta:
        model = Incident
        fields: list[str] = []


class IndexView(Listing):
    """Incidents, open ones first."""

    operation = Operation.VIEW_INCIDENTS
    page_title = gettext_lazy("Incidents")
    header_icon = "warning"
    model = Incident
    verbose_name, verbose_name_plural = gettext_lazy("incident"), gettext_lazy("incidents")
    index_url_name = "loyalty_incidents:index"
    index_results_url_name = "loyalty_incidents:index_results"
    filterset_class = IncidentFilters
    nothing = gettext_lazy(
        "Every order was charged as promised. One that is not appears here, with what can be done about it."
    )
    no_match = gettext_lazy("There is none in this state.")

    def get_base_queryset(self) -> Any:
        closed = Case(
            When(status=Incident.Status.OPEN, then=Value(False)),
            default=Value(True),
            output_field=BooleanField(),
        )
        return incidents(self.actor).order_by(closed, "-found_at", "-pk")

    @cached_property
    def columns(self) -> list[Column]:  # type: ignore[override]
        return [
            LinkColumn("order", label=_("Order"), accessor=str, url_name="loyalty_incidents:incident"),
            Column(
                "what",
                label=_("What"),
                accessor=lambda one: sentence_of(one.differences[0], one.currency) if one.differences else "",
            ),
            Column("lost", label=_("At stake"), accessor=at_stake, classname="lp-wide"),
            Column("state", label=_("State"), accessor=lambda one: chip(one.status)),
            Column(
                "action",
                label=_("Latest act"),
                accessor=lambda one: one.get_action_display() or "–",
                classname="lp-wide",
            ),
            TimeColumn("found_at", label=_("Found"), classname="lp-wide"),
        ]


class IncidentView(Page):
    """One incident: what differs, what each act does, and closing."""

    operation = Operation.VIEW_INCIDENTS
    template_name = "loyalty_plugin/admin/incident.html"
    header_icon = "warning"

    @cached_property
    def incident(self) -> Incident:
        found = incidents(self.actor).filter(pk=self.kwargs["incident_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_page_title(self) -> str:
        return _("Order %(number)s") % {"number": self.incident}

    def trail(self) -> list[dict[str, Any]]:
        return [crumb(_("Incidents"), reverse("loyalty_incidents:index")), crumb(self.get_page_title())]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        one = self.incident
        change = one.change
        return super().get_context_data(
            **kwargs,
            incident=one,
            sentences=[sentence_of(each, one.currency) for each in one.differences],
            stake=at_stake(one),
            open=one.status == Incident.Status.OPEN,
            may_act=self.may(Operation.HANDLE_INCIDENTS),
            may_see_members=self.may(Operation.VIEW_MEMBERS),
            acts=[(code, label, words) for code, (label, words) in ACTS.items()],
            refund=Money(max(-one.lost, 0), one.currency).decimal,
            reasons=Incident.Reason.choices,
            change=change,
            fault=FAULTS.get(change.error, change.error) if change and change.error else "",
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        now, pk = ports.clock.now(), self.incident.pk
        try:
            if reason := request.POST.get("close"):
                close(self.actor, incident_id=pk, reason=reason, now=now)
                messages.success(request, _("Closed."))
                return redirect("loyalty_incidents:index")
            action = request.POST.get("act", "")
            amount = 0
            if action == Incident.Action.REFUND:
                amount = Money.parse(request.POST.get("amount", ""), self.incident.currency).amount
            done = act(self.actor, incident_id=pk, action=action, amount=amount, now=now)
            messages.success(request, self.said(done))
        except LoyaltyError as error:
            self.refuse(error)
        return redirect("loyalty_incidents:incident", pk)

    def said(self, done: Acted) -> str:
        """What follows from an act."""
        if done.request_id is not None:
            return _("This is above what one person may grant: it waits for a second person under Requests.")
        return _("Sent to Saleor; below is what became of it.") if done.change is not None else _("Noted.")
