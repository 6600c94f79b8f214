"""The demonstration's membership: its terms as a version document, created and published as the owner would; never rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.policies import Operation
from loyalty_plugin.services.birthdays import set_birthday
from loyalty_plugin.services.programmes import create_programme, publish, serve_channels
from sandbox.seed.catalogue import CHANNEL, CURRENCY
from sandbox.seed.people import STAFF, Person

CODE = "circle"
TIMEZONE = "Europe/Berlin"
CAMPAIGN, BUDGET = "tea-hour", 1_500
Ids = dict[str, dict[str, str]]
"""Saleor's ids by kind and slug."""


def _spend(major: int) -> list[list[dict[str, Any]]]:
    return [[{"metric": "spend", "at_least": major * 100}]]


def document(ids: Ids, today: date) -> dict[str, Any]:
    """The terms. The campaign began three weeks before `today`, so that its budget can be seen at work.

    What is about goods that are not among the ids is left out: a real shop sells others.
    """
    return {
        "title": {"en": "The Circle", "zh-hans": "叶窑会", "zh-hant": "葉窯會"},
        "tiers": [
            {
                "code": "basic",
                "name": {"en": "Basic", "zh-hans": "普通会员", "zh-hant": "普通會員"},
                "rank": 0,
                "colour": "#8b5a42",
                "benefits": {"en": ["5 % off everything", "A present on your birthday"]},
            },
            {
                "code": "premium",
                "name": {"en": "Premium", "zh-hans": "高级会员", "zh-hant": "高級會員"},
                "rank": 1,
                "entry": _spend(250),
                "keep": _spend(200),
                "grace_days": 14,
                "step_down": "one",
                "colour": "#35584b",
                "benefits": {"en": ["10 % off everything", "Points count one and a half times"]},
            },
            {
                "code": "vip",
                "name": {"en": "VIP", "zh-hans": "贵宾", "zh-hant": "貴賓"},
                "rank": 2,
                "entry": _spend(700),
                "keep": _spend(500),
                "grace_days": 14,
                "step_down": "one",
                "colour": "#2b2a28",
                "benefits": {"en": ["15 % off everything", "Points count double"]},
            },
        ],
        "earning": _earning(ids, today),
        "pending": {"starts": "fulfilment", "window_days": 14},
        "expiry": {"kind": "after", "months": 12},
        "perks": [
            {
                "id": "member-prices",
                "perk": "tier_discount",
                "params": {"rates": {"basic": 500, "premium": 1000, "vip": 1500}},
            },
            *_birthday(ids),
        ],
        "claims": {"days": 90},
        # A cent a point, from half a euro on.
        "paying": {"points": {"points": 1, "money": 1, "least": 50}},
    }


def _birthday(ids: Ids) -> list[dict[str, Any]]:
    tea = ids.get("products", {}).get("house-breakfast")
    gift = {"title": "House Breakfast tea", "days": 30, "products": [tea]}
    return [{"id": "birthday-tea", "perk": "birthday_gift", "params": gift}] if tea else []


def _earning(ids: Ids, today: date) -> dict[str, Any]:
    whole = _all_earning(
        ids.get("products", {}).get("house-breakfast", ""),
        ids.get("categories", {}).get("teaware", ""),
        today,
    )
    if not ids.get("products", {}).get("house-breakfast"):
        whole["rules"] = [one for one in whole["rules"] if one["id"] != "tea-stamps"]
    if not ids.get("categories", {}).get("teaware"):
        whole["multipliers"] = [one for one in whole["multipliers"] if one["id"] != CAMPAIGN]
        whole["campaigns"] = []
    return whole


def _all_earning(stamped: str, promoted: str, today: date) -> dict[str, Any]:
    return {
        "rules": [
            {"id": "purchases", "rule": "amount", "params": {"points": "1", "per": "1"}},
            {"id": "welcome", "rule": "welcome", "params": {"points": 50, "at": "verified"}},
            {"id": "birthday", "rule": "birthday", "params": {"points": 100}},
            {"id": "visits", "rule": "check_in", "params": {"first": 1, "step": 1, "most": 7}},
            # From an extension of the shop's own: sandbox.stamp_card.
            {
                "id": "tea-stamps",
                "rule": "stamp_card",
                "params": {"products": [stamped], "stamps": 5, "points": 40},
                "on_top": True,
                "multiplied": False,
            },
        ],
        "multipliers": [
            {"id": "tiers", "multiplier": "tier", "params": {"rates": {"premium": "1.5", "vip": "2"}}},
            {
                "id": "member-day",
                "multiplier": "member_day",
                "params": {"day": {"kind": "day_of_month", "day": 8}, "rate": "2"},
            },
            {
                "id": "tea-hour",
                "multiplier": "campaign",
                "params": {"rate": "3"},
                "when": {"categories": [promoted]},
                "campaign": CAMPAIGN,
            },
        ],
        "combine_multipliers": "best",
        "campaigns": [
            {
                "code": CAMPAIGN,
                "name": {"en": "The tea hour", "zh-hans": "茶时光", "zh-hant": "茶時光"},
                "budget": BUDGET,
                "from_day": (today - timedelta(days=21)).isoformat(),
                "until_day": (today + timedelta(days=10)).isoformat(),
            }
        ],
    }


def owner() -> Actor:
    """The shop's owner as an actor of the back office, who may edit and publish."""
    name = next(person.username for person in STAFF if person.superuser)
    account = get_user_model().objects.get(username=name)
    may = (Operation.EDIT_PROGRAMME, Operation.PUBLISH_PROGRAMME)
    return Actor(
        ActorKind.STAFF,
        f"user:{account.pk}",
        permissions=frozenset(operation.value for operation in may),
        via="seed",
    )


def tell_birthdays(people: Sequence[Person], *, now: datetime) -> None:
    """New members tell when they were born, each as themselves; presents come by the nightly work."""
    of_address = {person.email: person for person in people}
    for member in Member.objects.filter(programme__code=CODE, email__in=of_address):
        themselves = Actor(ActorKind.MEMBER, str(member.pk), via="seed", member_id=member.pk)
        set_birthday(themselves, member_id=member.pk, birthday=of_address[member.email].birthday, now=now)


def publish_circle(
    api_url: str,
    ids: Ids,
    *,
    now: datetime,
    starts_at: datetime,
    channel: str = CHANNEL,
    currency: str = CURRENCY,
) -> None:
    """The programme in force from `starts_at` for a channel of this Saleor; once."""
    if Programme.objects.filter(code=CODE).exists():
        return
    actor = owner()
    draft = create_programme(
        actor,
        code=CODE,
        name="The Circle",
        currency=currency,
        timezone=TIMEZONE,
        document=document(ids, now.date()),
        now=now,
    )
    realm = Realm.objects.get(api_url=api_url)
    serve_channels(actor, programme_id=draft.programme_id, realm_id=realm.pk, slugs=[channel], now=now)
    publish(actor, version_id=draft.pk, now=now, starts_at=starts_at, note="The first terms of the Circle")
