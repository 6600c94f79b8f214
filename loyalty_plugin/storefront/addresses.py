"""Where a shop's pages of joining, signing in, the membership and preferences are: its own, else ours; it serves none."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from loyalty_plugin.conf import settings

_OURS = {"join": "loyalty:join", "membership": "loyalty:membership", "preferences": "loyalty:preferences"}


def address(page: str) -> str:
    """The path of "join", "membership", "preferences", "sign_in": the shop's of `STOREFRONT_PAGES`, ours, or empty."""
    own = settings.STOREFRONT_PAGES.get(page, "")
    if own:
        return str(own)
    try:
        return reverse(_OURS[page]) if page in _OURS else ""
    except NoReverseMatch:
        return ""


def back(request: HttpRequest, default: str) -> str:
    """Where to go after an act: `next`, if that is a page of this shop."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return default
