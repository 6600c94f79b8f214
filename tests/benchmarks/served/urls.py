"""The plugin's doors beside their peers: a bare view that takes signed webhooks, and one that only says hello."""

from __future__ import annotations

import json
import os

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import timezone
from jwt import PyJWK
from jwt.api_jws import PyJWS
from ninja import NinjaAPI

from tests.benchmarks.served.perks import register

_jws = PyJWS()
_key = PyJWK(json.loads(os.environ["BENCH_JWK"])).key
peer = NinjaAPI(urls_namespace="peer", docs_url=None, openapi_url=None)


@peer.post("/events")
def events(request: HttpRequest) -> HttpResponse:
    """The same signature and one INSERT; whose it is, what it is and whether it came before, nobody asks."""
    signature = request.META["HTTP_SALEOR_SIGNATURE"]
    _jws.decode(signature, _key, algorithms=["RS256"], detached_payload=request.body)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_event (body, received_at) VALUES (%s, %s)", [request.body, timezone.now()]
        )
    return HttpResponse(status=202)


@peer.post("/hello")
def hello(request: HttpRequest) -> list[str]:
    """As little as a view can do."""
    return []


register()
urlpatterns = [path("loyalty/", include("loyalty_plugin.urls")), path("peer/", peer.urls)]
