"""Incidents as staff may see them, and how many wait; acts on none."""

from __future__ import annotations

from django.db.models import Count, Min, Q, QuerySet

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.troubles import Trouble


def incidents(actor: Actor) -> QuerySet[Incident]:
    """Those of the channels the actor works in, with realm, member and people. Raises PermissionDenied."""
    require(actor, Operation.VIEW_INCIDENTS)
    rows = Incident.objects.select_related("realm", "member", "acted_by", "closed_by", "change")
    channels = {scope.channel for scope in actor.scopes}
    return rows if not channels or "" in channels else rows.filter(channel__in=channels)


def waiting(actor: Actor) -> int:
    """How many of them are open. One short query. Raises PermissionDenied."""
    return incidents(actor).filter(status=Incident.Status.OPEN).order_by().count()


def incident_troubles() -> list[Trouble]:
    """One finding for each Saleor with open incidents. One query."""
    rows = (
        Incident.objects.filter(status=Incident.Status.OPEN)
        .order_by()
        .values("realm__api_url")
        .annotate(n=Count("pk"), first=Min("found_at"))
    )
    return [
        Trouble(
            "incidents_open",
            "warning",
            {"saleor": row["realm__api_url"], "count": row["n"], "since": row["first"].date().isoformat()},
        )
        for row in rows
    ]


def quote_troubles() -> list[Trouble]:
    """One finding for each Saleor and reason with promised prices that could not be quoted again. One query."""
    status = PricePromise.Status
    rows = (
        PricePromise.objects.filter(status__in=(status.PROMISED, status.APPLIED), quote_tries__gt=1)
        .order_by("realm__api_url", "quote_fault")
        .values("realm__api_url", "quote_fault")
        .annotate(n=Count("checkout_id", distinct=True), ended=Count("pk", filter=Q(quote_due=None)))
    )
    return [
        Trouble(
            "quotes_refused",
            "warning",
            {
                "saleor": row["realm__api_url"],
                "why": row["quote_fault"],
                "count": row["n"],
                "ended": row["ended"],
            },
        )
        for row in rows
    ]
