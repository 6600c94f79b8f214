"""Who a staff account is: the human, their roles and scopes, their limits and what they used of them today."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from loyalty_plugin.domain.actors import Actor, ActorKind, Scope, SecondFactor
from loyalty_plugin.domain.limits import Limit, widest
from loyalty_plugin.domain.lots import day_start, local_day
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.staff import Person, RoleLimit, RoleScope
from loyalty_plugin.policies import Operation


def staff_actor(user: Any, *, via: str, now: datetime, second_factor: SecondFactor | None = None) -> Actor:
    """The actor behind a Django account. Permissions are the account's own; a superuser has them all."""
    permissions = {
        operation.value for operation in Operation if user.has_perm(f"loyalty_plugin.{operation.value}")
    }
    person = Person.objects.filter(user=user).first()
    scopes: tuple[Scope, ...] = ()
    if person is not None:
        today = now.date()
        rows = RoleScope.objects.filter(
            Q(from_day__isnull=True) | Q(from_day__lte=today),
            Q(until_day__isnull=True) | Q(until_day__gte=today),
            person=person,
        )
        scopes = tuple(Scope(row.role, row.channel) for row in rows)
    return Actor(
        ActorKind.STAFF,
        f"user:{user.pk}",
        frozenset(permissions),
        scopes,
        second_factor,
        via,
        person.pk if person else None,
        person.member_id if person else None,
    )


def limit_of(actor: Actor, operation: str) -> Limit:
    """The widest limit of the actor's roles for an operation; without any role, nothing."""
    roles = {scope.role for scope in actor.scopes}
    rows = RoleLimit.objects.filter(role__in=roles, operation=operation)
    return widest([Limit(row.once, row.daily, row.may_request) for row in rows])


def used_today(person_id: int, operation: str, timezone: str, now: datetime) -> int:
    """How much a person did alone today, in points or minor units, whatever the sign."""
    zone = ZoneInfo(timezone)
    since = day_start(local_day(now, zone), zone)
    details = AuditRecord.objects.filter(
        person_id=person_id, operation=operation, outcome="posted", at__gte=since
    ).values_list("detail", flat=True)
    return sum(abs(int(detail.get("amount", 0))) for detail in details)
