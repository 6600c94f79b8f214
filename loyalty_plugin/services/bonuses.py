"""Awards what is earned without an order: joining, a verified contact, a birthday, a check-in, a milestone.

A free benefit is had once a verified contact, remembered as a keyed digest that outlives the member's record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.earning.decide import decide
from loyalty_plugin.domain.earning.occasions import member_occasion
from loyalty_plugin.domain.earning.resolved import Resolved
from loyalty_plugin.domain.extensions import OccasionKind
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Kind
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.queries.entries import entry_by_key
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.services import approvals, awards, claims, posting
from loyalty_plugin.services.holders import Holder
from loyalty_plugin.services.resolution import resolved


def award(
    actor: Actor,
    member: Holder,
    kind: OccasionKind,
    *,
    now: datetime,
    at: datetime | None = None,
    suffix: str = "",
    channel: str = "",
    streak: int = 0,
    extra: Mapping[str, Any] | None = None,
) -> posting.Posted | None:
    """Award what the version in force gives on this occasion; None where it gives nothing or it was had.

    `suffix` tells repeated occasions apart (a year, a day). Doing it again gives the same entry.
    """
    at = at or now
    version = versions_of(member.programme_id).at(at)
    terms = resolved(version)
    if not terms.rules[kind]:
        return None
    benefit = f"{kind.value}:{suffix}" if suffix else kind.value
    with transaction.atomic():
        return _award(
            actor,
            member,
            version,
            terms,
            kind,
            benefit,
            at=at,
            now=now,
            channel=channel,
            streak=streak,
            extra=extra,
        )


def _had_before(member: Holder, kind: OccasionKind, benefit: str, key: str, now: datetime) -> bool:
    """Whether the verified contact had the benefit in an earlier membership. Claims it if it may be had once."""
    if member.verified_at is None:
        return False
    if kind not in claims.ONCE:
        return claims.had(member, benefit)
    return not claims.claim(member, benefit, now) and entry_by_key(key) is None


def _key(member: Holder, version: ProgrammeVersion, benefit: str) -> str:
    return f"{version.code}|{benefit}|{member.pk}"


def _award(
    actor: Actor,
    member: Holder,
    version: ProgrammeVersion,
    terms: Resolved,
    kind: OccasionKind,
    benefit: str,
    *,
    at: datetime,
    now: datetime,
    channel: str,
    streak: int,
    extra: Mapping[str, Any] | None,
) -> posting.Posted | None:
    budgets = awards.lock_budgets([version])
    locked = posting.lock([(member.pk, POINTS), (member.pk, QUALIFYING)], lots=False)
    past = awards.read_past([member.pk], [version], at)
    past.budgets = budgets
    fact = awards.member_fact(member, version, past, locked)
    before = fact.earned_before
    occasion = member_occasion(
        version, kind, fact, at=at, channel=channel, streak=streak, earned_after=before, extra=extra
    )
    decision = decide(version, occasion, awards.remaining(member, version, past, locked, occasion.day), terms)
    awards.take_into_account(past, version, member, decision, occasion.day)
    plan = awards.award_plan(
        actor,
        version,
        member,
        decision,
        key=_key(member, version, benefit),
        request={"benefit": benefit, "member": member.pk},
        kind=Kind.BONUS,
        occurred_at=at,
        channel=channel,
        source=f"benefit:{benefit}",
    )
    if plan is None or _had_before(member, kind, benefit, plan.key, now):
        return None
    posted = approvals.post_or_ask([plan], now=now, locked=locked)[0]
    if not posted.replayed:
        if posted.refusal is None:
            award_milestones(actor, member, version, before, locked, past, at=at, now=now)
        # What waits for a person draws on its campaign, too, or approving it would overshoot the budget.
        awards.book_budgets(past.used)
    return posted


def award_milestones(
    actor: Actor,
    member: Holder,
    version: ProgrammeVersion,
    earned_before: int,
    locked: posting.Locked,
    past: awards.Past,
    *,
    at: datetime,
    now: datetime,
) -> None:
    """Award the milestones that were passed since `earned_before`, each once in a membership.

    What a milestone brings is earned, too, and may pass the next one: its mark lies behind the member ever after, so it
    is looked at now or never.
    """
    terms = resolved(version)
    before = earned_before
    while (after := locked.balance(member.pk).earned) > before:
        for rule in terms.rules[OccasionKind.MILESTONE]:
            fact = replace(awards.member_fact(member, version, past, locked), earned_before=before)
            occasion = member_occasion(version, OccasionKind.MILESTONE, fact, at=at, earned_after=after)
            alone = replace(terms, rules={**terms.rules, OccasionKind.MILESTONE: (rule,)})
            left = awards.remaining(member, version, past, locked, occasion.day)
            decision = decide(version, occasion, left, alone)
            benefit = f"milestone:{rule.terms.id}"
            plan = awards.award_plan(
                actor,
                version,
                member,
                decision,
                key=_key(member, version, benefit),
                request={"benefit": benefit, "member": member.pk},
                kind=Kind.BONUS,
                occurred_at=at,
                source=f"benefit:{benefit}",
            )
            if plan is None or claims.had(member, benefit):
                continue
            [posted] = approvals.post_or_ask([plan], now=now, locked=locked)
            if not posted.replayed:
                awards.take_into_account(past, version, member, decision, occasion.day)
        before = after
