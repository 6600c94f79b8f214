"""What a shop puts into its own templates: prices, points at stake, the membership and its parts; it decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from loyalty_plugin.cards.codes import qr_svg
from loyalty_plugin.domain.cards.numbers import grouped
from loyalty_plugin.errors import CardsUnavailable
from loyalty_plugin.storefront import markup, words
from loyalty_plugin.storefront.addresses import address
from loyalty_plugin.storefront.forms import JoinForm
from loyalty_plugin.storefront.membership import membership, tiers
from loyalty_plugin.storefront.paying import PayOffer
from loyalty_plugin.storefront.preferences import Preferences, preferences
from loyalty_plugin.storefront.prices import Offer, PriceBlock, price_blocks
from loyalty_plugin.storefront.stake import Cart, points_at_stake
from loyalty_plugin.storefront.statement import statement
from loyalty_plugin.storefront.visitor import customer_of

register = template.Library()
_PARTS = "loyalty_plugin/storefront/parts"


def _request(context: Mapping[str, Any]) -> HttpRequest | None:
    found = context.get("request")
    return found if isinstance(found, HttpRequest) else None


def _shown(context: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """What every part is handed: the request, and what a form's token needs."""
    request = _request(context)
    return {"request": request, "csrf_token": context.get("csrf_token"), **more}


@register.simple_tag
def loyalty_css() -> SafeString:
    """The style sheet of all parts; once, in the head of the page."""
    return format_html('<link rel="stylesheet" href="{}">', static("loyalty_plugin/storefront.css"))


@register.simple_tag(takes_context=True)
def loyalty_prices(context: Mapping[str, Any], offers: Iterable[Offer]) -> list[tuple[Offer, PriceBlock]]:
    """Each offer with its price block, all quoted at once: `{% loyalty_prices offers as priced %}`."""
    wanted = list(offers)
    return list(zip(wanted, price_blocks(_request(context), wanted), strict=True))


@register.inclusion_tag(f"{_PARTS}/price.html", takes_context=True)
def loyalty_price(
    context: Mapping[str, Any], price: Offer | PriceBlock | None, invite: bool = True
) -> dict[str, Any]:
    """The price of one variant: an offer, or a price block that was quoted with others.

    `invite` makes what members pay a link to joining, and tells a member why there is no member price: for the page of
    a product, not inside of another link.
    """
    block = price_blocks(_request(context), [price])[0] if isinstance(price, Offer) else price
    return {"price": block, "join_url": address("join") if invite else "", "explain": invite}


@register.inclusion_tag(f"{_PARTS}/stake.html", takes_context=True)
def loyalty_stake(context: Mapping[str, Any], cart: Cart | None = None) -> dict[str, Any]:
    """What the cart would bring; without one, that of the context's `loyalty_cart`."""
    cart = cart or context.get("loyalty_cart")
    request = _request(context)
    return {
        "stake": points_at_stake(request, cart) if cart is not None and cart.lines else None,
        "member": membership(request),
        "join_url": address("join"),
    }


@register.inclusion_tag(f"{_PARTS}/pay.html", takes_context=True)
def loyalty_pay(context: Mapping[str, Any], offer: PayOffer | None, problem: str = "") -> dict[str, Any]:
    """Points on the payment page: how many may be used, or which are in use. It posts `loyalty_points` to the page itself;
    0 takes them off."""
    request = _request(context)
    action = request.get_full_path() if request is not None else ""
    return _shown(context, pay=offer, problem=problem, action=action)


@register.inclusion_tag(f"{_PARTS}/join.html", takes_context=True)
def loyalty_join(context: Mapping[str, Any], form: JoinForm | None = None) -> dict[str, Any]:
    """The form to join by; for a member, where their membership is."""
    request = _request(context)
    if form is None:
        form = JoinForm(customer=customer_of(request) is not None)
    return _shown(
        context,
        form=form,
        action=_action(request),
        member=membership(request),
        membership_url=address("membership"),
    )


