"""What the checks say, by number: what is wrong and what to do about it; they find nothing here."""

from __future__ import annotations

from typing import Final

from django.core import checks

_MOUNT: Final = 'path("loyalty/", include("loyalty_plugin.urls"))'
#: Number to what is wrong and what to do about it.
MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "E001": (
        "The default database is {engine}, not PostgreSQL.",
        "Points are money: they are kept by PostgreSQL's own guards. Set DATABASES['default'] to PostgreSQL 15 or newer.",
    ),
    "E002": (
        "The default database is PostgreSQL {found}, older than 15.",
        "Upgrade the server to PostgreSQL 15 or newer.",
    ),
    "E003": (
        "'django.contrib.postgres' is not in INSTALLED_APPS.",
        "Add it; it registers PostgreSQL's own types and searches.",
    ),
    "E004": (
        "'procrastinate.contrib.django' is not in INSTALLED_APPS.",
        "Add it: it holds the queue of jobs. Then migrate, and run a worker or loyalty_tick.",
    ),
    "E005": (
        "These apps are not in INSTALLED_APPS: {apps}.",
        "Add them: the back office lives in Wagtail's. See the Wagtail documentation on adding it to a project.",
    ),
    "E006": (
        "USE_TZ is False.",
        "Set USE_TZ = True: points ripen and expire at instants that must not be ambiguous.",
    ),
    "E007": (
        "The plugin's addresses are not mounted.",
        f"Add {_MOUNT} to the list in {{urlconf}}, above Wagtail's own.",
    ),
    "E008": (
        "The address Saleor sends its events to changes with the language.",
        f"Move {_MOUNT} out of i18n_patterns: Saleor would be redirected, and never repeats what was redirected.",
    ),
    "E009": (
        "Requests to {path}, where Saleor sends its events, are answered by {answers}.",
        f"Move {_MOUNT} up in {{urlconf}}, above Wagtail's catch-all and whatever else begins with the same path.",
    ),
    "E010": (
        "LOYALTY['SALEOR_API_URLS'] is not a list of API URLs: {found}.",
        "Write it as a list of full URLs that end in /graphql/, e.g. [\"https://saleor.example/graphql/\"].",
    ),
    "E011": (
        "'modelsearch' is in INSTALLED_APPS beside 'wagtail.search'.",
        "Remove 'modelsearch': wagtail.search is that very app, and every search fails where it finds two.",
    ),
    "E012": (
        "LOYALTY['PUBLIC_URL'] is not the URL of a site: {found}.",
        "Write scheme and host without a trailing slash, e.g. \"https://shop.example\".",
    ),
    "E013": (
        "LOYALTY has settings that do not exist: {names}.",
        "Look for a slip of the pen; the settings there are stand in docs/settings.md.",
    ),
    "E014": (
        "A key in LOYALTY['ENCRYPTION_KEYS'] is not a Fernet key.",
        "Make one: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
    ),
    "E015": (
        "LOYALTY['CARD_DESIGN'] names '{code}', which no installed app registers.",
        "Choose one of these, or install the app it comes from: {known}.",
    ),
    "E016": (
        "Version {version} of programme '{programme}', in force or to come, can't ask '{extension}' ({id}): {why}.",
        "Install the app it comes from again, or publish a version without it. Until then it gives nothing.",
    ),
    "W001": (
        "LOYALTY['SALEOR_API_URLS'] is empty: no Saleor may install the plugin.",
        "Name the API URL of your Saleor there.",
    ),
    "W002": (
        "LOYALTY['PUBLIC_URL'] is empty.",
        "Set it to the URL at which Saleor reaches this site; till then it is taken from each request.",
    ),
    "W003": (
        "LOYALTY['PUBLIC_URL'] is not https: {found}.",
        "Use https: our own secret goes over that line with every event.",
    ),
    "W004": (
        "Version {version} of programme '{programme}', no longer in force, can't ask '{extension}' ({id}): {why}.",
        "Late events of that time earn nothing by it. Install the app it came from again if that matters.",
    ),
    "W005": (
        "django-otp is not set up: {missing}.",
        "Add it to INSTALLED_APPS or MIDDLEWARE, so that staff can show a second factor.",
    ),
    "W006": (
        "LOYALTY['ENCRYPTION_KEYS'] is empty: tokens and card keys are encrypted under SECRET_KEY.",
        "Set keys of their own, so that SECRET_KEY can be changed without losing them.",
    ),
}  # fmt: skip

Message = checks.CheckMessage


def message(number: str, **facts: object) -> Message:
    """The message of this number about these facts: an error (E…) or a warning (W…)."""
    text, hint = (part.format(**facts) for part in MESSAGES[number])
    kind = checks.Error if number.startswith("E") else checks.Warning
    return kind(text, hint=hint, id=f"loyalty_plugin.{number}")
