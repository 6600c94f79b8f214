"""A gift for the birthday: one piece of chosen goods, free; it lowers no member price and makes no voucher itself."""

from __future__ import annotations

from typing import Annotated, Any

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from loyalty_plugin import registry
from loyalty_plugin.builtin.perks.chosen import Chosen
from loyalty_plugin.domain.extensions import Gift, OccasionKind, Promise

_told_later: Any = lazy(lambda title: gettext("for your birthday: %(gift)s") % {"gift": title}, str)


@registry.perks.register
class BirthdayGift:
    """One piece of one of some products, free, from the birthday on for so many days."""

    code = "birthday_gift"
    label = _("Birthday gift")

    class Params(Chosen):
        """`title` as members read it, `days` to take it, the birthday included; which goods: a whole shop is no gift."""

        title: str = Field(min_length=1, max_length=100)
        days: Annotated[int, Field(strict=True, ge=1, le=366)] = 30

        @model_validator(mode="after")
        def _of_something(self) -> BirthdayGift.Params:
            if not self.some:
                raise PydanticCustomError("missing", "products are needed")
            return self

    def gives(self, params: Params, kind: OccasionKind) -> Gift | None:
        if kind is not OccasionKind.BIRTHDAY:
            return None
        return Gift(
            params.title, params.days, params.products, params.variants, params.categories, params.collections
        )

    def tell(self, params: Params, tier: str) -> Promise | None:
        return Promise(
            _told_later(params.title), params.days, params.model_dump(mode="json", exclude={"days"})
        )
