"""My membership: the card, the points, the way to the next tier, the statement and the daily check-in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from sandbox.shop import loyalty, session


def page(request: HttpRequest) -> HttpResponse:
    if not session.customer(request):
        return redirect(f"{reverse('shop:sign-in')}?next={reverse('shop:membership')}")
    member, statement = loyalty.membership_page(request)
    return render(request, "shop/membership.html", {"member": member, "statement": statement})


@require_POST
def check_in(request: HttpRequest) -> HttpResponse:
    if not session.customer(request):
        return redirect("shop:sign-in")
    state = loyalty.check_in(request)
    if state:
        messages.success(
            request,
            ngettext(
                "Checked in: %(points)d point for today.",
                "Checked in: %(points)d points for today.",
                state.reward,
            )
            % {"points": state.reward},
        )
    return redirect("shop:membership")


@require_POST
def card(request: HttpRequest) -> HttpResponse:
    """The member takes their card."""
    if not session.customer(request):
        return redirect("shop:sign-in")
    loyalty.take_card(request)
    return redirect("shop:membership")
