"""Price lists in the back office: those there are, their prices, a file with the effect of every row before it is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django import forms
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from loyalty_plugin.admin.access import Page, crumb
from loyalty_plugin.admin.trail import who
from loyalty_plugin.admin.words import sentence
from loyalty_plugin.domain.goods import GoodsKind
from loyalty_plugin.errors import LoyaltyError, PriceFileRefused
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.prices import PriceChange, PriceList
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.explanations.numbers import money_text
from loyalty_plugin.queries.goods import Named, Place, named, places_of, search
from loyalty_plugin.registry import ports
from loyalty_plugin.services import price_lists

#: Rows on one page.
_PAGE: Final = 100

#: Why a row of a file is refused, in words; the codes are those of domain.price_lists.
FAULTS: Final[dict[str, Any]] = {
    "no_price_column": gettext_lazy("There is no column called “price”."),
    "no_variant_column": gettext_lazy("There is no column called “variant” or “sku”."),
    "too_many_rows": gettext_lazy("The file has more rows than a list may."),
    "variant_missing": gettext_lazy("No variant is named."),
    "unknown_sku": gettext_lazy("The shop has no variant with this SKU."),
    "too_many_skus": gettext_lazy(
        "More SKUs than can be looked up; name variants by their ids, or send the file in parts."
    ),
    "variant_too_long": gettext_lazy("No variant has so long an id."),
    "price_missing": gettext_lazy("No price is named."),
    "not_a_price": gettext_lazy("This is no price above zero."),
    "thousands_separator": gettext_lazy("Write the price with a point and nothing else, such as 1250.00."),
    "price_decimals": gettext_lazy("The currency has fewer decimals."),
    "other_currency": gettext_lazy("The programme is in another currency."),
    "foreign_channel": gettext_lazy("The programme does not serve this channel."),
    "row_twice": gettext_lazy("An earlier row names the same variant and channel."),
}


class NewListForm(forms.Form):
    """A new list."""

    programme = forms.ModelChoiceField(Programme.objects.all(), label=gettext_lazy("Programme"))
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    code = forms.SlugField(
        label=gettext_lazy("Code"),
        max_length=50,
        help_text=gettext_lazy("A perk of a draft names the list by it."),
    )


class FileForm(forms.Form):
    """A file of prices."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV or XLSX with the columns “sku” (or “variant”, the id at Saleor) and “price”, and where needed “channel” "
            "and “currency”. Nothing changes before you have seen what every row does."
        ),
    )
    replace = forms.BooleanField(
        label=gettext_lazy("Take away prices the file does not name"), required=False
    )


def named_variants(places: Sequence[Place], ids: Sequence[str]) -> Named:
    """Variants by name and picture where the programme serves a Saleor."""
    return named(places[0].realm, [(GoodsKind.VARIANTS, one) for one in ids]) if places and ids else Named({})


def _with_who(changes: Iterable[PriceChange]) -> list[tuple[PriceChange, str]]:
    """Each change with who proposed it, as the trail tells it. One query."""
    rows = list(changes)
    records = AuditRecord.objects.filter(
        operation="price_list.propose",
        target__in={f"price_list:{one.price_list_id}" for one in rows},
        detail__change__in=[one.pk for one in rows],
    ).select_related("person")
    known = {record.detail["change"]: who(record) for record in records}
    return [(one, known.get(one.pk, "")) for one in rows]


class PricePage(Page):
    operation = Operation.EDIT_PROGRAMME
    header_icon = "tag"

    def trail(self) -> list[dict[str, Any]]:
        return [
            crumb(_("Programme"), reverse("loyalty_programme:index")),
            crumb(_("Price lists"), reverse("loyalty_programme:price_lists")),
            *self.further(),
        ]

    def further(self) -> list[dict[str, Any]]:
        """Breadcrumbs below the lists."""
        return []


