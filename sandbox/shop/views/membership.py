"""My membership, as the plugin's template shows it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from sandbox.shop import loyalty, session


def page(request: HttpRequest) -> HttpResponse:
    if not session.customer(request):
        return redirect(f"{reverse('shop:sign-in')}?next={reverse('shop:membership')}")
    answer = render(request, "shop/membership.html", {"member": loyalty.member_for(request)})
    answer["Cache-Control"] = "private, no-store"
    return answer
