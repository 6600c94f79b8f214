"""Wires the house: binds the ports, lets every installed app register its extensions; does nothing else at start."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class LoyaltyConfig(AppConfig):
    """The one app of the plugin."""

    name = "loyalty_plugin"
    label = "loyalty_plugin"
    verbose_name = _("Membership")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from loyalty_plugin import checks
        from loyalty_plugin.conf import SystemClock
        from loyalty_plugin.registry import bind, ports
        from loyalty_plugin.services.roles import create_roles

        if not ports.bound("clock"):
            bind(clock=SystemClock())
        _bind_saleor()
        autodiscover_modules("loyalty_extension")
        checks.register()
        post_migrate.connect(create_roles, sender=self, dispatch_uid="loyalty_plugin.create_roles")


def _bind_saleor() -> None:
    """The shop's commerce side is Saleor, unless a host bound something else before."""
    from loyalty_plugin.registry import bind, ports
    from loyalty_plugin.saleor.executors import SaleorDelivery
    from loyalty_plugin.saleor.goods import SaleorCatalogue
    from loyalty_plugin.saleor.install import SaleorConnection
    from loyalty_plugin.saleor.storefront import SaleorStorefront

    if not ports.bound("storefront"):
        bind(storefront=SaleorStorefront())
    if not ports.bound("connection"):
        bind(connection=SaleorConnection())
    if not ports.bound("delivery"):
        bind(delivery=SaleorDelivery())
    if not ports.bound("catalogue"):
        bind(catalogue=SaleorCatalogue())
