"""Names the shop to Django; decides nothing."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "sandbox.shop"
    label = "shop"
    default_auto_field = "django.db.models.BigAutoField"