class IndexView(PricePage):
    """All lists, and a new one."""

    template_name = "loyalty_plugin/admin/price_lists.html"
    page_title = gettext_lazy("Price lists")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lists = PriceList.objects.select_related("programme").annotate(n=Count("prices"))
        first = Programme.objects.order_by("pk").first()
        form = kwargs.pop("form", None) or NewListForm(initial={"programme": first})
        return super().get_context_data(
            lists=[(one, one.n) for one in lists.order_by("programme__name", "name")], form=form, **kwargs
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = NewListForm(request.POST)
        if form.is_valid():
            try:
                made = price_lists.create(
                    self.actor,
                    programme_id=form.cleaned_data["programme"].pk,
                    code=form.cleaned_data["code"],
                    name=form.cleaned_data["name"],
                    now=ports.clock.now(),
                )
            except LoyaltyError:
                form.add_error("code", _("Another list has this code already."))
            else:
                return redirect("loyalty_programme:price_list", made.pk)
        return self.render_to_response(self.get_context_data(form=form))


class ListView(PricePage):
    """One list: its prices, a file to change them by, and earlier changes."""

    template_name = "loyalty_plugin/admin/price_list.html"

    @cached_property
    def of(self) -> PriceList:
        found = PriceList.objects.select_related("programme").filter(pk=self.kwargs["list_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_page_title(self) -> str:
        return self.of.name

    def further(self) -> list[dict[str, Any]]:
        return [crumb(self.of.name)]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET.get("q", "").strip()[:64]
        rows = self.of.prices.order_by("variant_id", "channel")
        places = places_of(self.of.programme_id)
        if asked:
            found = search(places[0], GoodsKind.VARIANTS, asked) if places else None
            ids = {one.id for one in found.goods} if found is not None else set()
            rows = rows.filter(Q(variant_id__startswith=asked) | Q(variant_id__in=ids))
        page = Paginator(rows, _PAGE).get_page(self.request.GET.get("p"))
        currency = self.of.programme.currency
        known = named_variants(places, [one.variant_id for one in page])
        return super().get_context_data(
            list=self.of,
            q=asked,
            page=page,
            silent=known.silent,
            prices=[
                (one, known.goods.get((GoodsKind.VARIANTS, one.variant_id)), money_text(one.amount, currency))
                for one in page
            ],
            changes=_with_who(self.of.changes.order_by("-pk")[:20]),
            form=kwargs.pop("form", None) or FileForm(),
            **kwargs,
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = FileForm(request.POST, request.FILES)
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                if file.size > price_lists.MOST_BYTES:
                    raise PriceFileRefused(reason="too_large")
                change = price_lists.propose(
                    self.actor,
                    list_id=self.of.pk,
                    content=file.read(),
                    source=file.name or "",
                    replace=form.cleaned_data["replace"],
                    now=ports.clock.now(),
                )
            except LoyaltyError as error:
                form.add_error("file", sentence(error))
            else:
                return redirect("loyalty_programme:price_change", change.pk)
        return self.render_to_response(self.get_context_data(form=form))


class ChangeView(PricePage):
    """What a file would do, row by row, and the act; afterwards what it did, and its undoing."""

    template_name = "loyalty_plugin/admin/price_change.html"

    @cached_property
    def change(self) -> PriceChange:
        found = (
            PriceChange.objects.select_related("price_list__programme")
            .filter(pk=self.kwargs["change_id"])
            .first()
        )
        if found is None:
            raise Http404
        return found

    def get_page_title(self) -> str:
        return _("Change of “%(list)s”") % {"list": self.change.price_list}

    def further(self) -> list[dict[str, Any]]:
        of = self.change.price_list
        return [
            crumb(of.name, reverse("loyalty_programme:price_list", args=[of.pk])),
            crumb(self.get_page_title()),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        change, currency = self.change, self.change.price_list.programme.currency
        page = Paginator(change.effects, _PAGE).get_page(self.request.GET.get("p"))
        known = named_variants(
            places_of(change.price_list.programme_id), [variant for variant, _channel, _b, _a in page]
        )
        told = [
            (
                known.goods.get((GoodsKind.VARIANTS, variant)),
                variant,
                channel,
                money_text(before, currency) if before is not None else "",
                money_text(after, currency) if after is not None else "",
            )
            for variant, channel, before, after in page
        ]
        kinds = [(before is None, after is None) for _variant, _channel, before, after in change.effects]
        return super().get_context_data(
            change=change,
            who=_with_who([change])[0][1],
            page=page,
            effects=told,
            faults=[(row, FAULTS.get(code, code), text) for row, code, text in change.faults[:_PAGE]],
            more_faults=max(0, len(change.faults) - _PAGE),
            added=kinds.count((True, False)),
            changed=kinds.count((False, False)),
            taken=kinds.count((False, True)),
            may_apply=self.may(Operation.PUBLISH_PROGRAMME),
            **kwargs,
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        act = price_lists.undo if "undo" in request.POST else price_lists.apply
        try:
            act(self.actor, change_id=self.change.pk, now=ports.clock.now())
        except LoyaltyError as error:
            self.refuse(error)
        else:
            messages.success(request, _("Done. These prices hold from now on."))
        return redirect("loyalty_programme:price_change", self.change.pk)
