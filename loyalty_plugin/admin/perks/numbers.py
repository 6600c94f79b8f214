"""Form fields for percentages, smallest units and prices by variant, as people write them; exact, and no float."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.formats import sanitize_separators
from django.utils.translation import gettext as _

from loyalty_plugin.admin.exact import ExactField, plain
from loyalty_plugin.domain.goods import GoodsKind
from loyalty_plugin.domain.values import MAX_AMOUNT, Money, parse_decimal, parse_rate
from loyalty_plugin.errors import LoyaltyError, SaleorError, TryLater
from loyalty_plugin.queries.goods import Place, named, variants_of


class PercentField(ExactField):
    """A percentage above zero and below a hundred, with two decimals at most; clean gives basis points, None if empty."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        points = parse_rate(text) * 100
        if points.denominator != 1 or not 0 < points < 10_000:
            raise forms.ValidationError(
                _("Enter a percentage above 0 and below 100, with two decimals at most.")
            )
        return int(points)


class MinorField(ExactField):
    """An amount from zero; clean gives minor units, None if empty."""

    def __init__(self, *, currency: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency

    def clean(self, value: Any) -> Any:
        text = forms.CharField.clean(self, value)
        if not text:
            return None
        try:
            amount = Money.parse(parse_decimal(str(sanitize_separators(text))), self.currency).amount
        except LoyaltyError:
            amount = -1
        if not 0 <= amount <= MAX_AMOUNT:
            words = _("Enter an amount in %(currency)s, such as 2.5, or 0.") % {"currency": self.currency}
            raise forms.ValidationError(words)
        return amount


class PricesField(forms.CharField):
    """Prices by variant, one to a line; clean gives `{variant id: price as text}`. SKUs are looked up in the shop."""

    def __init__(self, *, currency: str, places: Sequence[Place], **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}), **kwargs)
        self.currency, self.places = currency, places

    def told(self, prices: Mapping[str, str]) -> str:
        """What is stored, as somebody would write it: by SKU where the shop tells it."""
        known = (
            named(self.places[0].realm, [(GoodsKind.VARIANTS, one) for one in prices])
            if self.places
            else None
        )
        lines = []
        for variant, price in prices.items():
            goods = known.goods.get((GoodsKind.VARIANTS, variant)) if known is not None else None
            lines.append(f"{goods.sku if goods is not None and goods.sku else variant} {price}")
        return "\n".join(lines)

    def clean(self, value: Any) -> Any:
        written: dict[str, str] = {}
        for line in str(super().clean(value)).splitlines():
            key, _space, price = line.strip().rpartition(" ")
            if not line.strip():
                continue
            try:
                money = Money.parse(parse_decimal(str(sanitize_separators(price))), self.currency)
            except LoyaltyError:
                money = Money(0, self.currency)
            if not key.strip() or not 0 < money.amount <= MAX_AMOUNT:
                raise forms.ValidationError(
                    _("“%(line)s” is no SKU or variant id with a price behind it.")
                    % {"line": line.strip()[:80]}
                )
            written[key.strip()] = plain(money)
        return self._by_variant(written)

    def _by_variant(self, written: Mapping[str, str]) -> dict[str, str]:
        if not written or not self.places:
            return dict(written)
        realm = self.places[0].realm
        try:
            ids = variants_of(realm, sorted(written))
        except (TryLater, SaleorError) as error:
            raise forms.ValidationError(
                _("The shop does not answer, so SKUs can't be looked up now. Try again in a minute.")
            ) from error
        rest = [one for one in written if one not in ids]
        known = named(realm, [(GoodsKind.VARIANTS, one) for one in rest]).goods
        strange = [one for one in rest if (GoodsKind.VARIANTS, one) not in known]
        if strange:
            raise forms.ValidationError(_("The shop has no variant “%(name)s”.") % {"name": strange[0][:80]})
        return {ids.get(one, one): price for one, price in written.items()}
