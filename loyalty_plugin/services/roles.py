"""Creates the roles out of the box after migrate; never overwrites what a shop has changed."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission

from loyalty_plugin.models.staff import RoleLimit
from loyalty_plugin.policies import PAST_LIMITS, POINT_LIMITS, REFUND_LIMITS, ROLES

#: Groups are shared with the host, so ours carry a name of their own.
PREFIX = "Loyalty: "


def create_roles(**_kwargs: Any) -> None:
    """Groups with their permissions, and default limits, for roles that are not there yet."""
    from django.apps import apps
    from django.contrib.auth.management import create_permissions

    if not Permission.objects.filter(
        content_type__app_label="loyalty_plugin", codename="adjust_points"
    ).exists():
        create_permissions(apps.get_app_config("loyalty_plugin"), verbosity=0)
    access = Permission.objects.filter(
        content_type__app_label="wagtailadmin", codename="access_admin"
    ).first()
    for role, operations in ROLES.items():
        group, created = Group.objects.get_or_create(name=f"{PREFIX}{role}")
        if created:
            permissions = Permission.objects.filter(
                content_type__app_label="loyalty_plugin", codename__in=[op.value for op in operations]
            )
            group.permissions.set([*permissions, *([access] if access else [])])
    known = (
        ("points.adjust", POINT_LIMITS),
        ("points.past", PAST_LIMITS),
        ("incident.refund", REFUND_LIMITS),
    )
    for operation, limits in known:
        for role, (once, daily) in limits.items():
            RoleLimit.objects.get_or_create(
                role=role, operation=operation, defaults={"once": once, "daily": daily}
            )
