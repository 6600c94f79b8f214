"""Holds the ten lines a host project needs and prints them, also before it is a host; changes no file.

`loyalty_doctor --settings` works as a command of its own as soon as the package is installed, and as
`manage.py loyalty_doctor --settings` afterwards.
"""

from __future__ import annotations

import sys
from typing import Final

SETTINGS: Final = """\
INSTALLED_APPS += ["loyalty_plugin", "procrastinate.contrib.django", "django.contrib.postgres", "django_otp"]
MIDDLEWARE += ["django_otp.middleware.OTPMiddleware"]
LOYALTY = {
    "SALEOR_API_URLS": ["https://YOUR-SALEOR/graphql/"],
    "PUBLIC_URL": "https://YOUR-SHOP",
}
"""
URLS: Final = """\
from django.urls import include, path
urlpatterns.insert(0, path("loyalty/", include("loyalty_plugin.urls")))
"""
LINES: Final = f"# settings.py, at the end\n{SETTINGS}# urls.py, at the end\n{URLS}"


def main() -> None:
    """The command `loyalty_doctor`: prints the lines, or says how to examine a project."""
    if sys.argv[1:] == ["--settings"]:
        sys.stdout.write(LINES)
        return
    sys.exit(
        "loyalty_doctor --settings prints the lines a project needs. "
        "To examine a project that has them: python manage.py loyalty_doctor"
    )
