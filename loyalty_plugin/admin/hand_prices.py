"""One price of a list by hand: the product chosen from the shop, its price, and then what it would do; applies nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from loyalty_plugin.admin.access import crumb
from loyalty_plugin.admin.exact import AmountField, plain
from loyalty_plugin.admin.price_lists import PricePage, named_variants
from loyalty_plugin.admin.words import sentence
from loyalty_plugin.domain.facts import ShelfFact
from loyalty_plugin.domain.goods import GoodsKind
from loyalty_plugin.domain.values import Money
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.prices import PriceList
from loyalty_plugin.queries.explanations.numbers import money_text
from loyalty_plugin.queries.goods import Place, places_of, priced, search
from loyalty_plugin.registry import ports
from loyalty_plugin.services import price_lists


class _OfList(PricePage):
    @cached_property
    def of(self) -> PriceList:
        found = PriceList.objects.select_related("programme").filter(pk=self.kwargs["list_id"]).first()
        if found is None:
            raise Http404
        return found

    @cached_property
    def places(self) -> list[Place]:
        return places_of(self.of.programme_id)

    def further(self) -> list[dict[str, Any]]:
        back = reverse("loyalty_programme:price_list", args=[self.of.pk])
        return [crumb(self.of.name, back), crumb(self.get_page_title())]


class ChooseView(_OfList):
    """What the shop has, by words, with what the list says of each."""

    template_name = "loyalty_plugin/admin/choose_price.html"

    def get_page_title(self) -> str:
        return _("Add a price")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked, where = self.request.GET.get("q", "").strip()[:100], self.request.GET.get("where")
        place = next((one for one in self.places if one.key == where), None) or next(iter(self.places), None)
        found = search(place, GoodsKind.VARIANTS, asked) if place is not None else None
        goods = found.goods if found is not None else ()
        currency = self.of.programme.currency
        known = {
            one.variant_id: money_text(one.amount, currency)
            for one in self.of.prices.filter(variant_id__in=[one.id for one in goods], channel="")
        }
        page = reverse("loyalty_programme:hand_price", args=[self.of.pk])
        return super().get_context_data(
            **kwargs,
            list=self.of,
            places=self.places,
            place=place,
            q=asked,
            found=found,
            rows=[(one, known.get(one.id, ""), f"{page}?{urlencode({'variant': one.id})}") for one in goods],
        )


class PriceForm(forms.Form):
    """What a piece is to cost members."""

    def __init__(self, of: PriceList, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        currency = of.programme.currency
        self.fields["price"] = AmountField(
            currency=currency,
            label=_("Member price (%s)") % currency,
            required=False,
            help_text=_("Empty: no price of its own any more."),
        )
        slugs = sorted(set(of.programme.channels.values_list("slug", flat=True)))
        self.fields["channel"] = forms.ChoiceField(
            label=_("Channel"),
            required=False,
            choices=[
                ("", _("every channel that has no price of its own")),
                *((slug, slug) for slug in slugs),
            ],
        )


class PriceView(_OfList):
    """One variant: what it costs everybody and members now, and another price."""

    template_name = "loyalty_plugin/admin/hand_price.html"

    def get_page_title(self) -> str:
        return _("A member price")

    @cached_property
    def variant(self) -> str:
        asked = self.request.GET.get("variant", "")
        if not 0 < len(asked) <= 64 or "\x00" in asked:
            raise Http404
        return asked

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        channel, currency = (
            self.request.GET.get("channel", "").replace("\x00", "")[:255],
            self.of.programme.currency,
        )
        now = dict(self.of.prices.filter(variant_id=self.variant).values_list("channel", "amount"))
        initial = {
            "channel": channel,
            "price": plain(Money(now[channel], currency)) if channel in now else "",
        }
        shelf = self._shelf(channel)
        known = []
        if shelf is not None:
            known.append((_("List price"), money_text(shelf.list_price, currency)))
            if shelf.price != shelf.list_price:
                known.append((_("Everybody pays now, on sale"), money_text(shelf.price, currency)))
        known += [
            (
                _("Members now (%s)") % slug if slug else _("Members now"),
                money_text(amount, currency),
            )
            for slug, amount in sorted(now.items())
        ]
        goods = named_variants(self.places, [self.variant]).goods.get((GoodsKind.VARIANTS, self.variant))
        form = kwargs.pop("form", None) or PriceForm(self.of, initial=initial)
        return super().get_context_data(
            list=self.of, variant=self.variant, goods=goods, known=known, form=form, **kwargs
        )

    def _shelf(self, channel: str) -> ShelfFact | None:
        """What everybody pays, None where the shop does not say it now."""
        place = next((one for one in self.places if one.channel == channel), None) or next(
            iter(self.places), None
        )
        if place is None:
            return None
        currency = self.of.programme.currency
        return next(
            (fact for _goods, fact in priced(place, [self.variant]) or () if fact.currency == currency), None
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = PriceForm(self.of, request.POST)
        if form.is_valid():
            text, currency = form.cleaned_data["price"], self.of.programme.currency
            try:
                change = price_lists.propose_price(
                    self.actor,
                    list_id=self.of.pk,
                    variant_id=self.variant,
                    channel=form.cleaned_data["channel"],
                    amount=Money.parse(text, currency).amount if text else None,
                    now=ports.clock.now(),
                )
            except LoyaltyError as error:
                form.add_error(None, sentence(error))
            else:
                return redirect("loyalty_programme:price_change", change.pk)
        return self.render_to_response(self.get_context_data(form=form))
