"""Makes the stamp card an app, so that its loyalty_extension.py is found; does nothing else."""

from django.apps import AppConfig


class StampCardConfig(AppConfig):
    """Named in INSTALLED_APPS, and that is all it takes."""

    name = "sandbox.stamp_card"
    label = "stamp_card"
    verbose_name = "Stamp card"
