"""The tests' host project as processes of its own: its Saleor, its address and its database come by the environment."""

import os

from sandbox.postgres import django_database
from tests.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.live.parcels"]  # noqa: F405
SECRET_KEY = os.environ["SECRET_KEY"]
DATABASES = {"default": django_database(os.environ["DATABASE_URL"])}
LOYALTY = {
    "SALEOR_API_URLS": (os.environ["LIVE_SALEOR"],),
    "PUBLIC_URL": os.environ["LIVE_PUBLIC_URL"],
    "PAYMENTS": True,
}
PROCRASTINATE_ON_APP_READY = "tests.live.schedule.by_hand"
WAGTAILADMIN_BASE_URL = os.environ["LIVE_PUBLIC_URL"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
