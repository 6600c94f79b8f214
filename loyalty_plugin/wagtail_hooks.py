"""Hangs the back office into Wagtail; decides nothing."""

from __future__ import annotations

from wagtail import hooks

from loyalty_plugin.admin.menu import Membership


@hooks.register("register_admin_viewset")
def register_membership() -> Membership:
    """The submenu with its pages."""
    return Membership()
