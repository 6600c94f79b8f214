"""Products that only those may buy who have the perk; prices nothing."""

from __future__ import annotations

from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from loyalty_plugin import registry
from loyalty_plugin.builtin.perks.chosen import Chosen
from loyalty_plugin.domain.extensions import Promise
from loyalty_plugin.domain.facts import CheckoutLineFact

_told_later: Any = lazy(lambda: gettext("products for members only"), str)


@registry.perks.register
class MembersOnly:
    """Keeps products for the members the perk is given to; of several such perks one is enough to buy."""

    code = "members_only"
    label = _("Members only")

    class Params(Chosen):
        """Which products; a whole shop is not kept."""

        @model_validator(mode="after")
        def _of_something(self) -> MembersOnly.Params:
            if not self.some:
                raise PydanticCustomError("missing", "products are needed")
            return self

    def bars(self, params: Params, line: CheckoutLineFact) -> bool:
        return params.about(line)

    def tell(self, params: Params, tier: str) -> Promise | None:
        return Promise(_told_later(), 1, params.model_dump(mode="json"))
