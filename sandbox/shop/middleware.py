"""Turns an unreachable Saleor into a page that says so and what to do; nothing else is caught."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sandbox.shop.saleor import Unreachable


class SaleorAway:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Unreachable):
            return render(request, "shop/away.html", status=503)
        return None
