"""My membership: reads what one page shows of it and counts a visit; words numbers, decides nothing."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.document import CheckInWay
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.domain.tiers.forecast import Forecast
from loyalty_plugin.queries import cards as card_queries
from loyalty_plugin.queries import members, statements
from loyalty_plugin.queries.checkins import check_in_state
from loyalty_plugin.queries.explanations.sentences import explain, explain_end, explain_more
from loyalty_plugin.queries.orders import order_numbers
from loyalty_plugin.queries.outlook import all_missing, due_day, percent_done
from loyalty_plugin.queries.snapshot import one_snapshot
from loyalty_plugin.registry import ports
from loyalty_plugin.services.cards import issue_card
from loyalty_plugin.services.checkins import check_in as visit
from loyalty_plugin.services.checkins import count_login
from sandbox.shop import session
from sandbox.shop.loyalty.views import Card, CheckIn, Membership, Points, Progress, StatementLine
from sandbox.shop.loyalty.who import Scene, saleor_url, scene
from sandbox.shop.money import Money
from sandbox.shop.saleor import CHANNEL

KEPT = "_shop_membership_view"


def member_for(request: HttpRequest) -> Membership | None:
    """The signed-in customer's membership, None for a guest or a customer who is no member. Read once a request."""
    if not hasattr(request, KEPT):
        found = scene(request)
        setattr(request, KEPT, _membership(found) if found and found.member else None)
    kept: Membership | None = getattr(request, KEPT)
    return kept


def _membership(found: Scene) -> Membership:
    assert found.member is not None
    view = members.membership(found.actor, found.member.pk, found.now)
    language = get_language() or "en"
    points = view.points
    return Membership(
        name=view.name,
        tier_code=view.tier.code,
        tier=text_in(view.tier.name, language),
        since=local_day(view.joined_at, view.version.zone),
        points=Points(
            points.available, points.pending, points.held, -abs(points.owed), points.expiring, points.last_day
        ),
        progress=_progress(view.forecast, view.version, language),
        outlook=tuple(_outlook(view.forecast, view.version, language)),
        saved=None,
        check_in=_check_in_state(found),
        card=_card(found),
    )


def _progress(ahead: Forecast, version: ProgrammeVersion, language: str) -> Progress | None:
    """The bar shows the need that lacks most; the sentence names them all."""
    above = version.document.tier(ahead.next_tier or "")
    if above is None or not ahead.needs:
        return None
    name = text_in(above.name, language)
    lacking, by = all_missing(ahead.needs, version.currency, _money), due_day(ahead.needs)
    if by:
        sentence = _("%(lacking)s more by %(day)s takes you to %(tier)s.") % {
            "lacking": lacking,
            "day": date_format(by, "j F Y"),
            "tier": name,
        }
    else:
        sentence = _("%(lacking)s more takes you to %(tier)s.") % {"lacking": lacking, "tier": name}
    return Progress(name, percent_done(ahead.needs), sentence)


def _outlook(ahead: Forecast, version: ProgrammeVersion, language: str) -> list[str]:
    """When the present tier ends and what would keep it, each a sentence."""
    here = version.document.tier(ahead.tier)
    if here is None or ahead.keeps_until is None:
        return []
    name, day = text_in(here.name, language), date_format(ahead.keeps_until, "j F Y")
    if not ahead.lacks:
        return [_("Your %(tier)s lasts until %(day)s.") % {"tier": name, "day": day}]
    lacking = all_missing(ahead.lacks, version.currency, _money)
    words = {"tier": name, "day": day, "lacking": lacking}
    return [_("Your %(tier)s lasts until %(day)s; %(lacking)s more by then keeps it.") % words]


def _money(amount: int, currency: str) -> str:
    return str(Money(amount, currency))


def _check_in_state(found: Scene) -> CheckIn | None:
    """What today's and tomorrow's visit bring by the rules in force; None where they give nothing for visits."""
    assert found.member is not None
    state = check_in_state(found.member, found.version, found.now)
    if state is None:
        return None
    return CheckIn(state.streak, state.done_today, state.today, state.tomorrow, CheckInWay.VISIT in state.by)


