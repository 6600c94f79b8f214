"""The menu of the back office and its URLs, one viewset a topic; hides what a person may not open."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.base import ViewSet, ViewSetGroup

from loyalty_plugin.admin import (
    adjusting,
    cards,
    connections,
    erasing,
    hand_prices,
    incidents,
    losers,
    members,
    modes,
    operations,
    past,
    posters,
    price_lists,
    programme,
    publishing,
    reconciling,
    replaying,
    requests,
    starting,
    trail,
    vanished,
)
from loyalty_plugin.admin.access import actor_of
from loyalty_plugin.admin.perks import views as perks
from loyalty_plugin.policies import Operation, allows
from loyalty_plugin.queries.incidents import waiting


class _Item(MenuItem):
    operation: Operation

    def is_shown(self, request: HttpRequest) -> bool:
        return allows(actor_of(request), self.operation)


class Topic(ViewSet):
    """A topic of the back office: shown to those who have its permission."""

    operation: Operation
    prefix = ""

    @property
    def menu_item_class(self) -> type[MenuItem]:
        return type("TopicItem", (_Item,), {"operation": self.operation})

    @property
    def url_prefix(self) -> str:
        return f"membership/{self.prefix}" if self.prefix else "membership"


class Overview(Topic):
    """Is everything all right?"""

    name = "loyalty_overview"
    prefix = "overview"
    icon = "home"
    menu_label = _("Overview")
    operation = Operation.VIEW_MEMBERS

    def get_urlpatterns(self) -> list[Any]:
        return [path("", operations.OverviewView.as_view(), name="index")]


class Members(Topic):
    """Members and what is done for one of them."""

    name = "loyalty_members"
    prefix = "members"
    icon = "group"
    menu_label = _("Members")
    operation = Operation.VIEW_MEMBERS

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", members.IndexView.as_view(), name="index"),
            path("results/", members.IndexView.as_view(results_only=True), name="index_results"),
            path("<int:member_id>/", members.MemberView.as_view(), name="member"),
            path("<int:member_id>/adjust/", adjusting.AdjustView.as_view(), name="adjust"),
            path("<int:member_id>/card/", cards.IssueView.as_view(), name="issue_card"),
            path("<int:member_id>/erase/", erasing.EraseView.as_view(), name="erase"),
            path("undo/<int:entry_id>/", adjusting.UndoView.as_view(), name="undo"),
            path("card/<uuid:card_id>.pdf", cards.PdfView.as_view(), name="card_pdf"),
        ]


class Posters(Topic):
    """Joining at the counter."""

    name = "loyalty_posters"
    prefix = "posters"
    icon = "doc-full"
    menu_label = _("Posters")
    operation = Operation.VIEW_MEMBERS

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", posters.IndexView.as_view(), name="index"),
            path("poster.pdf", posters.PdfView.as_view(), name="pdf"),
        ]


class Requests(Topic):
    """Acts that wait for another person."""

    name = "loyalty_requests"
    prefix = "requests"
    icon = "mail"
    menu_label = _("Requests")
    operation = Operation.ADJUST_POINTS

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", requests.IndexView.as_view(), name="index"),
            path("results/", requests.IndexView.as_view(results_only=True), name="index_results"),
            path("<int:request_id>/", requests.RequestView.as_view(), name="request"),
        ]


class _Counted(_Item):
    """A menu item that says how many wait."""

    def render_component(self, request: HttpRequest) -> Any:
        component = super().render_component(request)
        if count := waiting(actor_of(request)):
            # The item is kept for every request; what is rendered is this request's own.
            component.label = gettext("Incidents (%(count)s)") % {"count": count}
        return component


class Incidents(Topic):
    """Orders that were not charged as promised."""

    name = "loyalty_incidents"
    prefix = "incidents"
    icon = "warning"
    menu_label = _("Incidents")
    operation = Operation.VIEW_INCIDENTS

    @property
    def menu_item_class(self) -> type[MenuItem]:
        return type("IncidentsItem", (_Counted,), {"operation": self.operation})

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", incidents.IndexView.as_view(), name="index"),
            path("results/", incidents.IndexView.as_view(results_only=True), name="index_results"),
            path("<int:incident_id>/", incidents.IncidentView.as_view(), name="incident"),
        ]


class ProgrammeTopic(Topic):
    """The rules."""

    name = "loyalty_programme"
    prefix = "programme"
    icon = "order"
    menu_label = _("Programme")
    operation = Operation.EDIT_PROGRAMME

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", starting.IndexView.as_view(), name="index"),
            path("prices/", price_lists.IndexView.as_view(), name="price_lists"),
            path("prices/<int:list_id>/", price_lists.ListView.as_view(), name="price_list"),
            path("prices/<int:list_id>/choose/", hand_prices.ChooseView.as_view(), name="choose_price"),
            path("prices/<int:list_id>/price/", hand_prices.PriceView.as_view(), name="hand_price"),
            path("prices/changes/<int:change_id>/", price_lists.ChangeView.as_view(), name="price_change"),
            path("<int:version_id>/", programme.DraftView.as_view(), name="draft"),
            path("<int:version_id>/perks/add/<slug:code>/", perks.NewPerkView.as_view(), name="new_perk"),
            path("<int:version_id>/perks/<slug:perk_id>/", perks.PerkView.as_view(), name="perk"),
            path("<int:version_id>/publish/", publishing.PublishView.as_view(), name="publish"),
            path("<int:version_id>/losers/", losers.IndexView.as_view(), name="losers"),
            path(
                "<int:version_id>/losers/results/",
                losers.IndexView.as_view(results_only=True),
                name="losers_results",
            ),
            path("<int:version_id>/losers.csv", losers.DownloadView.as_view(), name="losers_csv"),
        ]


class Operations(Topic):
    """The machinery."""

    name = "loyalty_operations"
    prefix = "operations"
    icon = "cogs"
    menu_label = _("Operations")
    operation = Operation.VIEW_OPERATIONS

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", operations.OperationsView.as_view(), name="index"),
            path("events/<int:item_id>/", replaying.EventView.as_view(), name="event"),
            path("gone/", vanished.IndexView.as_view(), name="gone"),
            path("compared/", reconciling.IndexView.as_view(), name="reconciliations"),
            path("compared/<int:report_id>/", reconciling.ReportView.as_view(), name="reconciliation"),
        ]


class Past(Topic):
    """Points for orders from before the programme."""

    name = "loyalty_past"
    prefix = "past"
    icon = "history"
    menu_label = _("Past orders")
    operation = Operation.VIEW_OPERATIONS

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", past.IndexView.as_view(), name="index"),
            path("<int:realm_id>/", past.PastView.as_view(), name="realm"),
            path("<int:realm_id>/accept/", past.AcceptView.as_view(), name="accept"),
            path("<int:realm_id>/members/", past.MembersView.as_view(), name="members"),
            path(
                "<int:realm_id>/members/results/",
                past.MembersView.as_view(results_only=True),
                name="members_results",
            ),
            path("<int:realm_id>/members.csv", past.DownloadView.as_view(), name="csv"),
        ]


class Connections(Topic):
    """How we stand at each Saleor."""

    name = "loyalty_connections"
    prefix = "connections"
    icon = "link"
    menu_label = _("Connections")
    operation = Operation.VIEW_OPERATIONS

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", connections.ConnectionsView.as_view(), name="index"),
            path("<int:realm_id>/reconciled/", connections.ReconciledView.as_view(), name="reconciled"),
            path("<int:realm_id>/mode/<slug:mode>/", modes.ModeView.as_view(), name="mode"),
        ]


class Trail(Topic):
    """Who did what."""

    name = "loyalty_trail"
    prefix = "trail"
    icon = "history"
    menu_label = _("Trail")
    operation = Operation.VIEW_TRAIL

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", trail.TrailView.as_view(), name="index"),
            path("results/", trail.TrailView.as_view(results_only=True), name="index_results"),
        ]


class Membership(ViewSetGroup):
    """Everything of the plugin, in one submenu."""

    menu_label = _("Membership")
    menu_icon = "group"
    menu_name = "membership"
    menu_order = 250
    items = (
        Overview,
        Members,
        Posters,
        Requests,
        Incidents,
        ProgrammeTopic,
        Past,
        Operations,
        Connections,
        Trail,
    )
