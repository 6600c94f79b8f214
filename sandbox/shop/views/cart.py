"""The cart: see it, add, change, take out; with a script the answer is the drawer, without one the cart page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sandbox.shop import cart as carts
from sandbox.shop import loyalty, saleor

MOST = 20


def _context(request: HttpRequest, cart: carts.Cart | None) -> dict[str, object]:
    return {"cart": cart, "stake": loyalty.cart_at_stake(cart)}


def page(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/cart.html", _context(request, carts.read(request)))


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    cart = None
    try:
        cart = carts.add(request, request.POST.get("variant", ""), _quantity(request, least=1))
    except saleor.Refused as refused:
        messages.error(request, _reason(refused))
    return _answer(request, cart)


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    cart = None
    if not request.session.get(carts.KEY):
        return redirect("shop:cart")
    try:
        cart = carts.set_quantity(request, request.POST.get("line", ""), _quantity(request, least=0))
    except saleor.Refused as refused:
        messages.error(request, _reason(refused))
    return _answer(request, cart)


@require_POST
def code(request: HttpRequest) -> HttpResponse:
    """Enter a promo code, or take it off; what Saleor refuses is said, and the cart stays as it is."""
    given = request.POST.get("code", "").strip()[:100]
    if not request.session.get(carts.KEY):
        return redirect("shop:cart")
    try:
        if "off" in request.POST:
            carts.drop_code(request, given)
        elif given:
            carts.set_code(request, given)
    except saleor.Refused as refused:
        messages.error(request, _why_no_code(refused))
    return redirect("shop:cart")


def _quantity(request: HttpRequest, least: int) -> int:
    """What was typed, plus the stepper's button, within what one person buys."""
    try:
        wanted = int(request.POST.get("quantity", "1")) + int(request.POST.get("step", "0"))
    except ValueError:
        wanted = 1
    return max(least, min(wanted, MOST))


def _answer(request: HttpRequest, cart: carts.Cart | None) -> HttpResponse:
    if request.headers.get("X-Requested-With") == "drawer":
        if cart is None:
            cart = carts.read(request)
        return render(request, "shop/parts/drawer.html", _context(request, cart))
    return redirect("shop:cart")


def _why_no_code(refused: saleor.Refused) -> str:
    if "VOUCHER_NOT_APPLICABLE" in refused.codes:
        return _("This code is for nothing in your cart, or not for today. The cart is unchanged.")
    return _("This code is not known, or was used already. The cart is unchanged.")


def _reason(refused: saleor.Refused) -> str:
    if "INSUFFICIENT_STOCK" in refused.codes:
        return _("There are not that many left. The cart is unchanged.")
    if refused.codes & {"QUANTITY_GREATER_THAN_LIMIT", "ZERO_QUANTITY"}:
        return _("One order takes at most %(most)d of a kind.") % {"most": MOST}
    return _("This can't be added right now. The cart is unchanged.")
