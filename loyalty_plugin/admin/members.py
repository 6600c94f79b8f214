"""Members in the back office: found, listed, and one of them in one look; shows what queries give, decides nothing."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from loyalty_plugin.admin.access import Page, crumb, whole_number
from loyalty_plugin.admin.listing import LinkColumn, Listing, OneOf, PointsColumn, TimeColumn
from loyalty_plugin.admin.payments import payment_rows
from loyalty_plugin.admin.statement import lot_rows, movement_rows
from loyalty_plugin.admin.words import chip
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.balances import Standing, balances_of, lots_of
from loyalty_plugin.queries.explanations.numbers import in_language
from loyalty_plugin.queries.gifts import gifts_of
from loyalty_plugin.queries.members import MembershipView, get_member, membership_of, search
from loyalty_plugin.queries.outlook import outlook
from loyalty_plugin.queries.paying import payments_of
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.queries.statements import statement
from loyalty_plugin.queries.trail import requests_of, trail_of
from loyalty_plugin.registry import ports


def tier_names() -> dict[tuple[int, str], str]:
    """Names of the tiers of all versions, in the reader's language, by programme and code; the latest wins."""
    return {
        (programme_id, tier.code): in_language(tier.name, tier.code)
        for programme_id in Programme.objects.values_list("pk", flat=True)
        for version in versions_of(programme_id).all
        for tier in version.document.ladder
    }


#: What members are found by, in every list of them.
SEARCHED = gettext_lazy("Number, card, phone, or part of a name or e-mail")


class MemberFilters(WagtailFilterSet):
    """By tier and by state."""

    tier = OneOf(
        field_name="tier",
        label=gettext_lazy("Tier"),
        choices=lambda: list({code: name for (_pk, code), name in tier_names().items()}.items()),
    )
    state = OneOf(field_name="status", label=gettext_lazy("State"), choices=Member.Status.choices)

    class Meta:
        model = Member
        fields: list[str] = []


class IndexView(Listing):
    """All members this person may see, searched by number, card, phone, or part of a name or e-mail."""

    operation = Operation.VIEW_MEMBERS
    page_title = gettext_lazy("Members")
    header_icon = "group"
    model = Member
    verbose_name, verbose_name_plural = gettext_lazy("member"), gettext_lazy("members")
    index_url_name = "loyalty_members:index"
    index_results_url_name = "loyalty_members:index_results"
    filterset_class = MemberFilters
    is_searchable = True
    search_placeholder = SEARCHED
    no_match = gettext_lazy("Nobody matches. Try part of the name or the e-mail.")
    nothing = gettext_lazy(
        "There are no members yet. Customers of the programme's channels become members by themselves, "
        "once a programme is published."
    )

    def get_base_queryset(self) -> Any:
        return search(self.actor, self.search_query, state=self.request.GET.get("state", ""))

    @cached_property
    def columns(self) -> list[Column]:  # type: ignore[override]
        names = tier_names()
        several = len({programme_id for programme_id, _code in names}) > 1
        return [
            LinkColumn(
                "name",
                label=_("Name"),
                accessor=lambda member: Truncator(str(member)).chars(80),
                url_name="loyalty_members:member",
            ),
            Column("number", label=_("Number"), classname="lp-mono lp-wide"),
            *([Column("programme", label=_("Programme"), classname="lp-wide")] if several else []),
            Column(
                "tier",
                label=_("Tier"),
                accessor=lambda member: names.get((member.programme_id, member.tier), member.tier) or "–",
            ),
            PointsColumn("available", label=_("Available"), number=lambda m: self.balance(m).available),
            PointsColumn(
                "pending",
                label=_("On the way"),
                number=lambda m: self.balance(m).pending,
                classname="lp-wide",
            ),
            Column("state", label=_("State"), accessor=lambda m: chip(m.status), classname="lp-wide"),
            TimeColumn("joined_at", label=_("Joined"), form="DATE_FORMAT", classname="lp-wide"),
        ]

    def get_table(self, object_list: Any) -> Any:
        self._balances = balances_of([member.pk for member in object_list])
        return super().get_table(object_list)

    def balance(self, member: Member) -> Standing:
        """The points of a member on this page of the list."""
        return self._balances[member.pk]


class OfMember(Page):
    """A page about one member, in the days of that member's programme."""

    @cached_property
    def member(self) -> Member:
        return get_member(self.actor, self.kwargs["member_id"])

    def zone(self) -> tzinfo:
        return ZoneInfo(self.member.programme.timezone)

    def trail(self) -> list[dict[str, Any]]:
        return [
            crumb(_("Members"), reverse("loyalty_members:index")),
            crumb(self.member, reverse("loyalty_members:member", args=[self.member.pk])),
        ]


class MemberView(OfMember):
    """One member: the answer on top, history below, acts where the eye ends."""

    operation = Operation.VIEW_MEMBERS
    template_name = "loyalty_plugin/admin/member.html"
    header_icon = "user"

    @cached_property
    def view(self) -> MembershipView:
        return membership_of(self.member, ports.clock.now())

    def get_page_title(self) -> str:
        return self.view.name or self.view.number

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        view, member = self.view, self.member
        before = whole_number(self.request.GET.get("before", ""))
        page = statement(member.pk, before=before, limit=20)
        return super().get_context_data(
            **kwargs,
            heading=self.get_page_title(),
            member=member,
            view=view,
            tier=in_language(view.tier.name, view.tier.code),
            outlook=outlook(view.forecast, view.version),
            lots=lot_rows(lots_of(member.pk, view.version)),
            movements=movement_rows(page.movements),
            later=bool(before),
            older=page.before,
            requests=requests_of(member.pk),
            records=trail_of(f"member:{member.pk}"),
            may_adjust=self.may(Operation.ADJUST_POINTS) and member.status != Member.Status.ERASED,
            may_erase=self.may(Operation.ERASE_MEMBERS) and member.status != Member.Status.ERASED,
            may_issue=self.may(Operation.ISSUE_CARDS) and member.status == Member.Status.ACTIVE,
            may_see_trail=self.may(Operation.VIEW_TRAIL),
            cards=member.cards.order_by("-issued_at"),
            payments=payment_rows(payments_of(self.actor, member_id=member.pk)),
            gifts=gifts_of(
                self.actor, member_id=member.pk, today=local_day(ports.clock.now(), view.version.zone)
            ),
        )
