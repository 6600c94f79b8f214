"""Reads of the lots that something was spent from what its return depends on; changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_plugin.domain.holds import Portion
from loyalty_plugin.domain.ledger import Kind
from loyalty_plugin.domain.spent import Spent
from loyalty_plugin.models.ledger import Lot


def with_terms(portions: Sequence[Portion]) -> list[Spent]:
    """The portions, each with when its lot ends and whether that lot was opened to give something back."""
    rows = Lot.objects.filter(pk__in={one.lot for one in portions}).values_list(
        "pk", "expires_at", "entry__kind"
    )
    terms = {pk: (expires_at, kind == Kind.GIVE_BACK) for pk, expires_at, kind in rows}
    return [Spent(*one, *terms[one.lot]) for one in portions]
