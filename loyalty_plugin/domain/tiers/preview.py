"""What publishing a draft would do to one member's tier; it publishes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from loyalty_plugin.domain.tiers.changes import next_loss
from loyalty_plugin.domain.tiers.course import END
from loyalty_plugin.domain.tiers.history import Grant, QualifyingFact
from loyalty_plugin.domain.tiers.standing import Standing, standing
from loyalty_plugin.domain.tiers.versions import TierVersion


@dataclass(frozen=True, slots=True)
class Ahead:
    """A tier, and the day and tier it falls to if nothing more happens (None: it is not lost).

    The part of a forecast that a draft is judged by; the rest would cost as much again for every member.
    """

    tier: str
    drops_on: date | None
    drops_to: str | None


@dataclass(frozen=True, slots=True)
class Effect:
    """A member's tier on the draft's first day, without the draft and with it, and what then lies ahead.

    `loses` is set where the tier falls at once; `drops_sooner` where it lasts, but ends earlier than before.
    """

    on: date
    before: Ahead
    after: Ahead
    loses: bool
    gains: bool
    drops_sooner: bool

    @property
    def changes(self) -> bool:
        """The draft does anything at all to this member's tier."""
        return self.loses or self.gains or self.drops_sooner


def compare(
    facts: Sequence[QualifyingFact],
    grants: Sequence[Grant],
    versions: Sequence[TierVersion],
    drafts: Sequence[TierVersion],
    joined_on: date,
) -> tuple[Effect, ...]:
    """The effect of each of these drafts, which begin on one day, as far as the facts tell.

    Versions that would begin later than the drafts are left out; one of the same day gives way to them.
    """
    starts = drafts[0].from_day
    on = max(starts, joined_on)
    known = [version for version in versions if version.from_day <= starts]
    before = _ahead(standing(facts, grants, known, joined_on, on))
    earlier = [version for version in known if version.from_day < starts]
    found = []
    for draft in drafts:
        after = _ahead(standing(facts, grants, [*earlier, draft], joined_on, on))
        found.append(_effect(on, before, after, draft))
    return tuple(found)


def _ahead(one: Standing) -> Ahead:
    course = one.trail.course
    lowest = one.tier == course.version_on(course.day).lowest
    loss = None if lowest else next_loss(course, one.trail.grants, END)
    if loss is None:
        return Ahead(one.tier, None, None)
    return Ahead(one.tier, date.fromordinal(loss.day), loss.tier)


def _effect(on: date, before: Ahead, after: Ahead, draft: TierVersion) -> Effect:
    old_rank, new_rank = draft.ranks.get(before.tier), draft.ranks[after.tier]
    return Effect(
        on=on,
        before=before,
        after=after,
        loses=old_rank is None or new_rank < old_rank,
        gains=old_rank is not None and new_rank > old_rank,
        drops_sooner=before.tier == after.tier
        and after.drops_on is not None
        and (before.drops_on is None or after.drops_on < before.drops_on),
    )
