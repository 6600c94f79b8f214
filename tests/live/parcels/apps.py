"""Makes the parcels an app of the host, so that its loyalty_extension.py is found; does nothing else."""

from django.apps import AppConfig


class ParcelsConfig(AppConfig):
    """Named in the INSTALLED_APPS of the scenarios' host."""

    name = "tests.live.parcels"
    label = "live_parcels"
    verbose_name = "Parcels"
