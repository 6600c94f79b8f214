"""The addresses Saleor knows: manifest, handshake, events. Parses, calls, translates; stores nothing itself."""

from __future__ import annotations

import json
import logging
from typing import Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils.translation import gettext as _
from ninja import NinjaAPI

from loyalty_plugin.conf import settings
from loyalty_plugin.errors import HandshakeRefused, SignatureRefused, TryLater
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor import manifest
from loyalty_plugin.saleor.obstacles import DOOR
from loyalty_plugin.webhooks import answers, intake, nudging

_log = logging.getLogger(__name__)
_MAX_HANDSHAKE: Final = 4096
_SECRET: Final = "HTTP_" + manifest.SECRET_HEADER.upper().replace("-", "_")

api = NinjaAPI(title="Saleor App", urls_namespace="saleor", docs_url=None, openapi_url=None)


@api.get("/manifest", url_name="manifest")
def get_manifest(request: HttpRequest) -> HttpResponse:
    """The App's manifest, for Saleor to read when a merchant installs it."""
    site = settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
    namespace = request.resolver_match.namespace if request.resolver_match else ""
    return JsonResponse(
        manifest.build(
            register_url=site + reverse(f"{namespace}:register"),
            webhook_url=site + reverse(f"{namespace}:events"),
        )
    )


@api.post("/register", url_name="register")
def register(request: HttpRequest) -> HttpResponse:
    """Saleor's install handshake: `{"auth_token": …}`, unsigned. What we answer is shown to the merchant."""
    try:
        ports.connection.accept(
            request.META.get("HTTP_SALEOR_API_URL", ""), _auth_token(request), now=ports.clock.now()
        )
    except HandshakeRefused as refusal:
        return _told(403, _refusal(str(refusal.details.get("reason"))))
    except TryLater:
        return _told(
            503, _("The shop could not reach this Saleor to confirm the installation. Please try again.")
        )
    except Exception:
        _log.exception("an install handshake failed")
        return _told(503, _("The shop could not complete the installation. Please try again."))
    return JsonResponse({"success": True})


@api.post("/events", url_name="events")
def events(request: HttpRequest) -> HttpResponse:
    """One delivery. 202: an event is kept; 200: a question is answered; 401: not ours; 503: come again.

    A question about a payment that is not believed is answered by a refusal: any failure would have it put once more
    with an empty body.

    Refusals tell nothing else. The header says that it was us who answered, and not something that stands before us.
    """
    taken = _taken(request)
    if isinstance(taken, int):
        told = answers.refusal(request.META.get("HTTP_SALEOR_EVENT", ""))
        if told is not None:
            return JsonResponse(told, headers={DOOR: "events"})
        return HttpResponse(status=taken, headers={DOOR: "events"})
    return taken


def _taken(request: HttpRequest) -> int | HttpResponse:
    try:
        if _length(request) > intake.MAX_BODY:
            raise SignatureRefused(reason="too_large")
        # Only headers without the X: those with it a webhook's custom headers may overwrite.
        delivery = intake.believe(
            intake.Envelope(
                api_url=request.META.get("HTTP_SALEOR_API_URL", ""),
                signature=request.META.get("HTTP_SALEOR_SIGNATURE", ""),
                secret=request.META.get(_SECRET, ""),
                body=request.body,
            )
        )
        now = ports.clock.now()
        if delivery.event["__typename"] in answers.ANSWERS:
            told = answers.answer(delivery.ours.api_url, delivery.event, now)
            return JsonResponse(told, safe=False, headers={DOOR: "events"})
        new = intake.keep(delivery, now=now)
    except SignatureRefused as refusal:
        _log.warning("a delivery was refused: %s", refusal.details.get("reason"))
        return 401
    except TryLater as delay:
        _log.info("a delivery was put off: %s", delay.details.get("reason"))
        return 503
    except Exception:
        _log.exception("a delivery could not be kept")
        return 503
    if new:
        nudging.nudge()
    return 202


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _auth_token(request: HttpRequest) -> str:
    if _length(request) > _MAX_HANDSHAKE:
        raise HandshakeRefused(reason="token")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise HandshakeRefused(reason="token") from error
    token = body.get("auth_token") if isinstance(body, dict) else None
    return token if isinstance(token, str) else ""


def _refusal(reason: str) -> str:
    if reason == "not_listed":
        return _("This shop does not expect installations from this Saleor (setting SALEOR_API_URLS).")
    if reason == "not_confirmed":
        return _("Saleor did not confirm the App's token. Install it with activation.")
    return _("The shop refused the installation.")


def _told(status: int, message: str) -> HttpResponse:
    return JsonResponse({"error": {"message": message}}, status=status)


def _outside_transactions(patterns: list[URLResolver | URLPattern]) -> list[URLResolver | URLPattern]:
    """The same patterns, out of reach of ATOMIC_REQUESTS.

    Evidence must survive whatever fails after it, and a handshake calls out, which no transaction may wait for.
    Decorating the operations would do nothing: Django looks at the callback of the url.
    """
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = transaction.non_atomic_requests(pattern.callback)
    return patterns


_patterns, _app, _namespace = api.urls
urls = (_outside_transactions(_patterns), _app, _namespace)
