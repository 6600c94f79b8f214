"""Gives members what a perk brings on an occasion, once, and notes what became of it; prices nothing.

A gift is a voucher code at the shop, for one piece and one use. It is never a line of ours with a price of nothing, whose
quantity a customer could raise. Whoever has the code may use it: it is shown to the member alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction

from loyalty_plugin import jobs
from loyalty_plugin.domain.extensions import Gift as Given
from loyalty_plugin.domain.extensions import Giving, OccasionKind
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.lots import day_end, day_start
from loyalty_plugin.domain.perks import ResolvedPerk, for_whom, in_force
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.gifts import Gift
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.programmes import ProgrammeChannel
from loyalty_plugin.queries.offers import perks_of, price_fact
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.services import claims

#: What goes out for a gift: a voucher as it is to be, see `saleor.gifts`.
VOUCHER: Final = "gift_voucher"
#: All our codes begin so: an order with another code is no concern of gifts.
PREFIX: Final = "GIFT-"
#: Without what is taken for something else when read aloud or typed.
_LETTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def give(member: Member, kind: OccasionKind, *, suffix: str, at: datetime, day: date, now: datetime) -> int:
    """Give what the version in force then brings this member on this occasion; how many gifts are new.

    `at` is when it happened, `day` the programme's day; `suffix` tells repeated occasions apart (a year). Only to
    members with a verified contact, once a contact, and with an account in a Saleor of this programme: anybody could be
    born many times otherwise. In the caller's transaction.
    """
    if member.verified_at is None or member.realm is None or not member.realm.live:
        return 0
    version = versions_of(member.programme_id).at(at)
    fact = price_fact(member, version)
    new = 0
    for one in perks_of(version):
        if not isinstance(one.perk, Giving) or one.trouble or not for_whom(one.terms, fact):
            continue
        channels = _channels(member, one)
        if not channels or not in_force(one.terms, day, channels[0]):
            continue
        gift = one.perk.gives(one.params, kind)
        if gift is not None and claims.claim(member, f"gift:{one.terms.id}:{suffix}", now):
            new += _give(member, version, one.terms.id, f"{kind.value}:{suffix}", gift, channels, day, now)
    return new


def _channels(member: Member, one: ResolvedPerk) -> list[str]:
    """Where the programme serves and the perk holds, in the member's Saleor."""
    served = ProgrammeChannel.objects.filter(programme_id=member.programme_id, realm=member.realm)
    slugs = served.order_by("slug").values_list("slug", flat=True)
    wanted = one.terms.when.channels
    return [slug for slug in slugs if not wanted or slug in wanted]


def _give(
    member: Member,
    version: ProgrammeVersion,
    perk: str,
    occasion: str,
    gift: Given,
    channels: list[str],
    day: date,
    now: datetime,
) -> int:
    assert member.realm is not None
    last = day + timedelta(days=gift.days - 1)
    row, created = Gift.objects.get_or_create(
        member=member,
        perk=perk,
        occasion=occasion,
        defaults={
            "realm": member.realm,
            "title": gift.title,
            "code": _new_code(),
            "first_day": day,
            "last_day": last,
        },
    )
    if not created:
        return 0
    OutboxItem.objects.create(
        kind=VOUCHER,
        realm=member.realm,
        target=f"{member.realm.api_url}|{row.code}",
        desired={
            "code": row.code,
            "name": gift.title,
            "from": day_start(day, version.zone).isoformat(),
            "until": day_end(last, version.zone).isoformat(),
            "channels": channels,
            "products": sorted(gift.products),
            "variants": sorted(gift.variants),
            "categories": sorted(gift.categories),
            "collections": sorted(gift.collections),
        },
        next_attempt_at=now,
        created_at=now,
    )
    jobs.enqueue(jobs.DELIVER_OUTBOX)
    return 1


def _new_code() -> str:
    return PREFIX + "".join(secrets.choice(_LETTERS) for _place in range(12))


def note_ready(code: str) -> None:
    """The shop has its voucher: the member may see the code."""
    Gift.objects.filter(code=code, status=Gift.Status.WAITING).update(status=Gift.Status.READY)


def note_used(facts: Iterable[OrderFact]) -> None:
    """Orders placed with a gift's code used it. No query where none was."""
    for fact in facts:
        code = fact.voucher.upper()
        if code.startswith(PREFIX):
            unused = Gift.objects.filter(code=code, realm__api_url=fact.realm).exclude(
                status=Gift.Status.USED
            )
            with transaction.atomic():
                unused.update(status=Gift.Status.USED, order_id=fact.order_id)
