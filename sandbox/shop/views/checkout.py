"""Checkout in three steps — address, delivery, payment — and the thank-you page; each step can be gone back to."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from loyalty_plugin.domain.consents import JoinSource
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.storefront import paying
from loyalty_plugin.storefront.forms import JoinForm
from loyalty_plugin.storefront.joining import join
from loyalty_plugin.storefront.words import refusal
from sandbox.shop import cart as carts
from sandbox.shop import checkout, door, loyalty, saleor, session
from sandbox.shop.forms import ContactForm

STEPS = [("address", later("Address")), ("delivery", later("Delivery")), ("payment", later("Payment"))]


def _page(request: HttpRequest, step: str, cart: carts.Cart, **context: object) -> HttpResponse:
    used = context.get("used")
    given = used.minor if isinstance(used, paying.InUse) else 0
    return render(
        request,
        f"shop/checkout_{step}.html",
        {"step": step, "steps": STEPS, "cart": cart, "stake": loyalty.cart_at_stake(cart, given), **context},
    )


def address(request: HttpRequest) -> HttpResponse:
    cart = carts.read(request)
    if not cart or not cart.lines:
        return redirect("shop:cart")
    form = ContactForm(request.POST or None, initial=_known(request, cart))
    # A prefix of its own: the courier's phone number is not the membership's.
    more = JoinForm(request.POST or None, customer=True, prefix="member")
    wants = bool(request.POST.get("join")) and session.customer(request) is None
    if request.method == "POST" and form.is_valid() and (more.is_valid() or not wants):
        try:
            checkout.set_contact(request, cart, form.cleaned_data["email"], form.address())
            if wants:
                _join(request, form, more)
            return redirect("shop:checkout-delivery")
        except saleor.Refused as refused:
            for problem in refused.problems:
                form.add_error(_field(problem.field, form), problem.message)
    return _page(request, "address", cart, form=form, more=more)


def _join(request: HttpRequest, form: ContactForm, more: JoinForm) -> None:
    """Joins with what is typed for the parcel. Whatever comes of it, the cart goes on as it is."""
    data = form.cleaned_data
    name = f"{data['first_name']} {data['last_name']}"
    try:
        join(request, more, name=name, email=data["email"], source=JoinSource.CHECKOUT)
    except LoyaltyError as error:
        messages.info(request, refusal(error))
    else:
        words = _(
            "You have joined. Open an account with this e-mail address, and this order’s points are yours."
        )
        messages.success(request, words)


def delivery(request: HttpRequest) -> HttpResponse:
    cart = carts.read(request)
    if not cart or not cart.lines or not cart.address:
        return redirect("shop:checkout")
    options = checkout.deliveries(request, cart)
    problem = None
    if request.method == "POST":
        try:
            checkout.set_delivery(request, cart, request.POST.get("delivery", ""))
            return redirect("shop:checkout-payment")
        except saleor.Refused:
            problem = _("This way of sending is not available for your address. Please choose another.")
    return _page(request, "delivery", cart, options=options, problem=problem)


def payment(request: HttpRequest) -> HttpResponse:
    cart = carts.read(request)
    if not cart or not cart.lines:
        return redirect("shop:cart")
    if not cart.delivery_name:
        return redirect("shop:checkout-delivery")
    problem = about_points = None
    if "loyalty_points" in request.POST:
        about_points = _use_points(request, cart)
        if not about_points:
            return redirect("shop:checkout-payment")
    elif request.method == "POST":
        try:
            checkout.place(request, cart)
            return redirect("shop:checkout-thanks")
        except saleor.Refused as refused:
            problem = _reason(refused)
            cart = carts.read(request) or cart
    offer = paying.pay_offer(request, cart.id)
    return _page(
        request, "payment", cart, problem=problem, about_points=about_points, pay=offer,
        used=offer.in_use if offer and offer.in_use and offer.in_use.begun else None,
        to_pay=checkout.to_pay(cart, offer),
    )  # fmt: skip


def _use_points(request: HttpRequest, cart: carts.Cart) -> str:
    """Why the points can't be used, empty where they are, or are off again."""
    typed = request.POST.get("loyalty_points", "")
    if not typed.isascii() or not typed.isdigit() or len(typed) > 12:
        return _("Please give a whole number of points.")
    try:
        checkout.use_points(request, cart, int(typed))
    except LoyaltyError as error:
        return refusal(error)
    except saleor.Refused as refused:
        return str(refused) or _("The points could not be used. Please try again.")
    return ""


def thanks(request: HttpRequest) -> HttpResponse:
    order_id = request.session.get("last_order")
    if not order_id:
        return redirect("shop:shelf")
    order = door.call(request, "OneOrder", {"id": order_id})["order"]
    return render(request, "shop/thanks.html", {"order": order})


def _known(request: HttpRequest, cart: carts.Cart) -> dict[str, str]:
    customer = session.customer(request)
    known = {"email": cart.email, "country": "DE"}
    if customer:
        known |= {"email": customer.email, "first_name": customer.first_name, "last_name": customer.last_name}
    if cart.address:
        a = cart.address
        known |= {
            "first_name": a.first_name,
            "last_name": a.last_name,
            "street": a.street,
            "postal_code": a.postal_code,
            "city": a.city,
            "country": a.country,
            "phone": a.phone,
        }
    return known


def _field(name: str, form: ContactForm) -> str | None:
    ours = {
        "postalCode": "postal_code",
        "streetAddress1": "street",
        "firstName": "first_name",
        "lastName": "last_name",
    }
    field = ours.get(name, name)
    return field if field in form.fields else None


def _reason(refused: saleor.Refused) -> str:
    if refused.codes & {"INVALID_SHIPPING_METHOD", "SHIPPING_METHOD_NOT_SET"}:
        return _("The way of sending has changed. Please choose it again; nothing was charged.")
    if "NO_PAYMENT_APP" in refused.codes:
        return str(refused)
    if "INSUFFICIENT_STOCK" in refused.codes:
        return _("Something in your cart has sold out. Please look at your cart; nothing was charged.")
    if refused.codes & {"CHECKOUT_NOT_FULLY_PAID", "charge_differs"}:
        return _(
            "Your cart has changed, so the payment doesn't cover it. Please look at the total and pay again."
        )
    return _("The payment did not go through. Please try again.")
