"""The customer's own pages: sign in, register, confirm the e-mail, orders, sign out."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.storefront.forms import JoinForm
from loyalty_plugin.storefront.joining import join
from sandbox.shop import cart as carts
from sandbox.shop import catalogue, door, letters, loyalty, saleor, session
from sandbox.shop.forms import RegisterForm, SignInForm
from sandbox.shop.money import Money

_log = logging.getLogger(__name__)


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse("shop:membership")


def sign_in(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            session.sign_in(request, form.cleaned_data["email"], form.cleaned_data["password"])
        except saleor.Refused as refused:
            form.add_error(None, _refusal(refused))
        else:
            carts.hand_over(request)
            _welcome(request)
            return redirect(_next(request))
    return render(request, "shop/sign_in.html", {"form": form, "next": _next(request)})


def _welcome(request: HttpRequest) -> None:
    """Logging in counts as the day's visit, where the programme says so; what it brought is told once."""
    visit = loyalty.signed_in(request)
    if visit is not None:
        messages.success(
            request,
            ngettext(
                "Welcome back: %(points)d point for today’s visit.",
                "Welcome back: %(points)d points for today’s visit.",
                visit.reward,
            )
            % {"points": visit.reward},
        )


def register(request: HttpRequest) -> HttpResponse:
    typed = request.POST if request.method == "POST" else None
    form, more = RegisterForm(typed), JoinForm(typed, customer=True)
    if request.method == "POST" and all([form.is_valid(), more.is_valid()]):
        data = form.cleaned_data
        _join(request, form, more)
        try:
            saleor.mutate(
                "Register",
                {
                    "input": {
                        "firstName": data["first_name"],
                        "lastName": data["last_name"],
                        "email": data["email"],
                        "password": data["password"],
                        "channel": saleor.CHANNEL,
                        "redirectUrl": f"{settings.SANDBOX_SHOP_URL}{reverse('shop:confirm')}",
                    }
                },
            )
        except saleor.Refused as refused:
            for problem in refused.problems:
                field = {"email": "email", "password": "password"}.get(problem.field)
                text = (
                    _("There is an account with this e-mail already.")
                    if problem.code == "UNIQUE"
                    else problem.message
                )
                form.add_error(field, text)
        else:
            request.session["registered"] = data["email"]
            return redirect("shop:registered")
    return render(request, "shop/register.html", {"form": form, "more": more, "next": _next(request)})


def _join(request: HttpRequest, form: RegisterForm, more: JoinForm) -> None:
    """The membership comes first, with what was agreed to; it is the account's as soon as its address is confirmed.

    Whose address is a member's already is not told here: the letter goes to them, and they sign in.
    """
    data = form.cleaned_data
    try:
        join(request, more, name=f"{data['first_name']} {data['last_name']}", email=data["email"])
    except LoyaltyError as error:
        _log.info("registered without joining: %s", error.code)


def registered(request: HttpRequest) -> HttpResponse:
    """Says where the letter went; the account works once its link was followed."""
    email = request.session.get("registered", "")
    return render(request, "shop/registered.html", {"email": email, "link": letters.confirmation_link(email)})


def confirm(request: HttpRequest) -> HttpResponse:
    """Where the link in the letter leads: ?email=…&token=…"""
    email, token = request.GET.get("email", ""), request.GET.get("token", "")
    try:
        saleor.mutate("Confirm", {"email": email, "token": token})
    except saleor.Refused:
        messages.error(
            request, _("This link has been used or is too old. Sign in, or register again for a new one.")
        )
    else:
        messages.success(request, _("Thank you, your e-mail is confirmed. You can sign in now."))
    return redirect(f"{reverse('shop:sign-in')}?{urlencode({'email': email})}")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    session.sign_out(request)
    messages.success(request, _("You are signed out."))
    return redirect("/")


def orders(request: HttpRequest) -> HttpResponse:
    token = session.access_token(request)
    if not token:
        return redirect(f"{reverse('shop:sign-in')}?next={reverse('shop:orders')}")
    page = next(iter(door.call(request, "MyOrders", {"after": request.GET.get("after")}).values()))["orders"]
    return render(
        request,
        "shop/orders.html",
        {"orders": [shown(edge["node"]) for edge in page["edges"]], "page": page["pageInfo"]},
    )


def order(request: HttpRequest, order_id: str) -> HttpResponse:
    """One of the customer's own orders; Saleor answers for anybody's id, so the owner is checked here."""
    customer, token = session.customer(request), session.access_token(request)
    if not customer or not token:
        return redirect(f"{reverse('shop:sign-in')}?next={request.path}")
    found = door.call(request, "OneOrder", {"id": order_id})["order"]
    # The door shows nobody another's.
    if not found or not (door.enforced() or (found["user"] or {}).get("id") == customer.id):
        raise Http404
    return render(request, "shop/order.html", {"order": shown(found)})


STATES = {
    "UNFULFILLED": later("Being packed"),
    "PARTIALLY_FULFILLED": later("Partly sent"),
    "FULFILLED": later("Sent"),
    "CANCELED": later("Cancelled"),
    "RETURNED": later("Returned"),
    "PARTIALLY_RETURNED": later("Partly returned"),
    "UNCONFIRMED": later("Being checked"),
    "UNPAID": later("Waiting for payment"),
}


def shown(node: dict[str, Any]) -> dict[str, Any]:
    """Saleor's order as the pages show it."""
    lines = [
        {
            "name": line["productName"],
            "variant": line["variantName"],
            "quantity": line["quantity"],
            "image": catalogue.picture((line["thumbnail"] or {}).get("url", "")),
            "price": Money.read(line["unitPrice"]),
            "total": Money.read(line["totalPrice"]),
        }
        for line in node["lines"]
    ]
    return {
        "id": node["id"],
        "number": node["number"],
        "created": parse_datetime(node["created"]),
        "state": STATES.get(node["status"], node["status"].capitalize()),
        "status": node["status"],
        "total": Money.read(node["total"]),
        "subtotal": Money.read(node.get("subtotal")),
        "delivery": Money.read(node.get("shippingPrice")),
        "delivery_name": node.get("shippingMethodName"),
        "address": node.get("shippingAddress"),
        "email": node.get("userEmail"),
        "lines": lines,
        "count": sum(line["quantity"] for line in lines),
    }


def _refusal(refused: saleor.Refused) -> str:
    if "ACCOUNT_NOT_CONFIRMED" in refused.codes:
        return _("Please confirm your e-mail first: follow the link we sent you.")
    if "LOGIN_ATTEMPT_DELAYED" in refused.codes:
        return _("Too many tries. Please wait a moment.")
    return _("E-mail and password don't match.")
