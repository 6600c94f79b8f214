"""My membership: reads what a page shows of it as frozen views; puts numbers in words, decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.document import CheckInWay
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.tiers.forecast import Forecast, Need
from loyalty_plugin.domain.tiers.terms import TierTerms
from loyalty_plugin.queries.benefits import benefits_of
from loyalty_plugin.queries.cards import active_card
from loyalty_plugin.queries.checkins import check_in_state
from loyalty_plugin.queries.gifts import GiftState, GiftView, gifts_of
from loyalty_plugin.queries.members import membership_of
from loyalty_plugin.queries.outlook import all_missing, due_day, missing, percent_done
from loyalty_plugin.storefront.visitor import Scene, scene
from loyalty_plugin.storefront.words import money, tier_name

_KEPT = "_loyalty_membership"


@dataclass(frozen=True, slots=True)
class Points:
    """Whole points by state; `expiring` of the available ones go next, on `expires_on`. `owed` is at most 0."""

    available: int
    pending: int
    reserved: int
    owed: int
    expiring: int
    expires_on: date | None
    #: In the programme's time zone; None where nothing is reserved.
    reserved_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The way to the next tier: `percent` for the bar, `sentence` for everybody."""

    next_tier: str
    percent: int
    sentence: str


@dataclass(frozen=True, slots=True)
class CheckIn:
    """The daily check-in: how long the streak is, what today and tomorrow bring, and whether a button counts."""

    streak: int
    done_today: bool
    reward: int
    tomorrow: int
    by_button: bool


@dataclass(frozen=True, slots=True)
class Card:
    """The member's card: `payload` is what its QR code says."""

    number: str
    payload: str


@dataclass(frozen=True, slots=True)
class Membership:
    """Everything a membership page answers in one look."""

    name: str
    number: str
    programme: str
    tier_code: str
    tier: str
    colour: str
    since: date
    verified: bool
    points: Points
    progress: Progress | None
    outlook: tuple[str, ...]
    benefits: tuple[str, ...]
    check_in: CheckIn | None
    card: Card | None
    #: Those that can be taken now.
    gifts: tuple[GiftView, ...] = ()


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier as the table shows it: the ways in, any one of which is enough, and what it brings."""

    code: str
    name: str
    ways: tuple[str, ...]
    benefits: tuple[str, ...]
    mine: bool


def membership(request: HttpRequest | None) -> Membership | None:
    """The signed-in member's own membership, None for anybody else. Read once a request; nine queries."""
    found = scene(request)
    if request is None or found is None or found.member is None:
        return None
    if not hasattr(request, _KEPT):
        setattr(request, _KEPT, _membership(found))
    kept: Membership = getattr(request, _KEPT)
    return kept


def _membership(found: Scene) -> Membership:
    assert found.member is not None
    view = membership_of(found.member, found.now)
    points = view.points
    return Membership(
        name=view.name,
        number=view.number,
        programme=view.version.name,
        tier_code=view.tier.code,
        tier=tier_name(view.tier),
        colour=view.tier.colour or "",
        since=local_day(view.joined_at, view.version.zone),
        verified=view.verified,
        points=Points(
            points.available,
            points.pending,
            points.held,
            -abs(points.owed),
            points.expiring,
            points.last_day,
            points.held_until and points.held_until.astimezone(view.version.zone),
        ),
        progress=_progress(view.forecast, view.version),
        outlook=tuple(_outlook(view.forecast, view.version)),
        benefits=benefits_of(view.version, view.tier),
        check_in=_check_in(found),
        card=_card(found),
        gifts=_gifts(found, view.version),
    )


def _progress(ahead: Forecast, version: ProgrammeVersion) -> Progress | None:
    """The bar shows the need that lacks most; the sentence names them all."""
    above = version.document.tier(ahead.next_tier or "")
    if above is None or not ahead.needs:
        return None
    name = tier_name(above)
    lacking, by = all_missing(ahead.needs, version.currency, money), due_day(ahead.needs)
    if by:
        sentence = _("%(lacking)s more by %(day)s takes you to %(tier)s.") % {
            "lacking": lacking,
            "day": date_format(by, "DATE_FORMAT"),
            "tier": name,
        }
    else:
        sentence = _("%(lacking)s more takes you to %(tier)s.") % {"lacking": lacking, "tier": name}
    return Progress(name, percent_done(ahead.needs), sentence)


def _outlook(ahead: Forecast, version: ProgrammeVersion) -> list[str]:
    """When the present tier ends and what would keep it, each a sentence."""
    here = version.document.tier(ahead.tier)
    if here is None or ahead.keeps_until is None:
        return []
    words = {"tier": tier_name(here), "day": date_format(ahead.keeps_until, "DATE_FORMAT")}
    if not ahead.lacks:
        return [_("Your %(tier)s lasts until %(day)s.") % words]
    words["lacking"] = all_missing(ahead.lacks, version.currency, money)
    return [_("Your %(tier)s lasts until %(day)s; %(lacking)s more by then keeps it.") % words]


def _check_in(found: Scene) -> CheckIn | None:
    """What today's and tomorrow's visit bring by the rules in force; None where they give nothing for visits."""
    assert found.member is not None
    state = check_in_state(found.member, found.version, found.now)
    if state is None:
        return None
    return CheckIn(state.streak, state.done_today, state.today, state.tomorrow, CheckInWay.VISIT in state.by)


def _card(found: Scene) -> Card | None:
    assert found.member is not None
    card = active_card(found.actor, member_id=found.member.pk, now=found.now)
    return Card(card.number, card.token) if card else None


def _gifts(found: Scene, version: ProgrammeVersion) -> tuple[GiftView, ...]:
    assert found.member is not None
    all_of_them = gifts_of(found.actor, member_id=found.member.pk, today=local_day(found.now, version.zone))
    return tuple(gift for gift in all_of_them if gift.state is GiftState.READY)


def tiers(request: HttpRequest | None) -> tuple[Tier, ...]:
    """The tiers of the programme that serves this page, lowest first; none where none does."""
    found = scene(request)
    if found is None:
        return ()
    mine = found.member.tier if found.member else ""
    return tuple(
        Tier(
            tier.code,
            tier_name(tier),
            tuple(_way(tier, found.version)),
            benefits_of(found.version, tier),
            tier.code == mine,
        )
        for tier in found.version.document.ladder
    )


def _way(tier: TierTerms, version: ProgrammeVersion) -> list[str]:
    """The ways into a tier in words: "€300.00", "2 orders and 120 points"."""
    ways = []
    for way in tier.entry:
        needs = [Need(one.metric, one.at_least, one.at_least, one.products) for one in way]
        ways.append(_(" and ").join(missing(need, version.currency, money) for need in needs))
    return ways