def check_in(request: HttpRequest) -> CheckIn | None:
    """Counts today's visit; the state afterwards, None for a customer who is no member."""
    found = scene(request)
    if found is None or found.member is None:
        return None
    visit(found.actor, member_id=found.member.pk, now=found.now)
    return _check_in_state(found)


def signed_in(request: HttpRequest) -> CheckIn | None:
    """Tells the programme that a customer has just logged in; the state where that was today's visit, else None."""
    customer = session.customer(request)
    if customer is None:
        return None
    counted = count_login(realm_url=saleor_url(), user_id=customer.id, channel=CHANNEL, now=ports.clock.now())
    found = scene(request) if counted is not None and counted.first else None
    return _check_in_state(found) if found is not None else None


def _card(found: Scene) -> Card | None:
    assert found.member is not None
    card = card_queries.active_card(found.actor, member_id=found.member.pk, now=found.now)
    return Card(card.number, card.token, None) if card else None


def take_card(request: HttpRequest) -> None:
    """Gives the member their card; the one there is, if there is one."""
    found = scene(request)
    if found is not None and found.member is not None:
        issue_card(found.actor, member_id=found.member.pk, now=found.now)


def membership_page(request: HttpRequest) -> tuple[Membership | None, list[StatementLine]]:
    """The membership and the latest movements of one moment: the worker may book an order between two reads."""
    with one_snapshot():
        return member_for(request), _statement(scene(request))


def _statement(found: Scene | None) -> list[StatementLine]:
    """The latest movements that changed what is theirs, newest first."""
    if found is None or found.member is None:
        return []
    page = statements.statement(found.member.pk, limit=40)
    numbers = order_numbers(movement.order_ref for movement in page.movements)
    return [_line(m, found.version, numbers.get(m.order_ref, "")) for m in page.movements if m.amount]


TITLES = {
    "earn": later("Order"),
    "bonus": later("Thank-you points"),
    "refund": later("Return"),
    "spend": later("Spent"),
    "expire": later("Expired"),
    "bring_back": later("Brought back"),
    "clear": later("Cleared"),
    "adjust": later("Changed by our staff"),
    "reverse": later("Taken back"),
    "opening": later("Carried over"),
}
ORDERED = {
    "earn": later("Order %(number)s"),
    "refund": later("Returned from order %(number)s"),
    "spend": later("Spent on order %(number)s"),
}
OCCASIONS = {
    "verified": later("Welcome"),
    "joined": later("Welcome"),
    "birthday": later("Happy birthday"),
    "check_in": later("Daily visit"),
    "milestone": later("A milestone"),
}


def _line(movement: statements.Movement, version: ProgrammeVersion, number: str) -> StatementLine:
    told = movement.explanation or {}
    what = TITLES.get(movement.kind, movement.kind)
    if number and movement.kind in ORDERED:
        what = ORDERED[movement.kind] % {"number": number}
    if movement.kind == "bonus":
        what = OCCASIONS.get(told.get("occasion", ""), what)
    return StatementLine(
        day=local_day(movement.occurred_at, version.zone),
        what=str(what),
        why=tuple(_why(movement)),
        points=movement.amount,
        balance=movement.balance,
    )


def _why(movement: statements.Movement) -> list[str]:
    """An award explains itself; the rest is said here."""
    told = movement.explanation or {}
    if "rules" in told:
        return [explain(told), *explain_more(told)]
    if "refund" in told:
        refund = told["refund"]
        words = {
            "left": Money(refund["left"], refund["currency"]),
            "paid": Money(refund["paid"], refund["currency"]),
            "before": refund["stood"],
            "now": refund["stands"],
        }
        return [
            _(
                "Of %(paid)s you kept %(left)s, so %(now)d of the %(before)d points stand, by the rule you earned them by."
            )
            % words
        ]
    if "adjustment" in told:
        return [str(told["adjustment"]["reason"])]
    if end := explain_end(told):
        return [end]
    return [str(REASONS.get(movement.kind, _("Ask us and we look it up.")))]


REASONS = {
    "expire": later("These points had reached their last day."),
    "clear": later("All points were cleared on this date, as announced."),
    "bring_back": later("Expired points were brought back."),
    "opening": later("Points you had before this shop kept this book."),
    "spend": later("You spent them on an order."),
}
