"""What publishing a draft would do to one member's tier; it publishes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from loyalty_plugin.domain.tiers.forecast import Forecast, forecast
from loyalty_plugin.domain.tiers.history import Grant, QualifyingFact
from loyalty_plugin.domain.tiers.standing import standing
from loyalty_plugin.domain.tiers.versions import TierVersion


@dataclass(frozen=True, slots=True)
class Effect:
    """A member's tier on the draft's first day, without the draft and with it, and what then lies ahead.

    `loses` is set where the tier falls at once; `drops_sooner` where it lasts, but ends earlier than before.
    """

    on: date
    before: Forecast
    after: Forecast
    loses: bool
    gains: bool
    drops_sooner: bool


def compare(
    facts: Sequence[QualifyingFact],
    grants: Sequence[Grant],
    versions: Sequence[TierVersion],
    draft: TierVersion,
    joined_on: date,
) -> Effect | None:
    """The draft's effect on this member as far as the facts tell; None where nothing changes.

    Versions that would begin on the draft's first day or later are left out on both sides.
    """
    on = max(draft.from_day, joined_on)
    earlier = [version for version in versions if version.from_day < draft.from_day]
    before = forecast(standing(facts, grants, earlier, joined_on, on))
    after = forecast(standing(facts, grants, [*earlier, draft], joined_on, on))
    old_rank, new_rank = draft.ranks.get(before.tier), draft.ranks[after.tier]
    effect = Effect(
        on=on,
        before=before,
        after=after,
        loses=old_rank is None or new_rank < old_rank,
        gains=old_rank is not None and new_rank > old_rank,
        drops_sooner=before.tier == after.tier
        and after.drops_on is not None
        and (before.drops_on is None or after.drops_on < before.drops_on),
    )
    return effect if effect.loses or effect.gains or effect.drops_sooner else None
