"""Says to a load balancer whether this process can work, and to nobody anything else: no body, no version, no reason.

With the key of the settings a monitor gets the codes of what is wrong, as the doctor knows them, and no facts.
"""

from __future__ import annotations

from typing import Final

from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.queries.health import health
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.manifest import wanted

_BEARER: Final = "Bearer "


@transaction.non_atomic_requests
@never_cache
@require_safe
def view(request: HttpRequest) -> HttpResponse:
    """204 where the database answers, 503 where it does not; with the key 200 or 503 and the codes."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _may_know(request):
            return HttpResponse(status=204)
        found = health(SYSTEM, now=ports.clock.now(), permissions=wanted().keys())
    except DatabaseError:
        return HttpResponse(status=503)
    broken = sorted({one.code for one in found if one.level == "error"})
    warnings = sorted({one.code for one in found if one.level == "warning"})
    return JsonResponse({"errors": broken, "warnings": warnings}, status=503 if broken else 200)


def _may_know(request: HttpRequest) -> bool:
    key = settings.HEALTH_KEY
    given = request.META.get("HTTP_AUTHORIZATION", "")
    return bool(key) and given.startswith(_BEARER) and constant_time_compare(given[len(_BEARER) :], key)
