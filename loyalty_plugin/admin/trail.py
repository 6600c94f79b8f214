"""The trail in the back office: who did what, by which door; reads only."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from loyalty_plugin.admin.listing import Listing, OneOf, TimeColumn
from loyalty_plugin.admin.words import DOORS, OPERATIONS, OUTCOMES, points
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.trail import trail


class TrailFilters(WagtailFilterSet):
    """By what was done, how it ended and the door it came in by."""

    what = OneOf(field_name="operation", label=gettext_lazy("What"), choices=list(OPERATIONS.items()))
    outcome = OneOf(field_name="outcome", label=gettext_lazy("Outcome"), choices=list(OUTCOMES.items()))
    via = OneOf(field_name="via", label=gettext_lazy("Door"), choices=list(DOORS.items()))

    class Meta:
        model = AuditRecord
        fields: list[str] = []


class TrailView(Listing):
    """Who did what, newest first."""

    operation = Operation.VIEW_TRAIL
    page_title = gettext_lazy("Trail")
    header_icon = "history"
    model = AuditRecord
    verbose_name, verbose_name_plural = gettext_lazy("record"), gettext_lazy("records")
    index_url_name = "loyalty_trail:index"
    index_results_url_name = "loyalty_trail:index_results"
    filterset_class = TrailFilters
    nothing = gettext_lazy("Nothing yet. Whatever a person or a job changes is noted here for good.")

    def get_base_queryset(self) -> Any:
        return trail(self.actor)

    @cached_property
    def columns(self) -> list[Column]:  # type: ignore[override]
        return [
            TimeColumn("at", label=_("When")),
            Column("what", label=_("What"), accessor=_what),
            Column("on", label=_("On"), accessor=self._on, classname="lp-name"),
            Column("who", label=_("Who"), accessor=who),
            Column(
                "door",
                label=_("Door"),
                accessor=lambda record: DOORS.get(record.via, record.via),
                classname="lp-wide",
            ),
            Column(
                "outcome",
                label=_("Outcome"),
                accessor=lambda record: OUTCOMES.get(record.outcome, record.outcome),
                classname="lp-wide",
            ),
        ]

    def get_table(self, object_list: Any) -> Any:
        targets = [record.target.partition(":") for record in object_list]
        self._members = Member.objects.in_bulk([k for kind, _s, k in targets if kind == "member"])
        self._programmes = Programme.objects.in_bulk([k for kind, _s, k in targets if kind == "programme"])
        return super().get_table(object_list)

    def _on(self, record: AuditRecord) -> SafeString | str:
        kind, _sep, key = record.target.partition(":")
        if kind == "member" and key.isdigit() and (member := self._members.get(int(key))):
            return format_html(
                '<a href="{}" dir="auto">{}</a>',
                reverse("loyalty_members:member", args=[member.pk]),
                Truncator(str(member)).chars(60),
            )
        if kind == "programme" and key.isdigit() and (programme := self._programmes.get(int(key))):
            return str(programme)
        return record.target.replace(":", " ").replace("_", " ")


def _what(record: AuditRecord) -> SafeString:
    amount = record.detail.get("amount")
    return format_html(
        '{} <span class="lp-quiet lp-nowrap">{}</span>',
        OPERATIONS.get(record.operation, record.operation),
        points(int(amount)) if amount else "",
    )


def who(record: AuditRecord) -> str:
    """The person; else what kind of account it was, never an account's number."""
    if record.person is not None:
        return str(record.person)
    kind = record.actor.partition(":")[0]
    return {"staff": _("An account without a person"), "member": _("The member")}.get(
        kind, _("The programme")
    )
