"""Headers of answers: who may keep them, and which other origins may read them; looks at no data."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request

from loyalty_plugin.conf import settings

METHODS: Final = "GET, POST"
_DAY: Final = 24 * 60 * 60


def keeping(request: HttpRequest, response: HttpResponseBase, *, whole: bool) -> None:
    """Say who may keep the answer: of what was asked with a token nobody, of a guest's GET everybody for a while.

    Only a whole answer, without errors, is kept. The token, the language and the origin make other answers.
    """
    public = (
        whole
        and request.method == "GET"
        and "Authorization" not in request.headers
        and settings.GRAPHQL_PUBLIC_SECONDS > 0
    )
    if public:
        response["Cache-Control"] = f"public, max-age={settings.GRAPHQL_PUBLIC_SECONDS}"
    else:
        response["Cache-Control"] = "private, no-store"
    patch_vary_headers(response, ("Authorization", "Accept-Language"))


def language(request: HttpRequest) -> str:
    """The language of the answer: the header's. A cookie's would be kept for others, who send another cookie."""
    without_cookies = HttpRequest()
    without_cookies.META = request.META
    return get_language_from_request(without_cookies)


def sharing(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the pages of the origins in GRAPHQL_ORIGINS read the answer. No cookie counts, so none is asked for."""
    if not settings.GRAPHQL_ORIGINS:
        return
    patch_vary_headers(response, ("Origin",))
    origin = request.headers.get("Origin", "")
    if origin and ("*" in settings.GRAPHQL_ORIGINS or origin in settings.GRAPHQL_ORIGINS):
        response["Access-Control-Allow-Origin"] = "*" if "*" in settings.GRAPHQL_ORIGINS else origin
        response["Access-Control-Expose-Headers"] = "Retry-After"


def preflight(request: HttpRequest) -> HttpResponse:
    """The answer to OPTIONS: what may be asked how; the origin is a matter of `sharing`."""
    response = HttpResponse(status=204, headers={"Allow": METHODS})
    if settings.GRAPHQL_ORIGINS and "Access-Control-Request-Method" in request.headers:
        response["Access-Control-Allow-Methods"] = METHODS
        response["Access-Control-Allow-Headers"] = (
            "authorization, content-type, accept-language, loyalty-session"
        )
        response["Access-Control-Max-Age"] = str(_DAY)
    return response
