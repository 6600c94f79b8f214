"""Members who would lose a tier or a benefit by a draft: listed, searched and as a file; decides nothing."""

from __future__ import annotations

from typing import Any, Final, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.widgets.button import Button

from loyalty_plugin.admin.access import BackOfficeMixin, crumb
from loyalty_plugin.admin.downloads import csv_file
from loyalty_plugin.admin.listing import LinkColumn, Listing, OneOf
from loyalty_plugin.admin.members import SEARCHED
from loyalty_plugin.admin.programme import OfVersion
from loyalty_plugin.models.previews import DraftPreview, PreviewLine
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.paging import in_pages
from loyalty_plugin.queries.previews import Fate, Reader, Way, fate_text, finished, losers
from loyalty_plugin.registry import ports
from loyalty_plugin.services import previews

_WAYS: Final = [
    ("kept", gettext_lazy("Lose although earned tiers are kept")),
    ("at_once", gettext_lazy("Lose if tiers are judged at once")),
]


class LoserFilters(WagtailFilterSet):
    """By the way in which something is lost."""

    way = OneOf(label=gettext_lazy("Who"), choices=_WAYS, method="only")

    def only(self, rows: Any, _name: str, way: str) -> Any:
        """Lines of members who lose something in this way."""
        return rows.filter(**{f"loses_{way}": True})

    class Meta:
        model = PreviewLine
        fields: list[str] = []


class _OfPreview(OfVersion):
    """A version's newest finished preview, and who reads it."""

    @cached_property
    def preview(self) -> DraftPreview:
        found = finished(self.version.pk)
        if found is None:
            raise Http404
        return found

    @cached_property
    def reader(self) -> Reader:
        return Reader.of(self.preview)


class IndexView(_OfPreview, Listing):
    """Who would lose what, either way."""

    operation = Operation.EDIT_PROGRAMME
    page_title = gettext_lazy("Members who would lose something")
    header_icon = "group"
    model = PreviewLine
    verbose_name = gettext_lazy("member")
    verbose_name_plural = gettext_lazy("members who would lose something")
    filterset_class = LoserFilters
    is_searchable = True
    search_placeholder = SEARCHED
    nothing = gettext_lazy("Nobody would lose a tier or a benefit by this draft.")
    no_match = gettext_lazy("Nobody matches. Try fewer words, or part of the name.")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if finished(self.version.pk) is None:
            # Nothing was reckoned yet, or the draft changed since: the page before this one sees to it.
            return redirect("loyalty_programme:publish", self.version.pk)
        answer: HttpResponse = super().get(request, *args, **kwargs)
        return answer

    def get_index_url(self) -> str:
        return reverse("loyalty_programme:losers", args=[self.version.pk])

    def get_index_results_url(self) -> str:
        return reverse("loyalty_programme:losers_results", args=[self.version.pk])

    def trail(self) -> list[dict[str, Any]]:
        return [
            crumb(_("Programme"), reverse("loyalty_programme:index")),
            crumb(_("Publish"), reverse("loyalty_programme:publish", args=[self.version.pk])),
            crumb(self.page_title),
        ]

    @cached_property
    def header_more_buttons(self) -> list[Button]:  # type: ignore[override]
        url = reverse("loyalty_programme:losers_csv", args=[self.version.pk])
        return [Button(_("Download as CSV"), url=url, icon_name="download", priority=10)]

    def get_base_queryset(self) -> Any:
        return losers(self.actor, self.preview, self.search_query)

    @cached_property
    def columns(self) -> list[Column]:  # type: ignore[override]
        return [
            LinkColumn(
                "member",
                label=_("Member"),
                accessor=lambda line: Truncator(str(line.member)).chars(80),
                get_url=lambda line: reverse("loyalty_members:member", args=[line.member_id]),
            ),
            Column(
                "number",
                label=_("Number"),
                accessor=lambda line: line.member.number,
                classname="lp-mono lp-wide",
            ),
            Column("before", label=_("Now"), accessor=lambda line: self.reader.ladder.name(line.before)),
            FateColumn("kept", label=_("If earned tiers are kept"), view=self),
            FateColumn("at_once", label=_("If judged at once"), view=self),
        ]


class FateColumn(Column):
    """What becomes of a member in one way: the tier with its day, and below it what is missed."""

    def __init__(self, name: str, *, view: IndexView, **kwargs: Any) -> None:
        def shown(line: PreviewLine) -> Any:
            fate = view.reader.fate(line, cast(Way, name))
            if fate.on is None:
                return format_html('<span class="lp-quiet">{}</span>', _("nothing lost"))
            if not fate.loses:
                return fate_text(fate)
            return format_html(
                '{}<div class="lp-quiet">{}</div>', fate_text(fate), _("Loses: %s") % fate.loses
            )

        super().__init__(name, accessor=shown, classname="lp-fate", **kwargs)


class DownloadView(_OfPreview, BackOfficeMixin, View):
    """The whole list as CSV, however long, sent while it is read."""

    operation = Operation.EDIT_PROGRAMME

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rows = losers(self.actor, self.preview)
        previews.note_download(self.actor, version_id=self.version.pk, now=ports.clock.now())
        name = f"{self.version.programme.code}-version-{self.version.number}-losers.csv"
        return csv_file(name, _headings, in_pages(rows), self._cells)

    def _cells(self, line: PreviewLine) -> list[Any]:
        kept, at_once = self.reader.fate(line, "kept"), self.reader.fate(line, "at_once")
        member = [line.member.number, line.member.name, self.reader.ladder.name(line.before)]
        return [*member, *_cells(kept), *_cells(at_once)]


def _headings() -> list[str]:
    return [
        _("Number"),
        _("Name"),
        _("Tier now"),
        _("If kept: tier"),
        _("If kept: from"),
        _("If kept: loses"),
        _("If judged at once: tier"),
        _("If judged at once: from"),
        _("If judged at once: loses"),
    ]


def _cells(fate: Fate) -> list[Any]:
    return [fate.tier, fate.on, fate.loses]
