"""Checks of the project around us: its apps, and whether an event sent by Saleor reaches us; they mend nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.conf import global_settings
from django.conf import settings as django_settings
from django.urls import NoReverseMatch, Resolver404, URLResolver, get_resolver, resolve, reverse
from django.urls.resolvers import LocalePrefixPattern
from django.utils import translation

from loyalty_plugin.checks.messages import Message, message

#: Where Saleor sends its events.
EVENTS_URL: Final = "loyalty:saleor:events"
NEEDED_APPS: Final = (
    "wagtail",
    "wagtail.admin",
    "wagtail.users",
    "django.contrib.auth",
    "django.contrib.contenttypes",
)


def check_apps(app_configs: Any = None, **_: Any) -> list[Message]:
    """The apps beside us, and the time zone switch they all live by."""
    found = []
    if not apps.is_installed("django.contrib.postgres"):
        found.append(message("E003"))
    if not apps.is_installed("procrastinate.contrib.django"):
        found.append(message("E004"))
    missing = [name for name in NEEDED_APPS if not apps.is_installed(name)]
    if missing:
        found.append(message("E005", apps=", ".join(missing)))
    if not django_settings.USE_TZ:
        found.append(message("E006"))
    if apps.is_installed("modelsearch") and apps.is_installed("wagtail.search"):
        found.append(message("E011"))
    factor = [] if apps.is_installed("django_otp") else ["the app 'django_otp'"]
    if "django_otp.middleware.OTPMiddleware" not in django_settings.MIDDLEWARE:
        factor.append("'django_otp.middleware.OTPMiddleware'")
    if factor:
        found.append(message("W005", missing=" and ".join(factor)))
    return found


def check_urls(app_configs: Any = None, **_: Any) -> list[Message]:
    """Whether an event sent by Saleor reaches us, whatever the language and whatever else is mounted."""
    urlconf = getattr(django_settings, "ROOT_URLCONF", None)
    if not urlconf:
        return [message("E007", urlconf="ROOT_URLCONF")]
    try:
        paths = set(_paths())
    except NoReverseMatch:
        return [message("E007", urlconf=urlconf)]
    if len(paths) > 1 or _under_language_prefix():
        return [message("E008")]
    (path,) = paths
    try:
        match = resolve(path)
    except Resolver404:
        return [message("E009", path=path, answers="nothing", urlconf=urlconf)]
    if match.app_names[:1] != ["loyalty"]:
        view = f"{match.func.__module__}.{getattr(match.func, '__qualname__', type(match.func).__name__)}"
        return [message("E009", path=path, answers=match.view_name or view, urlconf=urlconf)]
    return []


def _paths() -> Iterator[str]:
    languages = [code for code, _name in django_settings.LANGUAGES]
    if not django_settings.USE_I18N or languages == [code for code, _name in global_settings.LANGUAGES]:
        # The project has chosen none, and all hundred of Django's would take seconds to load.
        languages = [django_settings.LANGUAGE_CODE]
    for language in languages:
        with translation.override(language):
            yield reverse(EVENTS_URL)


def _under_language_prefix() -> bool:
    return any(
        isinstance(one, URLResolver)
        and isinstance(one.pattern, LocalePrefixPattern)
        and "loyalty" in one.app_dict
        for one in get_resolver().url_patterns
    )
