"""Awards what is earned without an order: joining, a verified contact, a birthday, a check-in, a milestone.

A free benefit is had once a verified contact, remembered as a keyed digest that outlives the member's record.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import SYSTEM, Actor
from loyalty_plugin.domain.earning.decide import decide
from loyalty_plugin.domain.earning.occasions import member_occasion
from loyalty_plugin.domain.earning.resolved import Resolved
from loyalty_plugin.domain.extensions import OccasionKind
from loyalty_plugin.domain.intents import Mature, Plan, TakeBack
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Account, Kind, Shortfall, input_digest
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.members import ClaimedBenefit, Member
from loyalty_plugin.queries.entries import entry_by_key, unverified_lots
from loyalty_plugin.queries.programmes import version_by_id, versions_of
from loyalty_plugin.services import approvals, awards, posting
from loyalty_plugin.services.resolution import resolved

#: Benefits a contact may have once; the others are once a day or a year by their business key alone.
_ONCE = frozenset({OccasionKind.JOINED, OccasionKind.VERIFIED, OccasionKind.BIRTHDAY})


def contact_digest(member: Member) -> bytes | None:
    """The keyed digest by which this member's verified contact is remembered; None without any contact."""
    contact = (member.email or "").strip().casefold() or "".join(filter(str.isdigit, member.phone or ""))
    if not contact:
        return None
    key = settings.CONTACT_DIGEST_KEY or f"loyalty-contact:{django_settings.SECRET_KEY}"
    return hmac.new(key.encode(), f"{member.programme_id}:{contact}".encode(), hashlib.sha256).digest()


def _claim(member: Member, benefit: str, now: datetime) -> bool:
    """Remember that this contact has had the benefit; whether it is the first time."""
    digest = contact_digest(member)
    if digest is None:
        return True
    _, created = ClaimedBenefit.objects.get_or_create(
        programme_id=member.programme_id, contact=digest, benefit=benefit, defaults={"claimed_at": now}
    )
    return created


def award(
    actor: Actor,
    member: Member,
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


def _had_before(member: Member, kind: OccasionKind, benefit: str, key: str, now: datetime) -> bool:
    """Whether the verified contact had the benefit in an earlier membership. Claims it if not."""
    if kind not in _ONCE or member.verified_at is None:
        return False
    return not _claim(member, benefit, now) and entry_by_key(key) is None


def _key(member: Member, version: ProgrammeVersion, benefit: str) -> str:
    return f"{version.code}|{benefit}|{member.pk}"


def _award(
    actor: Actor,
    member: Member,
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
    if not posted.replayed and posted.refusal is None:
        awards.book_budgets(past.used)
        award_milestones(actor, member, version, before, locked, past, at=at, now=now)
    return posted


def award_milestones(
    actor: Actor,
    member: Member,
    version: ProgrammeVersion,
    earned_before: int,
    locked: posting.Locked,
    past: awards.Past,
    *,
    at: datetime,
    now: datetime,
) -> None:
    """Award the milestones that were passed since `earned_before`, each once in a membership."""
    terms = resolved(version)
    after = locked.balance(member.pk).earned
    if after <= earned_before:
        return
    for rule in terms.rules[OccasionKind.MILESTONE]:
        fact = replace(awards.member_fact(member, version, past, locked), earned_before=earned_before)
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
        if plan is not None:
            approvals.post_or_ask([plan], now=now, locked=locked)
            awards.take_into_account(past, version, member, decision, occasion.day)


def release_verified(member: Member, *, now: datetime) -> None:
    """The contact is verified: free points become available, or go back where the contact had them before."""
    lots = unverified_lots(member.pk)
    if not lots:
        return
    plans = []
    for lot in lots:
        version = version_by_id(lot.version_id)
        benefit = lot.source.removeprefix("benefit:")
        once = benefit.split(":")[0] in _ONCE
        had = once and not _claim(member, benefit, now)
        if not had and lot.matures_at is not None and lot.matures_at > now:
            continue  # still within the return window; the nightly job sees to it
        plans.append(
            Plan(
                key=f"{version.code}|verified|{lot.lot_id}",
                digest=input_digest({"lot": lot.lot_id, "had": had}),
                kind=Kind.REVERSE if had else Kind.MATURE,
                programme_id=version.programme_id,
                version_id=version.id,
                member_id=member.pk,
                occurred_at=now,
                intents=(
                    TakeBack(POINTS, lot.pending, (lot.lot_id,), Shortfall.WRITE_OFF, Account.ISSUANCE)
                    if had
                    else Mature(POINTS, (lot.lot_id,)),
                ),
                reverses_id=lot.entry_id if had else None,
                actor=SYSTEM.name,
                source="benefit:had_before" if had else f"member:{member.pk}",
            )
        )
    posting.post(plans, recorded_at=now)
