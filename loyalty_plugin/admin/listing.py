"""Lists of the back office as Wagtail's own: search, filters, columns, pages; what is listed, each list says itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.forms import RadioSelect
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter
from wagtail.admin.forms.search import SearchForm
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views.generic.base import BaseListingView

from loyalty_plugin.admin.access import BackOfficeMixin
from loyalty_plugin.admin.words import signed


class Listing(BackOfficeMixin, BaseListingView):
    """A list. `nothing` is said where there is nothing at all, `no_match` where search or filters find nothing."""

    template_name = "loyalty_plugin/admin/listing.html"
    results_template_name = "loyalty_plugin/admin/listing_results.html"
    paginate_by = 50
    is_searchable = False
    search_placeholder: Any = ""
    nothing: Any = ""
    no_match: Any = _("Nothing matches. Remove a filter, or try fewer words.")

    def get_search_form(self) -> SearchForm | None:
        if not self.is_searchable:
            return None
        data = self.request.GET if self.search_kwarg in self.request.GET else None
        return SearchForm(data, placeholder=self.search_placeholder)

    def search_queryset(self, queryset: Any) -> Any:
        """Searching is the query's, which knows who may see what; see `get_base_queryset` of each list."""
        return queryset

    @cached_property
    def no_results_message(self) -> Any:
        return self.no_match if self.is_searching or self.is_filtering else self.nothing


class OneOf(ChoiceFilter):
    """A filter by one of a few, or all."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=RadioSelect, empty_label=_("All"), **kwargs)


class PointsColumn(Column):
    """Whole points: grouped, at the end of the cell."""

    def __init__(
        self, name: str, *, number: Callable[[Any], int], classname: str = "", **kwargs: Any
    ) -> None:
        super().__init__(
            name, accessor=lambda row: signed(number(row)), classname=f"lp-num {classname}".strip(), **kwargs
        )


class TimeColumn(Column):
    """A moment in the page's time zone: day and time, or the day alone."""

    def __init__(self, name: str, *, form: str = "DATETIME_FORMAT", **kwargs: Any) -> None:
        field = kwargs.pop("accessor", name)

        def shown(row: Any) -> str:
            return date_format(localtime(getattr(row, field)), form)

        classname = f"lp-time {kwargs.pop('classname', '')}".strip()
        super().__init__(name, accessor=shown, classname=classname, **kwargs)


class LinkColumn(TitleColumn):
    """What a row is called, leading to its page; names read in their own direction."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, link_attrs={"dir": "auto"}, **kwargs)
