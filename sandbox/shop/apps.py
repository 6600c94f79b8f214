"""Names the shop to Django and gives the plugin the demonstration's clock; decides nothing."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "sandbox.shop"
    label = "shop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Before the plugin's own ready(), which takes the machine's clock when none is bound.
        from loyalty_plugin.registry import bind
        from sandbox.clock import SharedRowClock

        bind(clock=SharedRowClock())
