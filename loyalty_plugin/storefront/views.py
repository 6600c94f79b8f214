"""The shipped pages: join, what joining brought, my membership and preferences, check in; each calls one service."""

from __future__ import annotations

from django.contrib import messages
from django.core.cache import cache
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from loyalty_plugin.clients import client_address
from loyalty_plugin.conf import settings
from loyalty_plugin.domain.consents import JoinSource
from loyalty_plugin.errors import LoyaltyError, UnknownProgramme
from loyalty_plugin.queries.cards import active_card
from loyalty_plugin.queries.programmes import channel_served, version_at
from loyalty_plugin.registry import ports
from loyalty_plugin.services.cards import issue_card
from loyalty_plugin.services.checkins import check_in as visit
from loyalty_plugin.services.preferences import change_own, want_benefits_again
from loyalty_plugin.storefront import joining, visitor
from loyalty_plugin.storefront.addresses import address, back
from loyalty_plugin.storefront.forms import JoinForm
from loyalty_plugin.storefront.membership import membership
from loyalty_plugin.storefront.preferences import preferences
from loyalty_plugin.storefront.words import refusal

_HOUR = 3600


# The shop is asked for a customer's account, which no transaction may wait for.
@transaction.non_atomic_requests
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """The form. `?channel=`, `?via=counter` and `?ref=` are what a poster says of itself."""
    channel = request.GET.get("channel", "") or visitor.channel_of(request)
    customer = visitor.customer_of(request)
    served = channel_served(channel, customer.realm if customer else None) if channel else None
    if served is None:
        raise Http404
    if membership(request) is not None:
        return redirect(address("membership"))
    if _frozen(request):
        return _told_frozen(request)
    form = JoinForm(request.POST if request.method == "POST" else None, customer=customer is not None)
    if request.method == "POST" and not _may_try(request):
        form.is_valid()
        form.add_error(
            None, _("Too many people have joined from here within the hour. Please try again later.")
        )
    elif request.method == "POST" and form.is_valid():
        try:
            counter = request.GET.get("via") == JoinSource.COUNTER.value
            member = joining.join(
                request,
                form,
                channel=channel,
                source=JoinSource.COUNTER if counter else JoinSource.STOREFRONT,
                source_ref=request.GET.get("ref", ""),
            )
        except LoyaltyError as error:
            form.refuse(error)
        else:
            joining.give_card(member)
            return redirect("loyalty:joined")
    try:
        programme = version_at(served[0], ports.clock.now())
    except UnknownProgramme:
        raise Http404 from None
    context = {"form": form, "programme": programme.name, "sign_in": address("sign_in")}
    status = 422 if form.is_bound else 200
    return render(request, "loyalty_plugin/storefront/join.html", context, status=status)


def _frozen(request: HttpRequest) -> bool:
    found = visitor.scene(request)
    return found is not None and found.frozen


def _told_frozen(request: HttpRequest) -> HttpResponse:
    """Said on this page, whichever was asked for: sending them to another would send them back."""
    return render(request, "loyalty_plugin/storefront/frozen.html")


def _may_try(request: HttpRequest) -> bool:
    """So many tries an hour from one address: the form tells whose address is a member's."""
    key = f"loyalty:join:{client_address(request) or request.META.get('REMOTE_ADDR', '')}"
    cache.add(key, 0, _HOUR)
    try:
        return int(cache.incr(key)) <= settings.STOREFRONT_JOINS_PER_HOUR
    except ValueError:  # it has just expired
        return True


@never_cache
@require_safe
def joined(request: HttpRequest) -> HttpResponse:
    """What joining brought: the number, and a card to show at the counter. Only in the session that joined."""
    member = joining.joined_here(request)
    if member is None:
        return redirect(address("join"))
    card = active_card(joining.as_member(member), member_id=member.pk, now=ports.clock.now())
    context = {"joined": member, "card": card, "membership_url": address("membership")}
    return render(request, "loyalty_plugin/storefront/joined.html", context)


@never_cache
@require_safe
def my_membership(request: HttpRequest) -> HttpResponse:
    """The membership in one look; who is not signed in is sent to do so, or to join."""
    if _frozen(request):
        return _told_frozen(request)
    if membership(request) is None:
        sign_in = address("sign_in")
        if visitor.customer_of(request) is None and sign_in:
            return redirect(f"{sign_in}?next={request.path}")
        return redirect(address("join"))
    return render(request, "loyalty_plugin/storefront/my_membership.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_preferences(request: HttpRequest) -> HttpResponse:
    """What the member may change, and the form that changes it: all of it or nothing."""
    if _frozen(request):
        return _told_frozen(request)
    shown = preferences(request, request.POST if request.method == "POST" else None)
    found = visitor.scene(request)
    if shown is None or found is None or found.member is None:
        sign_in = address("sign_in")
        return redirect(f"{sign_in}?next={request.path}" if sign_in else address("join"))
    if request.method == "POST" and shown.form.is_valid():
        try:
            change_own(
                found.actor,
                member_id=found.member.pk,
                now=found.now,
                consents=shown.form.answers(),
                **shown.form.changes(),
            )
        except LoyaltyError as error:
            shown.form.refuse(error)
        else:
            messages.success(request, _("Saved."))
            return redirect(back(request, address("preferences")))
    status = 422 if shown.form.is_bound else 200
    return render(
        request, "loyalty_plugin/storefront/preferences.html", {"preferences": shown}, status=status
    )


# The shop is asked, which no transaction may wait for.
@transaction.non_atomic_requests
@never_cache
@require_POST
def want_benefits(request: HttpRequest) -> HttpResponse:
    """Lays the member's prices again on the carts on which they had declined them."""
    found = visitor.scene(request)
    if found is None or found.member is None:
        return redirect(address("sign_in") or address("join"))
    try:
        want_benefits_again(found.actor, member_id=found.member.pk, now=found.now)
    except LoyaltyError as error:
        messages.error(request, refusal(error))
    else:
        messages.success(request, _("Your member prices are back."))
    return redirect(back(request, address("preferences")))


@never_cache
@require_POST
def check_in(request: HttpRequest) -> HttpResponse:
    """Counts today's visit and goes back to where the button was."""
    found = visitor.scene(request)
    if found is None or found.member is None:
        return redirect(address("sign_in") or address("join"))
    try:
        done = visit(found.actor, member_id=found.member.pk, now=found.now, channel=found.channel)
    except LoyaltyError as error:
        messages.error(request, refusal(error))
    else:
        told = ngettext(
            "Checked in: %(points)d point for today.", "Checked in: %(points)d points for today.", done.points
        )
        messages.success(request, told % {"points": done.points})
    return redirect(back(request, address("membership")))


@never_cache
@require_POST
def take_card(request: HttpRequest) -> HttpResponse:
    """Gives the member their card; the one there is, if there is one."""
    found = visitor.scene(request)
    if found is None or found.member is None:
        return redirect(address("sign_in") or address("join"))
    try:
        issue_card(found.actor, member_id=found.member.pk, now=found.now)
    except LoyaltyError as error:
        messages.error(request, refusal(error))
    return redirect(back(request, address("membership")))