def _action(request: HttpRequest | None) -> str:
    """Our page to join by, with what a poster said of itself."""
    from django.urls import reverse

    ours = reverse("loyalty:join")
    if request is not None and request.path == ours:
        return request.get_full_path()
    return ours


@register.inclusion_tag(f"{_PARTS}/membership.html", takes_context=True)
def loyalty_membership(context: Mapping[str, Any], lines: int = 40) -> dict[str, Any]:
    """My membership: card, points, the way to the next tier, check-in, benefits and the statement."""
    request = _request(context)
    found = membership(request)
    return _shown(
        context,
        member=found,
        with_statement=bool(lines),
        statement=statement(request, limit=lines) if found and lines else [],
        join_url=address("join"),
        sign_in_url=address("sign_in"),
        preferences_url=address("preferences"),
    )


@register.inclusion_tag(f"{_PARTS}/preferences.html", takes_context=True)
def loyalty_preferences(context: Mapping[str, Any], shown: Preferences | None = None) -> dict[str, Any]:
    """Name, phone, language, birthday and consents, to be changed; `shown` is one that was sent and refused."""
    request = _request(context)
    return _shown(
        context,
        preferences=shown or preferences(request),
        next=request.path if request is not None else "",
        sign_in_url=address("sign_in"),
        join_url=address("join"),
    )


@register.inclusion_tag(f"{_PARTS}/tiers.html", takes_context=True)
def loyalty_tiers(context: Mapping[str, Any]) -> dict[str, Any]:
    """The tiers, what each asks and brings; the reader's own is marked."""
    return {"tiers": tiers(_request(context))}


@register.inclusion_tag(f"{_PARTS}/benefits.html", takes_context=True)
def loyalty_benefits(context: Mapping[str, Any]) -> dict[str, Any]:
    """What the reader's tier brings; for a guest, what the first one would."""
    request = _request(context)
    shown: Sequence[Any] = tiers(request)
    mine = next((tier for tier in shown if tier.mine), None)
    return {
        "tier": mine or (shown[0] if shown else None),
        "mine": mine is not None,
        "join_url": address("join"),
    }


@register.inclusion_tag(f"{_PARTS}/check_in.html", takes_context=True)
def loyalty_check_in(context: Mapping[str, Any]) -> dict[str, Any]:
    """Today's visit: the streak, what it brings, and the button where one counts."""
    found = membership(_request(context))
    return _shown(context, check_in=found.check_in if found else None)


@register.inclusion_tag(f"{_PARTS}/badge.html", takes_context=True)
def loyalty_badge(context: Mapping[str, Any]) -> dict[str, Any]:
    """The member's points in a word, for the head of the page; nothing for others."""
    return {"member": membership(_request(context))}


@register.simple_tag(takes_context=True)
def loyalty_programme_markup(context: Mapping[str, Any]) -> SafeString:
    """schema.org MemberProgram of the programme that serves this page, as JSON-LD."""
    return markup.script(markup.programme(_request(context)))


@register.simple_tag(takes_context=True)
def loyalty_offer_markup(context: Mapping[str, Any], offers: Iterable[Offer], **about: Any) -> SafeString:
    """schema.org Product with what everybody and what each tier pays, as JSON-LD. `about`: name, url, image, sku."""
    return markup.script(markup.product(_request(context), list(offers), **about))


@register.simple_tag
def loyalty_qr(payload: str) -> SafeString:
    """An inline SVG of a QR code, dark on white; empty where codes can't be drawn."""
    try:
        return mark_safe(qr_svg(payload, dark="#111"))
    except CardsUnavailable:
        return mark_safe("")


@register.filter
def lp_number(value: int) -> str:
    """A whole number in the reader's grouping."""
    return words.number(int(value or 0))


@register.filter
def lp_signed(value: int) -> str:
    """The same, with a plus sign when points came in."""
    return f"+{words.number(value)}" if value > 0 else words.number(value)


@register.filter
def lp_fours(number: str) -> str:
    """A card's number in groups of four."""
    return grouped(number)
